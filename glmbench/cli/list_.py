"""`glmbench list`, `glmbench validate` and `glmbench schema`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from glmbench.cli.options import add, suites_argument
from glmbench.cli.output import print_text

if TYPE_CHECKING:
    from glmbench.running.plan import SuitePlan


@click.command(name="list")
@add(suites_argument())
@click.option("--trials", is_flag=True, help="List every trial, not only the cases.")
def list_(suites: tuple[str, ...], *, trials: bool) -> None:
    """List the cases of suites and whether they are recorded."""
    from glmbench.report.listing import render_plan
    from glmbench.running.plan import load_plan

    plan = load_plan([Path(suite) for suite in suites])
    print_text(render_plan(plan, trials=trials))


@click.command()
@add(suites_argument())
def validate(suites: tuple[str, ...]) -> None:
    """Check suites as "run" does before its first request, and run nothing.

    Every problem is shown with its place, and the exit code is 3. What is not recorded is only a
    warning.
    """
    from glmbench.running.plan import load_plan

    for plan in load_plan([Path(suite) for suite in suites]).suites:
        print_text(_facts(plan))


def _facts(plan: SuitePlan) -> str:
    from glmbench.report.numbers import count

    missing = [t.id for t in plan.trials if not _is_recorded(plan.cassette_path(t))]
    cases, trials = count(len(plan.suite.cases), "case"), count(len(plan.trials), "trial")
    text = f"ok {plan.shown_path}: {cases}, {trials}\n"
    if missing:
        shown = ", ".join(missing[:3]) + (" ..." if len(missing) > 3 else "")
        text += f"  warning: not recorded: {len(missing)} of {len(plan.trials)} ({shown})\n"
    return text


def _is_recorded(path: Path | None) -> bool:
    # Not Path.exists: what may not be looked at is for the run to say.
    return path is None or os.path.lexists(path)


@click.command()
def schema() -> None:
    """Print the JSON Schema of suite files, for editors."""
    import json

    from glmbench.suites.schema import suite_schema

    print_text(json.dumps(suite_schema(), indent=2, ensure_ascii=False) + "\n")
