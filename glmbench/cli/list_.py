"""`glmbench list`."""

from __future__ import annotations

from pathlib import Path

import click

from glmbench.cli.output import print_text


@click.command(name="list")
@click.argument("suites", nargs=-1, required=True, metavar="SUITE...")
def list_(suites: tuple[str, ...]) -> None:
    """List the cases of suites and whether they are recorded."""
    from glmbench.report.listing import render_plan
    from glmbench.running.plan import load_plan

    plan = load_plan([Path(suite) for suite in suites])
    print_text(render_plan(plan))
