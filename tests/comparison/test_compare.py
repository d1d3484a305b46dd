"""Two results to one comparison."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from results.support import make_result, make_trial

from glmbench.comparison.compare import compare
from glmbench.measure.timing import Timing
from glmbench.results.cases import STOPPED_BY_A_FAILURE
from glmbench.results.model import ErrorOutcome


def repeats(case="one", ttft=0.4, n=10, **changes):
    """Make the repeats of a case with figures a millisecond apart, measured live."""
    return [
        make_trial(
            case=case,
            repeat=i + 1,
            timing=Timing(source="live", ttft_s=ttft + i / 1000, total_s=1.5 + i / 1000),
            **changes,
        )
        for i in range(n)
    ]


def compared(base, head, **changes):
    return compare(make_result(base), make_result(head, **changes))


def test_a_case_is_paired_with_itself_on_the_same_model():
    base = [*repeats("one"), *repeats("two", place=1), *repeats("two", place=1, model="glm-4.5")]
    comparison = compared(base, [*repeats("one"), *repeats("two", place=1, model="glm-4.5")])
    assert [pair.name for pair in comparison.pairs] == ["small/one@glm-4", "small/two@glm-4.5"]
    assert comparison.only_base == ("small/two@glm-4",)
    assert comparison.only_head == ()


def test_pairs_are_in_the_order_of_the_suite():
    trials = [*repeats("a", place=2), *repeats("b", place=0), *repeats("c", place=1)]
    assert [pair.case for pair in compared(trials, trials).pairs] == ["b", "c", "a"]


def test_what_was_not_run_is_listed_and_no_regression():
    comparison = compared(
        [*repeats("one"), *repeats("two")],
        [*repeats("one", status="skipped"), *repeats("new")],
    )
    assert comparison.pairs == ()
    assert comparison.only_base == ("small/one@glm-4 (not run in head)", "small/two@glm-4")
    assert comparison.only_head == ("small/new@glm-4",)
    assert comparison.regressions == ()


def test_a_pair_has_its_metrics_and_the_worst_of_their_verdicts():
    (pair,) = compared(repeats(), repeats(ttft=0.6)).pairs
    assert [(change.metric, change.verdict) for change in pair.changes] == [
        ("ttft", "regressed"),
        ("total", "no change"),
        ("decode_tps", "no change"),
    ]
    assert pair.verdict == "regressed"


def test_regressions_and_improvements_are_said_in_words():
    base = [*repeats("one"), *repeats("two", place=1, ttft=1.2)]
    head = [*repeats("one", ttft=0.6), *repeats("two", place=1, ttft=0.9)]
    comparison = compared(base, head)
    assert comparison.regressions == (
        "small/one@glm-4: first token (ttft) 404 ms, now 604 ms (+50%)",
    )
    assert comparison.improvements == (
        "small/two@glm-4: first token (ttft) 1.20 s, now 904 ms (-25%)",
    )
    assert comparison.tested == 6


def test_a_case_that_no_longer_passes_regressed_however_fast_it_is():
    head = [*repeats(n=7), *repeats(n=3, status="failed", finish_reason="length")]
    comparison = compared(repeats(n=10), head)
    (pair,) = comparison.pairs
    assert (pair.base_status, pair.base_passed, pair.base_trials) == ("passed", 10, 10)
    assert (pair.head_status, pair.head_passed, pair.head_trials) == ("failed", 7, 10)
    assert (pair.base_finish, pair.head_finish) == (
        (("stop", 10),),
        (("stop", 7), ("length", 3)),
    )
    assert pair.verdict == "regressed"
    assert comparison.regressions == ("small/one@glm-4: passed 10 of 10, now 7 of 10",)


def test_a_case_that_passes_again_improved():
    comparison = compared(repeats(status="failed"), repeats())
    assert comparison.improvements == ("small/one@glm-4: passed 0 of 10, now 10 of 10",)
    assert comparison.regressions == ()


def test_a_case_that_passes_as_often_as_it_must_did_not_regress():
    head = [*repeats(n=9, min_pass=8), make_trial(repeat=10, status="failed", min_pass=8)]
    comparison = compared(repeats(min_pass=8), head)
    assert comparison.regressions == ()
    assert comparison.pairs[0].head_status == "flaky"


def test_another_finish_reason_alone_is_no_regression():
    comparison = compared(repeats(), repeats(finish_reason="length"))
    assert comparison.pairs[0].finish_changed
    assert comparison.regressions == ()


def test_another_text_is_told():
    (pair,) = compared(repeats(text="Hello"), repeats(text="Hullo")).pairs
    assert (pair.content, pair.content_note) == (
        "changed",
        'from character 2: "Hello", now "Hullo"',
    )


def test_figures_that_neither_side_has_are_not_compared():
    failed = repeats(status="error", error=ErrorOutcome(type="ServerFailedError"))
    (pair,) = compared(failed, failed).pairs
    assert (pair.changes, pair.verdict) == ((), "no change")


def test_figures_of_different_sources_are_told_from_a_change():
    head = [
        replace(trial, timing=replace(trial.timing, source="recorded"))
        for trial in repeats(ttft=0.9)
    ]
    comparison = compared(repeats(), head)
    assert {change.note for change in comparison.pairs[0].changes} == {
        "live figures beside recorded figures"
    }
    assert comparison.pairs[0].verdict == "cannot tell"
    assert comparison.regressions == ()
    (note,) = comparison.notes
    assert note == (
        "recorded figures were not measured now: they change with the recordings, or with how the "
        "provider hands on what it reads"
    )


def test_what_makes_figures_others_is_noted():
    settings = {"platform": "Linux x86_64", "concurrency": 1, "profile": None}
    base = make_result(repeats(origin="emulator"), environment=settings)
    head = make_result(
        repeats(origin="emulator"),
        environment={**settings, "concurrency": 20, "profile": "load"},
        interrupted=True,
    )
    assert compare(base, head).notes == (
        "head was interrupted, and what it had not run yet is not compared",
        "concurrency differs: 1 in base, 20 in head",
        "profile differs: none in base, load in head",
        "figures of the emulator are the delays of a script, not those of a service",
    )


def test_a_result_does_not_differ_from_itself():
    trials = [*repeats("one"), *repeats("two", n=1), *repeats("three", n=3, status="failed")]
    comparison = compared(trials, trials)
    assert [pair.verdict for pair in comparison.pairs] == ["no change"] * 3
    assert {pair.content for pair in comparison.pairs} == {"same"}
    assert comparison.regressions == comparison.improvements == ()


TRIALS = [
    *repeats("one", n=6),
    *repeats("two", place=1, n=6, ttft=0.7),
    *repeats("two", place=1, n=6, model="glm-4.5", text="Other"),
    *repeats("three", place=2, n=2, status="failed"),
]
HEAD = [*repeats("one", n=6, ttft=0.9), *TRIALS[6:18]]


@given(st.permutations(TRIALS), st.permutations(HEAD))
def test_the_order_of_trials_does_not_matter(base, head):
    assert compared(base, head) == compared(TRIALS, HEAD)


def test_a_case_is_as_failed_here_as_in_the_run_that_its_failure_stopped():
    base = repeats(n=2, min_pass=1)
    head = [base[0], replace(base[1], status="failed")]
    left_out = make_trial(case="two", status="skipped", skipped=STOPPED_BY_A_FAILURE)
    assert compared(base, head).regressions == ()
    assert compared(base, [*head, left_out]).regressions == (
        "small/one@glm-4: passed 2 of 2, now 1 of 2",
    )


def test_a_base_of_next_to_nothing_has_no_percentage():
    tiny = [replace(t, timing=replace(t.timing, ttft_s=1e-320)) for t in repeats()]
    (pair,) = compared(tiny, repeats()).pairs
    change = pair.changes[0]
    assert (change.verdict, change.relative) == ("regressed", None)
