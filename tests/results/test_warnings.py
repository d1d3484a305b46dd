"""Weak figures and old recordings are said in words."""

from __future__ import annotations

import pytest
from results.support import make_trial

from glmbench.measure.timing import Throughput, Timing
from glmbench.results.warnings import find_warnings


def found(trials, too_old_s=None):
    return [(w.trials, w.words.split(":")[0]) for w in find_warnings(trials, too_old_s or {})]


def live(ttft_s=0.5, *, lag_s=0.001, **changes):
    timing = Timing(source="live", ttft_s=ttft_s, client_lag_max_s=lag_s)
    return make_trial(**{"timing": timing, "verdict": "LIVE", **changes})


def counted(case, given, chars, **changes):
    throughput = Throughput(
        token_source="usage",
        output_tokens=given[1],
        output_chars=chars,
        usage_input_tokens=given[0],
        usage_output_tokens=given[1],
    )
    return make_trial(case=case, throughput=throughput, timing=Timing(source="recorded"), **changes)


def test_each_weakness_names_its_trials():
    trials = [
        make_trial(case="a", timing=Timing(source="none")),
        make_trial(case="b", timing=Timing(source="live", paused=True)),
        make_trial(case="c", timing=Timing(source="live", events_per_read=1.6)),
        make_trial(case="d", timing=Timing(source="recorded"), rewritten="another text"),
    ]
    assert found(trials, {"small/e@glm-4@1": 100 * 86_400}) == [
        (("small/a@glm-4@1",), "no timing"),
        (
            ("small/b@glm-4@1",),
            "the reader was so slow that the transport was paused",
        ),
        (("small/c@glm-4@1",), "several events share a read"),
        (
            ("small/d@glm-4@1",),
            "the service rewrote its answer at the end; the text shown is what was streamed",
        ),
        (
            ("small/e@glm-4@1",),
            "recorded up to 100 days ago, which is older than the suite's max_age",
        ),
    ]


def test_what_was_asked_for_is_no_weakness():
    trials = [
        make_trial(timing=Timing(source="none"), fault="{refuse: true}"),
        make_trial(timing=Timing(source="edited", events_per_read=9.0), reframe="whole"),
        make_trial(timing=Timing(source="recorded", events_per_read=1.5)),
    ]
    assert found(trials) == []


def test_a_trial_that_gave_no_answer_is_not_called_weak():
    assert found([make_trial(status="error", timing=Timing(source="none"))]) == []


# --- our own lag ----------------------------------------------------------------------------


@pytest.mark.parametrize(("lag_s", "warned"), [(0.025, False), (0.0251, True), (None, False)])
def test_a_lag_above_a_twentieth_of_the_first_token_is_said(lag_s, warned):
    assert [words for _, words in found([live(0.5, lag_s=lag_s)])] == (
        ["our own lag was above 5 % of the time to first token"] if warned else []
    )


def test_without_a_first_token_there_is_nothing_to_compare_a_lag_with():
    assert found([live(None, lag_s=1.0)]) == []


# --- a cold first request -------------------------------------------------------------------

COLD = "the first request was much slower than the others, as cold ones are"


def several(*ttfts, **changes):
    return [live(ttft, case=f"c{n}", **changes) for n, ttft in enumerate(ttfts)]


def cold(trials):
    return [names for names, words in found(trials) if words == COLD]


def test_a_first_request_that_stands_out_is_named():
    assert cold(several(1.1, 0.5, 0.5, 0.5, 0.5)) == [("small/c0@glm-4@1",)]


@pytest.mark.parametrize(
    "ttfts",
    [
        (1.1, 0.5, 0.5, 0.5),
        (1.0, 0.5, 0.5, 0.5, 0.5),
        (1.1, 0.5, 0.5, 0.5, 1.1),
        (0.5, 0.5, 0.5, 0.5, 1.1),
    ],
    ids=["too-few-others", "twice-the-median", "not-the-slowest", "not-the-first"],
)
def test_a_first_request_like_others_is_not(ttfts):
    assert cold(several(*ttfts)) == []


def test_each_suite_has_its_own_first_request():
    trials = [*several(0.5, 0.5, 0.5, 0.5, 0.5), *several(2, 0.5, 0.5, 0.5, 0.5, suite="other")]
    assert cold(trials) == [("other/c0@glm-4@1",)]


def test_recordings_are_not_cold():
    timings = [Timing(source="recorded", ttft_s=s) for s in (9, 1, 1, 1, 1)]
    assert found([make_trial(case=f"c{n}", timing=t) for n, t in enumerate(timings)]) == []


# --- samples --------------------------------------------------------------------------------


def test_a_sample_too_small_for_its_percentile_is_said_with_its_size():
    trials = [live(repeat=n) for n in range(1, 8)]
    assert found(trials) == [
        (
            tuple(f"small/one@glm-4@{n}" for n in range(1, 8)),
            "p95 needs 20 measurements, and there are 7",
        )
    ]


@pytest.mark.parametrize(("n", "warned"), [(4, False), (5, True), (19, True), (20, False)])
def test_a_few_different_cases_are_not_yet_a_sample(n, warned):
    assert bool(found([live(case=f"c{i}") for i in range(n)])) is warned


def test_two_repeats_are_a_sample():
    assert [words for _, words in found([live(repeat=1), live(repeat=2)])] == [
        "p95 needs 20 measurements, and there are 2"
    ]


def test_samples_of_different_origins_are_counted_apart():
    trials = [
        *(live(case=f"a{n}", origin="emulator") for n in range(6)),
        *(live(case=f"b{n}") for n in range(5)),
    ]
    assert [(len(names), words[-1]) for names, words in found(trials)] == [(6, "6"), (5, "5")]


# --- counts and rates -----------------------------------------------------------------------


def test_a_long_answer_in_one_piece_has_no_rate():
    long = Throughput(token_source="estimate", output_tokens=20, output_chars=80)
    timing = Timing(source="recorded", ttft_s=0.2, reads=1)
    assert found([make_trial(timing=timing, throughput=long)]) == [
        (("small/one@glm-4@1",), "came in one piece")
    ]


def test_a_short_answer_may_come_in_one_piece():
    short = Throughput(token_source="estimate", output_tokens=19, output_chars=70)
    timing = Timing(source="recorded", ttft_s=0.2, reads=1)
    assert found([make_trial(timing=timing, throughput=short)]) == []


def test_counts_that_were_not_taken_are_said():
    given = Throughput(token_source="estimate", output_tokens=25, usage_output_tokens=1)
    assert found([make_trial(throughput=given, timing=Timing(source="recorded"))]) == [
        (("small/one@glm-4@1",), "the service's token counts are obviously none")
    ]


def test_equal_counts_for_answers_of_different_lengths_are_said():
    trials = [counted("a", (1, 1), 4), counted("b", (1, 1), 7), counted("c", (1, 1), 8)]
    trials.append(counted("d", (9, 3), 12))
    assert found(trials) == [
        (
            ("small/a@glm-4@1", "small/b@glm-4@1", "small/c@glm-4@1"),
            "the service gives the same token counts for answers of different lengths",
        )
    ]


@pytest.mark.parametrize(
    "trials",
    [
        [counted(c, (1, 1), n) for c, n in (("a", 4), ("b", 9))],
        [counted(c, (1, 1), n) for c, n in (("a", 4), ("b", 7), ("c", 7))],
        [counted(c, (1, 9), n, finish_reason="length") for c, n in (("a", 9), ("b", 30), ("c", 9))],
        [counted(c, (1, 1), n, suite=c) for c, n in (("a", 4), ("b", 9), ("c", 20))],
    ],
    ids=["two", "alike", "at-a-limit", "of-different-suites"],
)
def test_equal_counts_with_another_reason_are_not(trials):
    assert found(trials) == []


def test_a_run_that_its_budget_cut_short_is_not_the_whole_suite():
    skipped = [
        make_trial(case=str(n), status="skipped", skipped=reason)
        for n, reason in enumerate(
            ("max_requests of 3 reached", "max_time of 5 s passed", "stopped by --fail-fast", "why")
        )
    ]
    (caveat,) = find_warnings([make_trial(), *skipped], {})
    assert caveat.trials == ("small/0@glm-4@1", "small/1@glm-4@1")
    assert caveat.words.startswith("not run, as the budget of the run was spent: ")
