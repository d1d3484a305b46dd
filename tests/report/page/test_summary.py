"""What came of a run, in words, and how its figures lie."""

import pytest
from results.support import make_result, make_trial, make_turn

from glmbench.checks.result import CheckResult
from glmbench.measure.timing import Timing
from glmbench.report.page.summary import (
    HEADINGS,
    SYMBOLS,
    view_finishes,
    view_latency,
    view_sources,
    view_verdict,
)
from glmbench.report.page.trials import view_trials
from glmbench.results.judge import Exit
from glmbench.results.model import STATUSES, Caveat, ErrorOutcome
from glmbench.results.timeline import Timeline

ERROR = ErrorOutcome(type="KeyError")


@pytest.mark.parametrize(
    ("result", "heading", "tone", "exit_code"),
    [
        (make_result([make_trial()]), "Passed", "passed", 0),
        (make_result([make_trial(status="failed")]), "Failed", "failed", 1),
        (make_result([make_trial(status="error", error=ERROR)]), "Provider failed", "failed", 5),
        (
            make_result([make_trial(status="error", verdict="MISS")]),
            "Recordings at fault",
            "failed",
            6,
        ),
        (make_result([make_trial(status="skipped")]), "Not measured", "unmeasured", 7),
        (make_result([], interrupted=True), "Interrupted", "unmeasured", 130),
    ],
)
def test_the_heading_says_what_the_exit_code_says(result, heading, tone, exit_code):
    verdict = view_verdict(result)
    assert (verdict.heading, verdict.tone, verdict.exit_code) == (heading, tone, exit_code)


def test_every_exit_code_that_a_run_may_have_has_words():
    outside = {Exit.USAGE, Exit.INVALID, Exit.BUG, Exit.TERMINATED}
    assert set(HEADINGS) == set(Exit) - outside


def test_every_status_has_a_symbol():
    assert set(STATUSES) <= set(SYMBOLS)


def test_a_strict_run_that_failed_by_a_warning_says_so():
    warning = Caveat(trials=("small/one@glm-4@1",), words="no timing")
    verdict = view_verdict(make_result([make_trial()], strict=True, warnings=(warning,)))
    assert (verdict.exit_code, verdict.sentence) == (
        1,
        "There are warnings, and --strict counts them as failures.",
    )


def test_statuses_are_counted_where_there_are_any():
    verdict = view_verdict(make_result([make_trial(), make_trial(repeat=2, status="failed")]))
    assert (verdict.trials, verdict.counts) == ("2 trials", (("passed", 1), ("failed", 1)))


def test_sources_are_never_added_up():
    result = make_result(
        [make_trial(), make_trial(repeat=2), make_trial(repeat=3, origin="emulator")]
    )
    assert view_sources(result) == (
        "1 trial recorded from the emulator, not measured now",
        "2 trials recorded, not measured now",
    )


def test_finish_reasons_are_counted_by_what_was_expected_frequent_ones_first():
    check = CheckResult(name="text", status="failed", expected="a", got="b")
    views = view_trials(
        make_result(
            [
                make_trial(expected_finish_reason=("length",), finish_reason="length"),
                make_trial(repeat=2),
                make_trial(repeat=3, status="failed", checks=(check,)),
                make_trial(repeat=4, status="failed", finish_reason="length"),
                make_trial(repeat=5, status="skipped"),
            ]
        )
    )
    matrix = view_finishes(views)
    assert matrix.got == ("length", "stop")
    assert matrix.rows == (
        ("stop", ((1, False), (2, True))),
        ("length", ((1, True), (0, False))),
    )
    assert view_finishes(view_trials(make_result([]))) is None


def streamed(repeat, ttft_s, *gaps_us):
    reads = " ".join(f"{gap}/9/1/1/0" for gap in (round(ttft_s * 1e6), *gaps_us))
    turn = make_turn(text="a" * (len(gaps_us) + 1), timeline=Timeline(reads=reads))
    timing = Timing(source="live", ttft_s=ttft_s, total_s=9.0)
    return make_trial(repeat=repeat, timing=timing, turns=(turn, turn))


def test_first_tokens_and_the_gaps_of_first_turns_are_drawn_those_of_the_base_above():
    head = make_result([streamed(1, 0.3, 20_000, 40_000), streamed(2, 0.5, 30_000)])
    base = make_result([streamed(1, 0.2, 10_000)])
    (alone,) = view_latency(head, None)
    assert alone.words == "measured live"
    assert [(plot.title, [row.words for row in plot.rows]) for plot in alone.plots] == [
        ("Time to first token", ["2 trials from 300 ms to 500 ms, median 300 ms"]),
        ("Gaps between reads", ["3 gaps from 20 ms to 40 ms, median 30 ms"]),
    ]
    (beside,) = view_latency(head, base)
    assert [[(row.name, row.n) for row in plot.rows] for plot in beside.plots] == [
        [("base", 1), ("head", 2)],
        [("base", 1), ("head", 3)],
    ]


def test_a_base_of_another_source_is_not_drawn_beside():
    recorded = make_result([make_trial()])
    (view,) = view_latency(make_result([streamed(1, 0.3, 20_000)]), recorded)
    assert [[row.name for row in plot.rows] for plot in view.plots] == [["head"], ["head"]]
