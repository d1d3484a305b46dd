"""Which figures go into a sample, and which two samples may be compared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from results.support import make_trial

from glmbench.comparison.samples import COMPARED, Sample, obstacle, sample_of
from glmbench.measure.timing import Throughput, Timing
from glmbench.results.model import ErrorOutcome

TTFT, TOTAL, DECODE = COMPARED


def timed(ttft, **changes):
    timing = Timing(source=changes.pop("source", "live"), ttft_s=ttft)
    reused = changes.pop("reused", False)
    return make_trial(timing=replace(timing, connection_reused=reused), **changes)


def counted(source):
    return make_trial(throughput=Throughput(token_source=source, decode_tps=30.0))


def test_three_metrics_are_compared():
    assert [metric.name for metric in COMPARED] == ["ttft", "total", "decode_tps"]


def test_a_sample_is_sorted_whatever_the_order_of_trials():
    trials = [timed(0.3), timed(0.1), timed(0.2)]
    assert sample_of(TTFT, trials).values == (0.1, 0.2, 0.3)


@pytest.mark.parametrize(
    "left_out",
    [
        timed(0.9, fault="cut_after: 3"),
        timed(0.9, source="none"),
        timed(0.9, status="skipped"),
        timed(0.9, status="interrupted"),
        timed(0.9, status="error", error=ErrorOutcome(type="ServerFailedError")),
        timed(None),
    ],
    ids=["fault", "no timing", "skipped", "interrupted", "failed", "never came"],
)
def test_what_was_not_measured_on_a_whole_answer_is_in_no_sample(left_out):
    assert sample_of(TTFT, [timed(0.1), left_out]).values == (0.1,)


def test_an_answer_that_did_not_meet_its_expectations_took_its_time_all_the_same():
    assert sample_of(TTFT, [timed(0.1, status="failed")]).values == (0.1,)


@pytest.mark.parametrize(
    ("base", "head", "words"),
    [
        ([timed(0.1)], [timed(0.1)], ""),
        ([timed(0.1)], [timed(None)], "nothing was measured in head"),
        ([], [timed(0.1)], "nothing was measured in base"),
        ([timed(0.1, source="recorded")], [timed(0.1)], "recorded figures beside live figures"),
        (
            [timed(0.1, origin="emulator")],
            [timed(0.1)],
            "figures of the emulator beside figures of a service",
        ),
        ([timed(0.1)], [timed(0.1, reused=True)], "fresh connections beside reused connections"),
        (
            [timed(0.1)],
            [timed(0.1), timed(0.1, source="recorded")],
            "head mixes live figures and recorded figures",
        ),
        (
            [timed(0.1), timed(0.1, reused=True)],
            [timed(0.1)],
            "base mixes fresh connections and reused connections",
        ),
    ],
)
def test_only_figures_of_one_kind_are_compared(base, head, words):
    assert obstacle(sample_of(TTFT, base), sample_of(TTFT, head)) == words


def test_who_counted_the_tokens_matters_for_rates_only():
    base, head = [counted("usage")], [counted("estimate")]
    rates = obstacle(sample_of(DECODE, base), sample_of(DECODE, head))
    assert rates == "tokens counted by the service beside estimated tokens"
    timing = Timing(source="live", total_s=1.0)
    base, head = ([replace(trial, timing=timing) for trial in side] for side in (base, head))
    assert obstacle(sample_of(TOTAL, base), sample_of(TOTAL, head)) == ""


def test_an_empty_sample_has_no_kind():
    assert sample_of(TTFT, []) == Sample(values=(), kinds=frozenset())
