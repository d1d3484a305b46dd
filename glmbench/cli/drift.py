"""`glmbench drift`."""

from __future__ import annotations

from pathlib import Path

import click

from glmbench.cli.options import add, case_option, connect_to_option, host_and_port, suites_argument
from glmbench.cli.output import print_text, progress_of


@click.command()
@add(suites_argument(), case_option, connect_to_option)
def drift(suites: tuple[str, ...], cases: tuple[str, ...], connect_to: str | None) -> int:
    """Ask the service again and compare with what is recorded.

    Every case is recorded anew into a folder that is gone afterwards; the suite's own cassettes
    stay as they are. Exits with 4 when the shape of frames, a finish reason, a status or the
    headers changed.
    """
    import os

    from glmbench.inspection.drift import find_drift
    from glmbench.report.drift import render_drift
    from glmbench.running.plan import Request, load_plan
    from glmbench.running.selection import Selection, select

    request = Request(mode="refresh", environ=os.environ)
    plan = select(load_plan([Path(suite) for suite in suites], request), Selection(cases=cases))
    report = find_drift(plan, connect_to=host_and_port(connect_to), on_trial=progress_of(plan))
    print_text(render_drift(report))
    return int(report.exit_code)
