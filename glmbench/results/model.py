"""The result of a run as plain data: what is written as JSON and what every report shows. Pure.

`trials` is the same on every replay of the same install, in any folder: suite order, POSIX paths
relative to the suite, no addresses, no dates, no texts of foreign exceptions. What differs from
run to run lives in `environment` and `details`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

# Not for type checkers only: what reads a result file again reads these annotations.
from glmbench.cassettes.verdict import FAILING, Verdict
from glmbench.checks.result import CheckResult  # noqa: TC001 -- as said above
from glmbench.measure.observation import Origin  # noqa: TC001 -- as said above
from glmbench.measure.stats import Summary as Distribution
from glmbench.measure.timing import Throughput, Timing  # noqa: TC001 -- as said above
from glmbench.parts import FinishReasonName  # noqa: TC001 -- as said above
from glmbench.results.timeline import Timeline
from glmbench.suites.thresholds import Severity, When  # noqa: TC001 -- as said above

SCHEMA = "glmbench.result/1"

Status: TypeAlias = Literal["passed", "failed", "error", "unmeasured", "skipped", "interrupted"]
STATUSES: tuple[Status, ...] = (
    "passed",
    "failed",
    "error",
    "unmeasured",
    "skipped",
    "interrupted",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CassetteOutcome:
    """Which file, POSIX and relative to the suite's folder, and what the tape said."""

    path: str
    verdict: Verdict
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorOutcome:
    """What ended the trial. `message` is empty for an exception that is not glmbench's own."""

    type: str
    message: str = ""
    status: int | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnResult:
    """One turn of a trial, in its last attempt. `waited_s` lies between attempts, in no latency."""

    status: Status
    expected_finish_reason: tuple[FinishReasonName | None, ...] | None
    finish_reason: FinishReasonName | None
    native_finish_reason: str | None
    finish_message: str | None
    rewritten: str | None
    dropped_chars: int
    text: str
    reasoning: str
    timing: Timing
    throughput: Throughput
    checks: tuple[CheckResult, ...]
    error: ErrorOutcome | None
    attempts: int = 1
    waited_s: float = 0.0
    timeline: Timeline = field(default=Timeline())


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """One trial; `line` is where its case starts in the suite file, `place` its own in the suite.

    Its figures and texts are those of its first turn; `error` is that of the turn that had one.
    `case` is the case's id with the row of its dataset and its place in the matrix. `min_pass` is
    how many of the case's repeats must pass; None means all.
    """

    suite: str
    case: str
    model: str
    repeat: int
    line: int
    status: Status
    expected_finish_reason: tuple[FinishReasonName | None, ...] | None
    finish_reason: FinishReasonName | None
    native_finish_reason: str | None
    finish_message: str | None
    rewritten: str | None
    dropped_chars: int
    text: str
    reasoning: str
    origin: Origin | None
    timing: Timing
    throughput: Throughput
    checks: tuple[CheckResult, ...]
    cassette: CassetteOutcome | None
    error: ErrorOutcome | None
    turns: tuple[TurnResult, ...] = ()
    tags: tuple[str, ...] = ()
    min_pass: int | None = None
    place: int = 0
    fault: str | None = None
    """What was put into the recording, in the words of the suite file."""
    reframe: str | None = None
    """How the recorded bytes were cut into other chunks."""
    skipped: str | None = None
    """Why the trial was not run."""

    @property
    def id(self) -> str:
        """The name of the trial within its suite, as the cassette has it."""
        return f"{self.case}@{self.model}@{self.repeat}"

    @property
    def full_id(self) -> str:
        """The name of the trial within a run of several suites."""
        return f"{self.suite}/{self.id}"

    @property
    def cassette_failed(self) -> bool:
        return self.cassette is not None and self.cassette.verdict in FAILING


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteInfo:
    """A suite of the run; `path` as it was given on the command line."""

    name: str
    path: str
    provider: str
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Trials by status and by verdict, and the exit code that follows."""

    trials: int
    statuses: dict[str, int]
    verdicts: dict[str, int]
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """What makes figures or recordings weak. `trials` are full ids; `words` finish a sentence."""

    trials: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Something in what was written that looks like a credential; never the thing itself."""

    place: str
    words: str


GateStatus: TypeAlias = Literal["passed", "failed", "unmeasured", "ignored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What became of a threshold. `n` counts the values that it was judged by.

    `got` is empty where there is no value. `note` says why it is not judged. `text`, `tag` and
    `when` are the threshold as the suite has it, so that a merged result can be judged again.
    """

    suite: str
    text: str
    status: GateStatus
    got: str
    n: int
    severity: Severity
    note: str = ""
    tag: str | None = None
    when: When | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Everything that one `glmbench run` found.

    `replay_lag` is how late chunks were played, in seconds, where that was on a real clock.
    """

    suites: tuple[SuiteInfo, ...]
    environment: dict[str, Any]
    trials: tuple[TrialResult, ...]
    interrupted: bool = False
    strict: bool = False
    warnings: tuple[Caveat, ...] = ()
    leaks: tuple[Leak, ...] = ()
    gates: tuple[GateResult, ...] = ()
    replay_lag: Distribution = field(default=Distribution(n=0))
    regressions: tuple[str, ...] = ()
    """What became worse than the baseline, in words, where that shall fail the run."""
    uncompared: bool = False
    """Whether it had to be held against a baseline and had no case in common with it."""
    details: dict[str, str] = field(default_factory=dict)
    """Texts that may differ from run to run, by trial id: messages of foreign exceptions."""
