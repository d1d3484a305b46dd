"""`glmbench cassette import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from glmbench.cli.output import print_text
from glmbench.errors import UsageError

if TYPE_CHECKING:
    from glmbench.running.plan import Plan, SuitePlan
    from glmbench.suites.expand import Trial


@click.command(name="import")
@click.argument("raw", type=click.Path(dir_okay=False, path_type=Path), metavar="RAW")
@click.argument("suite", type=click.Path(path_type=Path), metavar="SUITE")
@click.option("--case", "case", required=True, metavar="ID", help="The case it answers.")
def import_(raw: Path, suite: Path, case: str) -> None:
    """Make a saved stream the cassette of a case.

    RAW is Server-Sent Events as "curl -N" prints them. For times, let every line start with the
    seconds since the request and a blank, as "curl -N ... | ts -s %.s" does; without them the
    cassette has no timing. The request is the one that the suite's provider makes.
    """
    from glmbench.running.importing import import_stream
    from glmbench.running.interruption import Interruption
    from glmbench.running.plan import load_plan
    from glmbench.running.selection import Selection, select
    from glmbench.running.stage import Settings, make_stage

    plan, trial = _only_trial(select(load_plan([suite]), Selection(cases=(case,))))
    path = plan.cassette_path(trial)
    if path is None:
        raise UsageError(f"{suite} has no cassettes")
    try:
        data = raw.read_bytes()
    except OSError as error:
        raise UsageError(f"{raw} cannot be read: {error.strerror}") from None
    with Interruption() as interruption:
        row = import_stream(make_stage(plan, Settings(), interruption), trial, path, data)
    print_text(f"Imported {len(data)} bytes into {path}. Replayed, the case is {row.status}.\n")


def _only_trial(plan: Plan) -> tuple[SuitePlan, Trial]:
    trials = [(suite, trial) for suite in plan.suites for trial in suite.trials]
    if len(trials) > 1:
        raise UsageError("this case has several trials, and a stream is the answer of one")
    return trials[0]
