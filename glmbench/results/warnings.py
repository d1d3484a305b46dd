"""What to say, in words, of figures and recordings that are weak. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from glmbench.measure.stats import min_samples, percentile
from glmbench.results.cases import BUDGETS
from glmbench.results.model import Caveat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from glmbench.results.model import TrialResult

# Above this many events per read the gaps between events cannot be told.
EVENTS_SHARE_READS = 1.5

# Above this share of the time to first token, our own lag is no longer a detail of the figure.
LAG_SHARE = 0.05

# A first request that opened what the others found open: so much slower than the median of so
# many others, and slower than every one of them.
COLD_FACTOR = 2
MIN_OTHERS = 4

# From so many trials on, or with repeats, somebody wants statistics.
MIN_SAMPLE = 5

# An answer shorter than this comes in one piece by right.
MIN_TOKENS_FOR_A_RATE = 20

# So many answers of different lengths with equal counts are no chance.
MIN_EQUAL_COUNTS = 3
LENGTH_FACTOR = 2

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
    weak = [
        *((list(filter(is_weak, answered)), words) for is_weak, words in _weaknesses()),
        (_cold_firsts(answered), _COLD),
        *_weak_samples(answered),
        (_equal_counts(answered), _EQUAL_COUNTS),
        ([trial for trial in trials if _was_over_budget(trial)], _OVER_BUDGET),
    ]
    caveats = [
        Caveat(trials=tuple(trial.full_id for trial in found), words=words)
        for found, words in weak
        if found
    ]
    if too_old_s:
        caveats.append(Caveat(trials=tuple(too_old_s), words=_age_words(too_old_s)))
    return tuple(caveats)


_OVER_BUDGET = "not run, as the budget of the run was spent: what passed is not the whole suite"
_COLD = "the first request was much slower than the others, as cold ones are: see --warmup"
_EQUAL_COUNTS = (
    "the service gives the same token counts for answers of different lengths: rates by them mean "
    "nothing"
)
_LAG = (
    "our own lag was above 5 % of the time to first token: the machine was busy, or too many "
    "streams ran at once (--concurrency)"
)


def _was_over_budget(trial: TrialResult) -> bool:
    return trial.skipped is not None and trial.skipped.startswith(BUDGETS)


def _weaknesses() -> Iterator[tuple[Callable[[TrialResult], bool], str]]:
    """Yield what can be told of a trial by itself."""
    yield _is_untimed, "no timing: recorded without a stream track"
    yield (
        lambda trial: trial.timing.paused,
        "the reader was so slow that the transport was paused: its gaps are partly our own",
    )
    yield (
        lambda trial: (
            trial.reframe is None and (trial.timing.events_per_read or 0) > EVENTS_SHARE_READS
        ),
        "several events share a read: its gaps are those of reads, not of events",
    )
    yield _came_in_one_piece, "came in one piece: there is no rate to measure"
    yield (
        lambda trial: trial.rewritten is not None,
        "the service rewrote its answer at the end; the text shown is what was streamed",
    )
    yield _lagged, _LAG
    yield (
        _count_was_refused,
        "the service's token counts are obviously none: they were estimated instead",
    )


def _is_untimed(trial: TrialResult) -> bool:
    return trial.timing.source == "none" and trial.fault is None


def _is_live(trial: TrialResult) -> bool:
    """Tell whether the figures were measured in this run."""
    return trial.timing.source in {"live", "consumer"}


def _came_in_one_piece(trial: TrialResult) -> bool:
    """Tell whether a stream had text enough for a rate and yet but one instant."""
    timing, throughput = trial.timing, trial.throughput
    return (
        timing.source in {"live", "recorded"}
        and timing.ttft_s is not None
        and throughput.decode_tps is None
        and (throughput.output_tokens or 0) >= MIN_TOKENS_FOR_A_RATE
    )


def _lagged(trial: TrialResult) -> bool:
    lag_s, ttft_s = trial.timing.client_lag_max_s, trial.timing.ttft_s
    return lag_s is not None and ttft_s is not None and lag_s > LAG_SHARE * ttft_s


def _cold_firsts(trials: Iterable[TrialResult]) -> list[TrialResult]:
    """Find suites whose first live answer began late; prompts that differ hide small effects."""
    timed = [trial for trial in trials if _is_live(trial) and trial.timing.ttft_s is not None]
    return [own[0] for own in _grouped(timed, lambda t: (t.suite, *_kind(t))) if _is_cold(own)]


def _is_cold(trials: Sequence[TrialResult]) -> bool:
    first, *others = [trial.timing.ttft_s or 0.0 for trial in trials]
    median = percentile(others, 50)
    if median is None or len(others) < MIN_OTHERS:
        return False
    return first > COLD_FACTOR * median and first > max(others)


def _weak_samples(trials: Sequence[TrialResult]) -> Iterator[tuple[list[TrialResult], str]]:
    """Yield the live samples that somebody wants statistics of and that are too small for p95."""
    needed = min_samples(95)
    timed = [t for t in trials if _is_live(t) and t.timing.ttft_s is not None and t.fault is None]
    for own in _grouped(timed, _kind):
        repeated = len({(t.suite, t.case, t.model) for t in own}) < len(own)
        if len(own) < needed and (repeated or len(own) >= MIN_SAMPLE):
            yield own, f"p95 needs {needed} measurements, and there are {len(own)}"


def _count_was_refused(trial: TrialResult) -> bool:
    throughput = trial.throughput
    estimated = throughput.token_source == "estimate"  # noqa: S105 -- a word for a count
    return estimated and throughput.usage_output_tokens is not None


def _equal_counts(trials: Iterable[TrialResult]) -> list[TrialResult]:
    """Find answers that the service counts alike though their lengths differ.

    Those that end at a limit of tokens have equal counts by right, and so may short ones.
    """
    counted = [
        trial
        for trial in trials
        if trial.throughput.token_source == "usage"  # noqa: S105 -- a word for a count
        and trial.throughput.output_chars
        and trial.finish_reason != "length"
    ]
    found = []
    for own in _grouped(counted, _counts):
        lengths = [trial.throughput.output_chars for trial in own]
        if len(own) >= MIN_EQUAL_COUNTS and max(lengths) >= LENGTH_FACTOR * min(lengths):
            found += own
    return found


def _counts(trial: TrialResult) -> tuple[object, ...]:
    throughput = trial.throughput
    return trial.suite, throughput.usage_input_tokens, throughput.usage_output_tokens


def _kind(trial: TrialResult) -> tuple[object, ...]:
    return trial.timing.source, trial.origin, trial.timing.connection_reused


def _grouped(
    trials: Iterable[TrialResult], key: Callable[[TrialResult], tuple[object, ...]]
) -> list[list[TrialResult]]:
    """Group the trials, which stay in their order."""
    by_key = sorted(trials, key=lambda trial: repr(key(trial)))
    return [list(group) for _, group in groupby(by_key, key)]


def _age_words(too_old_s: Mapping[str, float]) -> str:
    days = max(too_old_s.values()) / DAY_S
    return (
        f"recorded up to {days:.0f} days ago, which is older than the suite's max_age: "
        "record again with --mode refresh"
    )
