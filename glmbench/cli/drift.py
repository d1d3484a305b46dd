"""`glmbench drift`."""

from __future__ import annotations

from pathlib import Path

import click

from glmbench.cli.options import add, case_option, connect_to_option, host_and_port, suites_argument
from glmbench.cli.output import print_text


@click.command()
@add(suites_argument(), case_option, connect_to_option)
def drift(suites: tuple[str, ...], cases: tuple[str, ...], connect_to: str | None) -> int:
    """Ask the service again and compare with what is recorded.

    Every case is recorded anew into a folder that is gone afterwards; the suite's own cassettes
    stay as they are. Exits with 4 when the shape of frames, a finish reason, a status or the
    headers changed.
    """
    import os
    import sys

    from glmbench.cli.progress import choose_progress, say_draining, show_progress
    from glmbench.inspection.drift import find_drift
    from glmbench.report.drift import render_drift
    from glmbench.running.plan import Request, load_plan
    from glmbench.running.selection import Selection, select

    request = Request(mode="refresh", environ=os.environ)
    plan = select(load_plan([Path(suite) for suite in suites], request), Selection(cases=cases))
    total = sum(len(suite.trials) for suite in plan.suites)
    kind = choose_progress(sys.stderr, os.environ, takes_time=True)
    with show_progress(kind, total, several_suites=len(plan.suites) > 1) as on_trial:
        report = find_drift(
            plan,
            connect_to=host_and_port(connect_to),
            on_trial=on_trial,
            on_drain=say_draining,
        )
    print_text(render_drift(report))
    return int(report.exit_code)
