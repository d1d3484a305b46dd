"""A build server shows red if and only if the exit code is not 0."""

from __future__ import annotations

import pytest
from hypothesis import given
from report.made import UNMET, gate, results
from results.support import make_result, make_trial, make_turn

from glmbench.checks.result import CheckResult
from glmbench.report.outcomes import Outcome, exit_words, list_items, red_items
from glmbench.results.judge import Exit, decide
from glmbench.results.model import Caveat, ErrorOutcome, Leak


def outcome_of(result):
    (item,) = list_items(result)
    return item.outcome


@given(results)
def test_something_is_red_if_and_only_if_the_exit_code_is_not_zero(result):
    assert bool(red_items(list_items(result))) == (decide(result) is not Exit.OK)


@given(results)
def test_every_trial_and_threshold_is_an_item(result):
    items = list_items(result)
    assert [item.trial for item in items if item.trial is not None] == list(result.trials)
    assert sum(item.group == "thresholds" for item in items) == len(result.gates)


@given(results)
def test_what_is_red_says_why(result):
    assert [item for item in red_items(list_items(result)) if not item.outcome.words] == []


def test_an_unmet_check_says_what_was_expected_and_what_came():
    trial = make_trial(status="failed", checks=(UNMET,))
    assert outcome_of(make_result([trial])) == Outcome(
        colour="failed",
        kind="failed",
        words="finish_reason: expected stop, got length",
        lines=("finish_reason failed", "  expected stop", "  got      length"),
        again="glmbench run small.yaml --case one",
    )


def test_a_check_of_a_later_turn_says_in_which():
    turns = (make_turn(), make_turn(status="failed", checks=(UNMET,)))
    outcome = outcome_of(make_result([make_trial(status="failed", turns=turns)]))
    assert outcome.words == "turn 2: finish_reason: expected stop, got length"


def test_a_cassette_at_fault_is_an_error_whatever_else_went_wrong():
    trial = make_trial(status="error", verdict="STALE", reason="Another prompt.", checks=(UNMET,))
    outcome = outcome_of(make_result([trial]))
    assert (outcome.colour, outcome.kind) == ("error", "STALE")
    assert outcome.words == "STALE: Another prompt."


@pytest.mark.parametrize(
    ("message", "details", "words"),
    [
        ("slow down", {}, "RateLimitedError: slow down"),
        ("", {"small/one@glm-4@1": "a foreign text"}, "RateLimitedError: a foreign text"),
        ("", {}, "RateLimitedError"),
    ],
)
def test_an_error_is_told_by_its_type_and_its_text(message, details, words):
    error = ErrorOutcome(type="RateLimitedError", message=message)
    outcome = outcome_of(make_result([make_trial(status="error", error=error)], details=details))
    assert (outcome.colour, outcome.kind, outcome.words) == ("error", "RateLimitedError", words)


def test_what_could_not_be_measured_is_not_green():
    check = CheckResult(name="latency.ttft", status="unmeasured", expected="< 2 s", got="no timing")
    outcome = outcome_of(make_result([make_trial(status="unmeasured", checks=(check,))]))
    assert (outcome.colour, outcome.kind) == ("error", "unmeasured")


def test_a_repeat_that_a_flaky_case_can_do_without_is_skipped_with_the_words():
    repeats = [
        make_trial(repeat=1, min_pass=2),
        make_trial(repeat=2, min_pass=2, status="failed", checks=(UNMET,)),
        make_trial(repeat=3, min_pass=2),
    ]
    spared = list_items(make_result(repeats))[1].outcome
    assert (spared.colour, spared.kind) == ("skipped", "flaky")
    assert spared.words == "failed, but 2 of 3 repeats passed, and 2 are enough"
    assert spared.lines[0] == "finish_reason failed"


@pytest.mark.parametrize(
    ("judged", "strict", "colour", "words"),
    [
        (gate("passed"), False, "passed", "got 1.24s (n = 20)"),
        (gate("failed"), False, "failed", "got 1.24s (n = 20)"),
        (gate("failed", "warn"), False, "skipped", "failed, a warning: got 1.24s (n = 20)"),
        (gate("failed", "warn"), True, "failed", "got 1.24s (n = 20)"),
        (gate("unmeasured", got="", note="no values"), False, "error", "no values"),
        (gate("unmeasured", "warn", got=""), True, "skipped", "unmeasured, a warning: unmeasured"),
        (gate("ignored", got="", note="live only"), False, "skipped", "live only"),
    ],
)
def test_a_threshold_is_red_when_it_breaks_the_run(judged, strict, colour, words):
    result = make_result([make_trial()], gates=(judged,), strict=strict)
    outcome = list_items(result)[1].outcome
    assert (outcome.colour, outcome.words) == (colour, words)


def test_a_run_of_nothing_is_red():
    outcome = outcome_of(make_result([]))
    assert outcome == Outcome(colour="error", kind="unmeasured", words="Nothing was run.")


def test_an_interruption_is_red_though_nothing_failed():
    *_, item = list_items(make_result([make_trial()], interrupted=True))
    assert (item.group, item.name, item.outcome.kind) == ("run", "exit code 130", "interrupted")


def test_strict_warnings_are_told_from_unmet_expectations():
    caveat = Caveat(trials=("small/one@glm-4@1",), words="no timing")
    result = make_result([make_trial()], strict=True, warnings=(caveat,))
    assert exit_words(result) == "There are warnings, and --strict counts them as failures."
    failed = make_result([make_trial(status="failed")], strict=True, warnings=(caveat,))
    assert exit_words(failed) == "An expectation failed."


def test_a_credential_is_told_from_a_cassette_at_fault():
    leaks = (Leak(place="c.yaml", words="a key"),)
    result = make_result([make_trial()], leaks=leaks)
    assert exit_words(result) == "Something in what was written looks like a credential."
    missed = make_result([make_trial(status="error", verdict="MISS")], leaks=leaks)
    assert exit_words(missed) == "A cassette is missing, stale, damaged or not fully played."


def test_a_regression_is_red():
    *_, item = list_items(make_result([make_trial()], regressions=("ttft 1 s, now 2 s",)))
    assert (item.group, item.name, item.outcome.colour) == (
        "regressions",
        "ttft 1 s, now 2 s",
        "failed",
    )


def test_what_is_tolerated_is_not_why_a_strict_run_fails():
    trials = [make_trial(min_pass=1), make_trial(status="failed", repeat=2, min_pass=1)]
    weak = Caveat(trials=(trials[0].full_id,), words="weak")
    result = make_result(trials, strict=True, warnings=(weak,))
    assert decide(result) is Exit.FAILED
    assert exit_words(result) == "There are warnings, and --strict counts them as failures."


FLAKY = [make_trial(min_pass=1), make_trial(status="failed", repeat=2, min_pass=1)]


@pytest.mark.parametrize(
    ("trials", "gates", "words"),
    [
        ([make_trial()], (), "Every trial passed and every threshold held."),
        (
            [make_trial(), make_trial(case="two", status="skipped", skipped="why")],
            (gate("passed"),),
            "Every trial that was run passed and every threshold held.",
        ),
        (
            FLAKY,
            (gate("failed", severity="warn"),),
            "Every case passed often enough and no threshold that was judged and counts is broken.",
        ),
    ],
)
def test_a_green_run_says_no_more_than_is_so(trials, gates, words):
    assert exit_words(make_result(trials, gates=gates)) == words
