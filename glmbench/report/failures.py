"""What did not pass, each with its place, what was expected, what came, and how to see it again."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from glmbench.problems import printable
from glmbench.report.casetables import checks_of
from glmbench.report.formats import escape_words
from glmbench.report.style import PLAIN, Style, paint_first_word, some_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glmbench.results.model import RunResult, SuiteInfo, TrialResult


def render_failures(result: RunResult, style: Style = PLAIN) -> list[str]:
    """Draw every trial that did not pass, with its place and the command that repeats it.

    Repeats of a case of which the same is to be said are drawn once.
    """
    suites = {suite.name: suite for suite in result.suites}
    return [
        _failure(trials, suites[trials[0].suite], result, style)
        for trials in alike(result.trials, result)
    ]


def alike(trials: Iterable[TrialResult], result: RunResult) -> list[list[TrialResult]]:
    """Put the repeats together that failed in the same words; what passed is left out."""
    groups: dict[tuple[object, ...], list[TrialResult]] = {}
    for trial in trials:
        if trial.status not in {"passed", "skipped"}:
            said = (*_reasons(trial, result), *_unmet(trial))
            key = (trial.suite, trial.case, trial.model, trial.status, said)
            groups.setdefault(key, []).append(trial)
    return list(groups.values())


def _failure(
    trials: Sequence[TrialResult], suite: SuiteInfo, result: RunResult, style: Style
) -> str:
    first, *others = trials
    lines = [f"at {suite.path}:{first.line}", *_reasons(first, result), *_unmet(first)]
    if others:
        lines.append(f"the same in {some_of([trial.id for trial in others], style)}")
    lines.append(f"again: {command_of(first, suite, result)}")
    head = f"{first.status.upper()} {printable(first.id)}"
    text = "\n".join([head, *(f"  {printable(line)}" for line in lines)])
    return paint_first_word(escape_words(text, style.table_format), style)


def _unmet(trial: TrialResult) -> list[str]:
    lines = []
    for where, check in checks_of(trial):
        if check.status != "passed":
            lines.append(f"{where}{check.name} {check.status}")
            lines.append(f"  expected {check.expected}")
            lines.append(f"  got      {check.got}")
    return lines


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
    # What has a cassette by now is seen again in replay; a recording may not have been saved.
    mode = settings.get("mode") or "replay"
    if mode != "replay" and (trial.cassette is None or trial.cassette.verdict in {"LIVE", "MISS"}):
        words += ["--mode", mode]
        words += ["--connect-to", settings["connect_to"]] if settings.get("connect_to") else []
    else:
        # Each repeat has a recording of its own; live, one is as good as another.
        words += ["--repeat", str(trial.repeat)] if trial.repeat > 1 else []
        if settings.get("timing") not in {None, "recorded"}:
            words += ["--timing", settings["timing"]]
    for option in ("fault", "reframe"):
        words += [f"--{option}", settings[option]] if settings.get(option) else []
    # Only the names are kept: a value may be anybody's business.
    given = [f" --var {quote(name)}=..." for name in settings.get("vars") or ()]
    return " ".join(quote(word) for word in words) + "".join(given)
