"""What became of each case between two results, as plain data for every report. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from glmbench.results.cases import CaseStatus
    from glmbench.results.statistics import Unit

Verdict: TypeAlias = Literal["improved", "regressed", "no change", "within noise", "cannot tell"]
# The first that occurs is the verdict of a pair: what counts, then what is not known.
VERDICTS: tuple[Verdict, ...] = (
    "regressed",
    "improved",
    "cannot tell",
    "within noise",
    "no change",
)
# A change by a million times its base says only that there was none.
MAX_SHARE = 1e6
Content: TypeAlias = Literal["same", "changed", "varies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One metric of one pair; `base` and `head` are medians.

    `shift` is by how much head lies above base, after Hodges and Lehmann, between `low` and `high`
    with 95 % confidence; `relative` is its share of the base's median. `p` is that of the test,
    corrected for the number of comparisons; None where nothing was tested. `note` says why it
    cannot be told.
    """

    metric: str
    title: str
    unit: Unit
    n_base: int
    n_head: int
    base: float | None
    head: float | None
    verdict: Verdict
    shift: float | None = None
    low: float | None = None
    high: float | None = None
    relative: float | None = None
    p: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One case on one model, run in both results.

    `base_finish` and `head_finish` count how trials ended: finish reasons and errors, the most
    frequent first. `content` compares the visible texts; `content_note` says where they differ.
    """

    suite: str
    case: str
    model: str
    changes: tuple[Change, ...]
    base_passed: int
    base_trials: int
    head_passed: int
    head_trials: int
    base_status: CaseStatus
    head_status: CaseStatus
    base_finish: tuple[tuple[str, int], ...]
    head_finish: tuple[tuple[str, int], ...]
    content: Content
    content_note: str
    verdict: Verdict

    @property
    def name(self) -> str:
        return f"{self.suite}/{self.case}@{self.model}"

    @property
    def correctness(self) -> Verdict:
        return correctness(self.base_status, self.head_status)

    @property
    def share_changed(self) -> bool:
        """Whether repeats pass more or less often, whatever that does to the case."""
        return self.base_passed * self.head_trials != self.head_passed * self.base_trials

    @property
    def finish_changed(self) -> bool:
        """Whether trials end otherwise, or the same ends have other shares."""
        return _shares(self.base_finish) != _shares(self.head_finish)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two results side by side. All texts are words without a full stop.

    `tested` is how many figures could have been found significant, and the p are corrected for.
    """

    pairs: tuple[Pair, ...]
    only_base: tuple[str, ...] = ()
    only_head: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    regressions: tuple[str, ...] = ()
    improvements: tuple[str, ...] = ()
    tested: int = 0


def share_of(shift: float | None, base: float | None) -> float | None:
    """Say what share of its base a shift is; None where there is none that says anything."""
    if shift is None or not base:
        return None
    share = shift / base
    return share if abs(share) <= MAX_SHARE else None


def correctness(base: CaseStatus, head: CaseStatus) -> Verdict:
    """Judge by what fails: a flaky case has passed as often as it must."""
    if (base == "failed") == (head == "failed"):
        return "no change"
    return "regressed" if head == "failed" else "improved"


def _shares(counted: tuple[tuple[str, int], ...]) -> dict[str, float]:
    total = sum(number for _, number in counted)
    return {word: number / total for word, number in counted}
