"""A run as a list of what a build server can show: each item green, red or skipped. Pure.

There is a red item if and only if the exit code is not 0: whoever reads along by machine comes to
the same end as whoever reads the exit code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from glmbench.report.casetables import checks_of
from glmbench.report.failures import command_of
from glmbench.results.cases import counts, group_cases
from glmbench.results.judge import Exit, decide, decisive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from glmbench.results.cases import CaseResult
    from glmbench.results.model import GateResult, RunResult, SuiteInfo, TrialResult

Colour: TypeAlias = Literal["passed", "failed", "error", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an item ended: a word for its kind, a sentence, then everything, line by line.

    `again` is the command that shows it once more. All texts are as they came: whoever writes them
    escapes them.
    """

    colour: Colour
    kind: str = ""
    words: str = ""
    lines: tuple[str, ...] = ()
    again: str = ""

    @property
    def is_red(self) -> bool:
        return self.colour in {"failed", "error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing of a run with its outcome; `trial` is None where it is about more than one.

    `path` and `line` are where a reader has to look; None where that is no suite.
    """

    group: str
    name: str
    outcome: Outcome
    trial: TrialResult | None = None
    path: str | None = None
    line: int | None = None


PASSED = Outcome(colour="passed", kind="passed")


def list_items(result: RunResult) -> tuple[Item, ...]:
    """List the items of a run, in the order in which they decide on its exit code."""
    items = (
        *_leaks(result),
        *_trials(result),
        *_warnings(result),
        *_gates(result),
        *_regressions(result),
    )
    code = decide(result)
    if code is Exit.OK or any(item.outcome.is_red for item in items):
        return items
    # An interruption, or a selection of nothing, is nobody's failure and yet not a success.
    outcome = Outcome(colour="error", kind=code.name.lower(), words=exit_words(result))
    return (*items, Item(group="run", name=f"exit code {code}", outcome=outcome))


def exit_words(result: RunResult) -> str:
    """Say in a sentence why the run ends with its exit code."""
    code = decide(result)
    if code is Exit.OK:
        return f"{_passed_words(result)} and {_held_words(result)}."
    if code is Exit.FAILED and not any(t.status == "failed" for t in decisive(result.trials)):
        return "There are warnings, and --strict counts them as failures."
    if code is Exit.UNMEASURED and all(trial.status == "skipped" for trial in result.trials):
        return "Nothing was run."
    if code is Exit.UNMEASURED and result.uncompared:
        return "Nothing of the baseline could be compared."
    if code is Exit.CASSETTE and not any(trial.cassette_failed for trial in result.trials):
        return "Something in what was written looks like a credential."
    return _EXIT_WORDS[code]


_EXIT_WORDS = {
    Exit.FAILED: "An expectation failed.",
    Exit.GATE: "A threshold is broken, or a figure is worse than in the baseline.",
    Exit.PROVIDER: "The provider or the network failed in a way that no case expected.",
    Exit.CASSETTE: "A cassette is missing, stale, damaged or not fully played.",
    Exit.UNMEASURED: "An expectation could not be measured.",
    Exit.INTERRUPTED: "Interrupted: what was finished is reported, the rest was not run.",
}


def _passed_words(result: RunResult) -> str:
    """Say what passed in a green run: a flaky case has failures that count nothing."""
    statuses = {trial.status for trial in result.trials}
    if statuses <= {"passed"}:
        return "Every trial passed"
    if statuses <= {"passed", "skipped"}:
        return "Every trial that was run passed"
    return "Every case passed often enough"


def _held_words(result: RunResult) -> str:
    if all(gate.status == "passed" for gate in result.gates):
        return "every threshold held"
    return "no threshold that was judged and counts is broken"


# --- trials ---------------------------------------------------------------------------------


def _trials(result: RunResult) -> Iterator[Item]:
    suites = {suite.name: suite for suite in result.suites}
    cases = {(case.suite, case.case, case.model): case for case in group_cases(result.trials)}
    for trial in result.trials:
        suite, case = suites[trial.suite], cases[trial.suite, trial.case, trial.model]
        yield Item(
            group=trial.suite,
            name=trial.id,
            outcome=_outcome(trial, case, suite, result),
            trial=trial,
            path=suite.path,
            line=trial.line,
        )


def _outcome(trial: TrialResult, case: CaseResult, suite: SuiteInfo, result: RunResult) -> Outcome:
    if not trial.cassette_failed:
        if trial.status == "passed":
            return PASSED
        if trial.status == "skipped":
            return Outcome(colour="skipped", kind="skipped", words=trial.skipped or "not run")
    colour, kind = _verdict(trial)
    words = _words(trial, result)
    if case.status == "flaky" and counts(trial) and not trial.cassette_failed:
        enough = f"{case.passed} of {case.trials} repeats passed, and {case.min_pass} are enough"
        colour, kind, words = "skipped", "flaky", f"{trial.status}, but {enough}"
    return Outcome(
        colour=colour,
        kind=kind,
        words=words,
        lines=tuple(_lines(trial, result)),
        again=command_of(trial, suite, result),
    )


def _verdict(trial: TrialResult) -> tuple[Colour, str]:
    """Say whose fault it is: what a recording or an error spoilt says nothing of expectations."""
    if trial.cassette is not None and trial.cassette_failed:
        return "error", trial.cassette.verdict
    if trial.status == "error":
        return "error", trial.error.type if trial.error else "error"
    if trial.status == "unmeasured":
        return "error", "unmeasured"
    return ("failed" if trial.status == "failed" else "skipped"), trial.status


def _words(trial: TrialResult, result: RunResult) -> str:
    """Say what went wrong in a sentence: the recording, else the error, else the first check."""
    if trial.cassette is not None and trial.cassette_failed:
        return f"{trial.cassette.verdict}: {trial.cassette.reason or 'see the error'}"
    if trial.error is not None and trial.status == "error":
        message = trial.error.message or result.details.get(trial.full_id, "")
        return f"{trial.error.type}: {message}" if message else trial.error.type
    for where, check in checks_of(trial):
        if check.status != "passed":
            return f"{where}{check.name}: expected {check.expected}, got {check.got}"
    return trial.status


def _lines(trial: TrialResult, result: RunResult) -> Iterator[str]:
    if trial.cassette_failed or trial.status == "error":
        yield _words(trial, result)
    if not trial.cassette_failed and trial.cassette is not None and trial.cassette.reason:
        yield trial.cassette.reason
    if trial.fault is not None:
        yield f"with the fault {trial.fault}"
    for where, check in checks_of(trial):
        if check.status != "passed":
            yield f"{where}{check.name} {check.status}"
            yield f"  expected {check.expected}"
            yield f"  got      {check.got}"


# --- what is about more than one trial ------------------------------------------------------


def _leaks(result: RunResult) -> Iterator[Item]:
    for leak in result.leaks:
        words = f"{leak.words}: do not publish this file"
        outcome = Outcome(colour="error", kind="credential", words=words)
        yield Item(group="credentials", name=leak.place, outcome=outcome)


def _warnings(result: RunResult) -> Iterator[Item]:
    """Warnings are items only where they count as failures."""
    for warning in result.warnings if result.strict else ():
        outcome = Outcome(
            colour="failed", kind="warning", words=warning.words, lines=warning.trials
        )
        yield Item(group="warnings", name=warning.words, outcome=outcome)


def _gates(result: RunResult) -> Iterator[Item]:
    paths = {suite.name: suite.path for suite in result.suites}
    for gate in result.gates:
        tag = f", tag {gate.tag}" if gate.tag else ""
        yield Item(
            group="thresholds",
            name=f"{gate.suite}: {gate.text}{tag}",
            outcome=_judged(gate, strict=result.strict),
            path=paths.get(gate.suite),
        )


def _judged(gate: GateResult, *, strict: bool) -> Outcome:
    got = [f"got {gate.got} (n = {gate.n})"] if gate.got else []
    words = "; ".join([*got, *([gate.note] if gate.note else [])]) or gate.status
    if gate.status == "passed":
        return Outcome(colour="passed", kind="passed", words=words)
    colour: Colour = "skipped"
    if gate.status == "failed" and (gate.severity == "error" or strict):
        colour = "failed"
    elif gate.status == "unmeasured" and gate.severity == "error":
        colour = "error"
    said = "" if gate.status == "ignored" or colour != "skipped" else f"{gate.status}, a warning: "
    return Outcome(colour=colour, kind=gate.status, words=said + words)


def _regressions(result: RunResult) -> Iterator[Item]:
    for words in result.regressions:
        outcome = Outcome(colour="failed", kind="regression", words=words)
        yield Item(group="regressions", name=words, outcome=outcome)


def red_items(items: Iterable[Item]) -> list[Item]:
    """Choose what makes the exit code another than 0."""
    return [item for item in items if item.outcome.is_red]
