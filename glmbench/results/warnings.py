"""What to say, in words, of figures and recordings that are weak. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.results.model import Caveat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from glmbench.results.model import TrialResult

# Above this many events per read the gaps between events cannot be told.
EVENTS_SHARE_READS = 1.5

DAY_S = 86_400


def find_warnings(
    trials: Sequence[TrialResult], too_old_s: Mapping[str, float]
) -> tuple[Caveat, ...]:
    """List what weakens a run.

    Args:
        trials: those of the run.
        too_old_s: the ages of recordings that are older than their suite wants, by full id.
    """
    answered = [trial for trial in trials if trial.status in {"passed", "failed", "unmeasured"}]
    weak = (
        (
            [t.full_id for t in answered if t.timing.source == "none" and t.fault is None],
            "no timing: recorded without a stream track",
        ),
        (
            [t.full_id for t in answered if t.timing.paused],
            "the reader was so slow that the transport was paused: its gaps are partly our own",
        ),
        (
            [
                t.full_id
                for t in answered
                if (t.timing.events_per_read or 0) > EVENTS_SHARE_READS and t.reframe is None
            ],
            "several events share a read: its gaps are those of reads, not of events",
        ),
        (
            [t.full_id for t in answered if t.rewritten is not None],
            "the service rewrote its answer at the end; the text shown is what was streamed",
        ),
        (list(too_old_s), _age_words(too_old_s)),
    )
    return tuple(Caveat(trials=tuple(found), words=words) for found, words in weak if found)


def _age_words(too_old_s: Mapping[str, float]) -> str:
    days = max(too_old_s.values(), default=0) / DAY_S
    return (
        f"recorded up to {days:.0f} days ago, which is older than the suite's max_age: "
        "record again with --mode refresh"
    )
