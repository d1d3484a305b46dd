"""Ask again what is recorded, and compare: has the service changed since.

The new recordings go into a folder that is gone afterwards; those of the suite stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from glmbench.cassettes.store import load
from glmbench.errors import CassetteDamagedError, UsageError
from glmbench.inspection.compare import Comparison, compare
from glmbench.inspection.inventory import open_cassette
from glmbench.results.judge import Exit
from glmbench.running.runner import run_suites
from glmbench.running.stage import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from glmbench.cassettes.interaction import Interaction
    from glmbench.results.model import RunResult, TrialResult
    from glmbench.running.plan import Plan, SuitePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What came of one trial: a comparison, or why there is none."""

    name: str
    comparison: Comparison | None = None
    unrecorded: str | None = None
    """What is wrong with the suite's own recording."""
    unanswered: str | None = None
    """Why there was nothing new to compare with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """The drift of every trial that was asked again, in the order of the plan."""

    drifts: tuple[Drift, ...]
    interrupted: bool = False

    @property
    def exit_code(self) -> Exit:
        if self.interrupted:
            return Exit.INTERRUPTED
        if any(drift.unrecorded for drift in self.drifts):
            return Exit.CASSETTE
        if any(drift.unanswered for drift in self.drifts):
            return Exit.PROVIDER
        if any(drift.comparison and drift.comparison.drifted for drift in self.drifts):
            return Exit.GATE
        return Exit.OK if self.drifts else Exit.UNMEASURED


def find_drift(
    plan: Plan,
    *,
    connect_to: tuple[str, int] | None = None,
    on_trial: Callable[[TrialResult], None] = lambda _: None,
    on_drain: Callable[[int], None] = lambda _: None,
) -> DriftReport:
    """Record every trial of the plan that has cassettes, and compare with what is there."""
    with TemporaryDirectory(prefix="glmbench-drift-") as folder:
        # One folder for each suite: two may call their cases the same.
        pairs = [
            (suite, _elsewhere(suite, Path(folder) / str(number)))
            for number, suite in enumerate(plan.suites)
            if suite.suite.cassettes is not None
        ]
        # An answer that is not as expected is the very thing to compare.
        settings = Settings(mode="refresh", force=True, connect_to=connect_to)
        result = run_suites(
            [moved for _, moved in pairs], settings, {}, on_trial, on_drain=on_drain
        )
        drifts = [drift for old, new in pairs for drift in _drifts(old, new, result)]
    return DriftReport(drifts=tuple(drifts), interrupted=result.interrupted)


def _elsewhere(plan: SuitePlan, folder: Path) -> SuitePlan:
    assert plan.suite.cassettes is not None
    cassettes = replace(plan.suite.cassettes, dir=str(folder))
    return replace(plan, suite=replace(plan.suite, cassettes=cassettes))


def _drifts(old: SuitePlan, new: SuitePlan, result: RunResult) -> list[Drift]:
    rows = {row.id: row for row in result.trials if row.suite == old.suite.name}
    drifts = []
    for trial in old.trials:
        row = rows.get(trial.id)
        if row is None:
            continue  # interrupted before it
        base, head = old.cassette_path(trial), new.cassette_path(trial)
        assert base is not None
        assert head is not None
        drifts.append(_drift(row, old.cassette_name(trial), base, head))
    return drifts


def _drift(row: TrialResult, name: str, base: Path, head: Path) -> Drift:
    try:
        before = open_cassette(base, name)
    except UsageError as problem:
        return Drift(name=row.full_id, unrecorded=f"{problem}: record it first")
    except CassetteDamagedError as damage:
        return Drift(name=row.full_id, unrecorded=str(damage))
    after = _recorded(head)
    if after is None:
        return Drift(name=row.full_id, unanswered=_why_not(row))
    return Drift(name=row.full_id, comparison=compare(before, after))


def _recorded(path: Path) -> tuple[Interaction, ...] | None:
    return load(path) if path.exists() else None


def _why_not(row: TrialResult) -> str:
    if row.error is not None:
        return f"{row.error.type}: {row.error.message}".removesuffix(": ")
    reason = row.cassette.reason if row.cassette else None
    return reason or "nothing was recorded"
