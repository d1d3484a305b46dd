"""What did not pass, each with its place, what was expected, what came, and how to see it again."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from glmbench.problems import printable
from glmbench.report.casetables import checks_of
from glmbench.report.formats import escape_words
from glmbench.report.style import PLAIN, Style, paint_first_word

if TYPE_CHECKING:
    from glmbench.results.model import RunResult, SuiteInfo, TrialResult


def render_failures(result: RunResult, style: Style = PLAIN) -> list[str]:
    """Draw every trial that did not pass, with its place and the command that repeats it."""
    suites = {suite.name: suite for suite in result.suites}
    return [
        _failure(trial, suites[trial.suite], result, style)
        for trial in result.trials
        if trial.status not in {"passed", "skipped"}
    ]


def _failure(trial: TrialResult, suite: SuiteInfo, result: RunResult, style: Style) -> str:
    lines = [f"at {suite.path}:{trial.line}", *_reasons(trial, result)]
    for where, check in checks_of(trial):
        if check.status != "passed":
            lines.append(f"{where}{check.name} {check.status}")
            lines.append(f"  expected {check.expected}")
            lines.append(f"  got      {check.got}")
    lines.append(f"again: {command_of(trial, suite, result)}")
    head = f"{trial.status.upper()} {printable(trial.id)}"
    text = "\n".join([head, *(f"  {printable(line)}" for line in lines)])
    return paint_first_word(escape_words(text, style.table_format), style)


def _reasons(trial: TrialResult, result: RunResult) -> list[str]:
    """Say what the tape, the provider and the fault have to do with it."""
    reasons = []
    if trial.cassette is not None and trial.cassette_failed:
        reasons.append(f"{trial.cassette.verdict}: {trial.cassette.reason or 'see the error'}")
    if trial.error is not None and trial.status == "error" and not _said_by_the_tape(trial):
        detail = trial.error.message or result.details.get(trial.full_id, "")
        reasons.append(f"{trial.error.type}: {detail}")
    if not trial.cassette_failed and trial.cassette is not None and trial.cassette.reason:
        reasons.append(trial.cassette.reason)
    if trial.fault is not None:
        reasons.append(f"with the fault {trial.fault}")
    return reasons


def _said_by_the_tape(trial: TrialResult) -> bool:
    """Tell whether the trial's error is the tape's own reason over again."""
    assert trial.error is not None
    return trial.cassette is not None and trial.error.message == trial.cassette.reason


def command_of(trial: TrialResult, suite: SuiteInfo, result: RunResult) -> str:
    """Word the command that runs the trial again."""
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
