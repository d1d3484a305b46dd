"""The finish reason that came stands beside the one that was expected."""

from __future__ import annotations

import pytest
from results.support import make_trial
from wcwidth import wcswidth

from glmbench.checks.evaluate import CheckResult
from glmbench.report.endings import both_endings, expected_ending, got_ending, render_endings
from glmbench.report.style import Style
from glmbench.results.model import ErrorOutcome


def errored(kind):
    return make_trial(case=kind, status="error", finish_reason=None, error=ErrorOutcome(type=kind))


def test_an_error_of_ours_is_named_without_its_ending_and_a_foreign_one_in_full():
    assert got_ending(errored("RateLimitedError")) == "RateLimited"
    assert got_ending(errored("ZeroDivisionError")) == "ZeroDivisionError"
    assert got_ending(make_trial(finish_reason=None)) == "-"


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (None, "-"),
        (("stop",), "stop"),
        (("stop", "length"), "stop or length"),
        (("stop", None), "stop or no finish"),
    ],
)
def test_what_is_expected_is_worded(expected, words):
    assert expected_ending(make_trial(expected_finish_reason=expected)) == words


def test_an_expected_error_goes_before_the_finish_reason():
    check = CheckResult(name="error", status="passed", expected="AuthError, status 401", got="")
    assert expected_ending(make_trial(checks=(check,))) == "Auth"


@pytest.mark.parametrize(
    ("trial", "shown"),
    [
        (make_trial(), "stop"),
        (make_trial(status="failed", finish_reason="length"), "length ≠ stop"),
        (make_trial(status="failed"), "stop"),
        (make_trial(status="failed", expected_finish_reason=None), "stop"),
        (make_trial(status="skipped", finish_reason=None), "-"),
    ],
)
def test_both_are_shown_only_where_they_differ(trial, shown):
    assert both_endings(trial) == shown


def test_the_list_stands_in_for_a_matrix_only_where_there_is_no_room():
    kinds = ["IncompleteStreamError", "QuotaExceededError", "ContentRefusedError", "AuthError"]
    trials = [errored(kind) for kind in [*kinds, "ServerFailedError", "ProviderTimeoutError"]]
    drawn = render_endings(trials).splitlines()
    assert drawn[1].split() == ["expected", "got", "n"]
    assert max(map(wcswidth, drawn)) <= 80
    pasted = render_endings(trials, Style(table_format="tsv")).splitlines()
    assert pasted[2].split()[0] == "expected"
    assert pasted[2].count("\t") == 6


def test_a_colourful_matrix_is_a_matrix_all_the_same():
    drawn = render_endings([make_trial()], Style(colour=True)).splitlines()
    assert drawn[0] == "\x1b[1mFinish reasons\x1b[0m"
    assert drawn[3].split() == ["stop", "1"]


def test_without_a_trial_that_was_run_there_is_no_table():
    assert render_endings([make_trial(status="interrupted")]) == ""
