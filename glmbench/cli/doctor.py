"""`glmbench doctor`."""

from __future__ import annotations

import click

from glmbench.cli.output import print_text


@click.command()
def doctor() -> int:
    """Show what is installed and set, and how well this machine measures.

    For about two seconds an emulator on 127.0.0.1 is asked as a service would be, and what was
    measured is compared with what it wrote; nothing goes further than that. Of keys it says
    whether they are set, never what they are.
    """
    import os

    from glmbench.inspection.doctor import diagnose
    from glmbench.report.doctor import render_diagnosis

    print_text("Measuring on 127.0.0.1 for about two seconds ...\n", err=True)
    diagnosis = diagnose(os.environ)
    print_text(render_diagnosis(diagnosis))
    return int(diagnosis.exit_code)
