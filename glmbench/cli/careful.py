"""What `glmbench smoke` does before it spends anybody's money."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from glmbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.running.plan import Plan, SuitePlan
    from glmbench.running.stage import Settings
    from glmbench.suites.expand import Trial

SMOKE = "smoke"

# Without a profile of the suite's own: enough to see that the service answers.
CAREFUL: Mapping[str, Any] = {
    "mode": "live",
    "concurrency": 1,
    "rate": "10/m",
    "max_requests": 20,
    "timeout": "2min",
}


def with_careful_profile(options: Mapping[str, Any]) -> dict[str, Any]:
    """Choose the profile `smoke`, or careful words where a suite has none."""
    from pathlib import Path

    from glmbench.suites.load import load_suite

    loaded = [load_suite(Path(suite)).suite for suite in options["suites"]]
    if options["profile"] is None and all(suite and SMOKE in suite.profiles for suite in loaded):
        return {**options, "profile": SMOKE}
    given = {name: value for name, value in options.items() if value is not None}
    careful = {} if options["profile"] is not None else CAREFUL
    return {**options, **careful, **given}


def ask(plan: Plan, settings: Mapping[str, Settings], *, yes: bool) -> None:
    """Say how many requests there will be, and get a yes.

    Raises:
        UsageError: there is nobody to ask, or the answer was no.
    """
    click.echo("\n".join(_plan_of(own, settings[own.suite.name]) for own in plan.suites), err=True)
    if yes or not any(_requests(own, settings[own.suite.name]) for own in plan.suites):
        return
    if not sys.stdin.isatty():
        raise UsageError("smoke makes real requests: confirm with --yes")
    if not click.confirm("Go on?", err=True):
        raise UsageError("nothing was asked")


def _plan_of(plan: SuitePlan, settings: Settings) -> str:
    from glmbench.report.numbers import count

    requests, most = _requests(plan, settings), settings.max_requests
    in_all = " in all" if "max_requests" in settings.of_run else ""
    capped = f", at most {most}{in_all}" if most is not None and most < requests else ""
    retries = f", each up to {count(settings.retries, 'time')} more" if settings.retries else ""
    where = f" through {':'.join(map(str, settings.connect_to))}" if settings.connect_to else ""
    return (
        f"{plan.suite.name}: {count(requests, 'request')}{capped}{retries} to "
        f"{plan.provider_name}{where}, mode {settings.mode}"
    )


def _requests(plan: SuitePlan, settings: Settings) -> int:
    """Count what the run would ask for; each turn is a request, and so is each of a warm-up."""
    turns = [len(trial.turns) for trial in plan.trials if _asks(plan, settings, trial)]
    return sum(turns) + settings.warmup * turns[0] if turns else 0


def _asks(plan: SuitePlan, settings: Settings, trial: Trial) -> bool:
    if trial.case.skip is not None or settings.mode == "replay":
        return False
    path = plan.cassette_path(trial)
    if settings.mode == "record":
        return path is None or not os.path.lexists(path)
    # A fault needs a recording: it is skipped without cassettes.
    return settings.mode == "refresh" or trial.case.fault is None
