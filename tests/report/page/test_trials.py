"""What a page says of each trial, and of which trials it says everything."""

import pytest
from results.support import make_result, make_trial, make_turn

from glmbench.checks.result import CheckResult
from glmbench.measure.timing import Timing
from glmbench.report.page import trials
from glmbench.report.page.trials import is_troubled, view_trials
from glmbench.results.model import CassetteOutcome, ErrorOutcome
from glmbench.results.timeline import Timeline

MISSING = CassetteOutcome(path="c/one.yaml", verdict="MISS", reason="there is no cassette")


def check(name, expected="", status="failed"):
    return CheckResult(name=name, status=status, expected=expected, got="something else")


@pytest.mark.parametrize(
    ("changes", "as_expected"),
    [
        ({}, True),
        ({"expected_finish_reason": ("length", None)}, True),
        ({"status": "failed"}, True),
        ({"status": "failed", "finish_reason": "length"}, False),
        ({"status": "failed", "expected_finish_reason": None}, True),
        ({"status": "error", "finish_reason": None, "error": ErrorOutcome(type="KeyError")}, False),
    ],
)
def test_an_ending_is_as_expected_where_no_check_of_it_failed(changes, as_expected):
    (view,) = view_trials(make_result([make_trial(**changes)]))
    assert view.as_expected == as_expected


def test_a_trial_is_named_by_its_suite_only_where_there_are_several():
    one = view_trials(make_result([make_trial()]))
    two = view_trials(make_result([make_trial(), make_trial(suite="large")]))
    assert [view.name for view in one] == ["one@glm-4@1"]
    assert [view.name for view in two] == ["small/one@glm-4@1", "large/one@glm-4@1"]
    assert two[1].place == "large.yaml:5"


def test_the_error_of_a_trial_is_said_once():
    foreign = make_trial(status="error", error=ErrorOutcome(type="KeyError"), verdict="LIVE")
    own = make_trial(repeat=2, status="error", error=ErrorOutcome(type="StallError", message="no"))
    tape = make_trial(
        repeat=3,
        status="error",
        cassette=MISSING,
        error=ErrorOutcome(type="CassetteMissError", message="there is no cassette"),
    )
    expected = make_trial(repeat=4, error=ErrorOutcome(type="RateLimitedError", message="wait"))
    result = make_result([foreign, own, tape, expected], details={"small/one@glm-4@1": "'choices'"})
    views = view_trials(result)
    assert [view.error for view in views] == ["KeyError: 'choices'", "StallError: no", "", ""]
    assert [is_troubled(view.trial) for view in views] == [True, True, True, False]


def test_unmet_checks_are_named_by_turn_where_there_are_several():
    turns = (make_turn(checks=(check("a", status="passed"),)), make_turn(checks=(check("b"),)))
    (view,) = view_trials(make_result([make_trial(status="failed", turns=turns)]))
    assert [(number, each.name) for number, each in view.unmet] == [(2, "b")]
    (view,) = view_trials(make_result([make_trial(status="failed", turns=turns[1:])]))
    assert [(number, each.name) for number, each in view.unmet] == [(None, "b")]


def test_a_bar_is_the_wait_for_the_first_token_and_the_rest():
    def timed(repeat, **timing):
        return make_trial(repeat=repeat, timing=Timing(source="live", **timing))

    views = view_trials(
        make_result(
            [
                timed(1, ttft_s=0.5, total_s=2.0),
                timed(2, total_s=1.0),
                timed(3),
                timed(4, ttft_s=0.1, total_s=60.0),
            ]
        )
    )
    assert [(view.waiting, view.streaming) for view in views] == [
        ("25.00%", "75.00%"),
        ("50.00%", "0.00%"),
        (None, None),
        ("5.00%", "95.00%"),
    ]


def with_reads(repeat, reads, **changes):
    turn = make_turn(timeline=Timeline(reads=" ".join(["10/1/1/0/0"] * reads)))
    return make_trial(repeat=repeat, turns=(turn,), **changes)


def test_all_trials_are_shown_whole_while_there_is_room():
    views = view_trials(make_result([with_reads(n, 10) for n in range(1, 4)]))
    assert [view.anchor for view in views] == ["t1", "t2", "t3"]
    assert [view.turns[0].waterfall.listed for view in views] == ["10 reads"] * 3


def test_where_there_is_no_room_the_troubled_come_first_and_then_the_slowest(monkeypatch):
    monkeypatch.setattr(trials, "MOST_READS", 30)
    views = view_trials(
        make_result(
            [
                with_reads(1, 10, timing=Timing(source="live", total_s=2.0)),
                with_reads(2, 10, timing=Timing(source="live", total_s=9.0)),
                with_reads(3, 10, status="failed"),
                with_reads(4, 10, timing=Timing(source="live", total_s=3.0)),
            ]
        )
    )
    assert [view.anchor for view in views] == [None, "t2", "t3", "t4"]
    assert [view.turns[0].waterfall is None for view in views] == [True, False, False, False]


def test_there_is_a_limit_to_trials_without_reads_too(monkeypatch):
    monkeypatch.setattr(trials, "MOST_DETAILS", 2)
    views = view_trials(make_result([make_trial(repeat=n) for n in range(1, 5)]))
    assert [view.anchor for view in views] == ["t1", "t2", None, None]


def test_a_very_long_text_is_cut_and_says_how_much_is_left_out(monkeypatch):
    monkeypatch.setattr(trials, "MOST_CHARACTERS", 4)
    (view,) = view_trials(make_result([make_trial(text="Hello!", reasoning="Hm")]))
    (turn,) = view.turns
    assert (turn.text.text, turn.text.left_out) == ("Hell", 2)
    assert (turn.reasoning.text, turn.reasoning.left_out) == ("Hm", 0)
