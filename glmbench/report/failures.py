"""What did not pass, each with its place, what was expected, what came, and how to see it again."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from glmbench.problems import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from glmbench.checks.evaluate import CheckResult
    from glmbench.results.model import RunResult, SuiteInfo, TrialResult, TurnResult


def render_failures(result: RunResult) -> list[str]:
    """Draw every trial that did not pass, with its place and the command that repeats it."""
    suites = {suite.name: suite for suite in result.suites}
    return [
        _failure(trial, suites[trial.suite], result)
        for trial in result.trials
        if trial.status not in {"passed", "skipped"}
    ]


def _failure(trial: TrialResult, suite: SuiteInfo, result: RunResult) -> str:
    place = f"{suite.path}:{trial.line}"
    lines = [f"{trial.status.upper()} {printable(trial.id)}", f"  at {printable(place)}"]
    if trial.cassette_failed:
        assert trial.cassette is not None
        reason = trial.cassette.reason or "see the error"
        lines.append(f"  {trial.cassette.verdict}: {printable(reason)}")
    if trial.error is not None and trial.status == "error" and not _said_by_the_tape(trial):
        detail = trial.error.message or result.details.get(f"{trial.suite}/{trial.id}", "")
        lines.append(f"  {trial.error.type}: {printable(detail)}")
    if not trial.cassette_failed and trial.cassette is not None and trial.cassette.reason:
        lines.append(f"  {printable(trial.cassette.reason)}")
    if trial.fault is not None:
        lines.append(f"  with the fault {trial.fault}")
    for where, check in _unmet(trial):
        lines.append(f"  {where}{check.name} {check.status}")
        lines.append(f"    expected {check.expected}")
        lines.append(f"    got      {check.got}")
    lines.append(f"  again: {_command(trial, suite, result)}")
    return "\n".join(lines)


def _unmet(trial: TrialResult) -> Iterator[tuple[str, CheckResult]]:
    """Yield the checks that did not pass, with their turn where there are several."""
    turns: Sequence[TurnResult | TrialResult] = trial.turns or (trial,)
    for number, turn in enumerate(turns, start=1):
        where = f"turn {number}: " if len(turns) > 1 else ""
        for check in turn.checks:
            if check.status != "passed":
                yield where, check


def _said_by_the_tape(trial: TrialResult) -> bool:
    """Tell whether the trial's error is the tape's own reason over again."""
    assert trial.error is not None
    return trial.cassette is not None and trial.error.message == trial.cassette.reason


def _command(trial: TrialResult, suite: SuiteInfo, result: RunResult) -> str:
    words = ["glmbench", "run", suite.path, "--case", trial.case]
    settings = result.environment
    if len({each.model for each in result.trials if each.case == trial.case}) > 1:
        words += ["--model", trial.model]
    words += ["--profile", settings["profile"]] if settings.get("profile") else []
    # What has a cassette by now is seen again in replay.
    mode = settings.get("mode") or "replay"
    if mode != "replay" and (trial.cassette is None or trial.cassette.verdict == "LIVE"):
        words += ["--mode", mode]
        words += ["--connect-to", settings["connect_to"]] if settings.get("connect_to") else []
    elif settings.get("timing") not in {None, "recorded"}:
        words += ["--timing", settings["timing"]]
    for option in ("fault", "reframe"):
        words += [f"--{option}", settings[option]] if settings.get(option) else []
    return " ".join(quote(word) for word in words)
