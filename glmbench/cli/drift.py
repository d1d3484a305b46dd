"""`glmbench drift`."""

from __future__ import annotations

from pathlib import Path

import click

from glmbench.cli.output import print_text, progress_of
from glmbench.cli.run import host_and_port


@click.command()
@click.argument("suites", nargs=-1, required=True, metavar="SUITE...")
@click.option(
    "--case", "cases", multiple=True, metavar="ID", help="Ask only this case; repeatable."
)
@click.option(
    "--connect-to",
    metavar="HOST:PORT",
    help="Send the requests there in plain HTTP, whatever their URL says.",
)
def drift(suites: tuple[str, ...], cases: tuple[str, ...], connect_to: str | None) -> int:
    """Ask the service again and compare with what is recorded.

    Every case is recorded anew into a folder that is gone afterwards; the suite's own cassettes
    stay as they are. Exits with 4 when the shape of frames, a finish reason, a status or the
    headers changed.
    """
    from glmbench.inspection.drift import find_drift
    from glmbench.report.drift import render_drift
    from glmbench.running.plan import load_plan, select

    plan = select(load_plan([Path(suite) for suite in suites]), cases)
    report = find_drift(plan, connect_to=host_and_port(connect_to), on_trial=progress_of(plan))
    print_text(render_drift(report))
    return int(report.exit_code)
