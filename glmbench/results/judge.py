"""From what was observed and checked to a status, and from statuses to an exit code. Pure."""

from __future__ import annotations

from collections import Counter
from enum import IntEnum
from typing import TYPE_CHECKING

from glmbench.cassettes.verdict import FAILING, Finding
from glmbench.checks.evaluate import expects
from glmbench.results.cases import group_cases
from glmbench.results.model import STATUSES, RunResult, Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.checks.evaluate import CheckResult
    from glmbench.measure.observation import Failure
    from glmbench.results.model import Status, TrialResult
    from glmbench.suites.expect import Expect


class Exit(IntEnum):
    """What the process says to its caller; the first that applies, in the order of `decide`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INVALID = 3
    GATE = 4
    PROVIDER = 5
    CASSETTE = 6
    UNMEASURED = 7
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


def judge(
    expect: Expect,
    failure: Failure | None,
    checks: Sequence[CheckResult],
    finding: Finding | None,
) -> Status:
    """Give a trial its status.

    A recording at fault, or an error that no case expects, says nothing about the expectations:
    it is `error`, never `failed` and never `passed`.
    """
    if finding is not None and finding.verdict in FAILING:
        return "error"
    if failure is not None and not expects(expect, failure):
        return "error"
    statuses = {check.status for check in checks}
    if "failed" in statuses:
        return "failed"
    return "unmeasured" if "unmeasured" in statuses else "passed"


def decide(result: RunResult) -> Exit:
    """Choose the exit code of a run, in the order 130 6 1 5 4 7 0 of the documented table."""
    if result.interrupted or any(trial.status == "interrupted" for trial in result.trials):
        return Exit.INTERRUPTED
    if result.leaks or any(trial.cassette_failed for trial in result.trials):
        return Exit.CASSETTE
    statuses = {trial.status for trial in decisive(result.trials)}
    gates = {
        gate.status
        for gate in result.gates
        if gate.severity == "error" or (result.strict and gate.status == "failed")
    }
    if "failed" in statuses or (result.strict and result.warnings):
        return Exit.FAILED
    if "error" in statuses:
        return Exit.PROVIDER
    if "failed" in gates or result.regressions:
        return Exit.GATE
    if result.uncompared or statuses <= {"skipped"} or "unmeasured" in statuses | gates:
        return Exit.UNMEASURED
    return Exit.OK


def decisive(trials: Sequence[TrialResult]) -> list[TrialResult]:
    """Leave out the repeats that a flaky case can do without."""
    flaky = {(c.suite, c.case, c.model) for c in group_cases(trials) if c.status == "flaky"}
    return [
        trial
        for trial in trials
        if trial.status == "passed" or (trial.suite, trial.case, trial.model) not in flaky
    ]


def summarize(result: RunResult) -> Summary:
    """Count trials by status and verdict; every status is there, also with 0."""
    statuses = Counter(trial.status for trial in result.trials)
    verdicts = Counter(trial.cassette.verdict for trial in result.trials if trial.cassette)
    return Summary(
        trials=len(result.trials),
        statuses={status: statuses[status] for status in STATUSES},
        verdicts=dict(sorted(verdicts.items())),
        exit_code=decide(result),
    )
