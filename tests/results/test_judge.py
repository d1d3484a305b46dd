"""Statuses follow from checks and verdicts, exit codes from statuses: the whole table."""

from __future__ import annotations

import pytest
from results.support import make_result, make_trial

from glmbench.cassettes.verdict import Finding
from glmbench.checks.evaluate import CheckResult
from glmbench.measure.observation import Failure
from glmbench.results.cases import STOPPED_BY_A_FAILURE
from glmbench.results.judge import Exit, decide, judge, summarize
from glmbench.results.model import Caveat, GateResult, Leak
from glmbench.suites.expect import ErrorExpect, Expect

HIT = Finding(verdict="HIT")
STOP = Expect(finish_reason=("stop",))
QUOTA = Expect(error=ErrorExpect(type="QuotaExceededError"))


def check(status):
    return CheckResult(name="text.equals", status=status, expected="a", got="b")


def failure(kind="QuotaExceededError", *, ours=True):
    return Failure(type=kind, message="", expected_kind=ours)


@pytest.mark.parametrize(
    ("expect", "failed_with", "checks", "verdict", "status"),
    [
        (STOP, None, ["passed", "passed"], "HIT", "passed"),
        (STOP, None, [], "LIVE", "passed"),
        (STOP, None, ["passed", "failed", "unmeasured"], "HIT", "failed"),
        (STOP, None, ["passed", "unmeasured"], "HIT", "unmeasured"),
        (STOP, failure(), [], "HIT", "error"),
        (STOP, failure("ValueError", ours=False), [], "HIT", "error"),
        (QUOTA, failure(), ["passed"], "HIT", "passed"),
        (QUOTA, failure("AuthError"), ["failed"], "HIT", "error"),
        (QUOTA, failure("ValueError", ours=False), [], "HIT", "error"),
        (QUOTA, None, ["failed"], "HIT", "failed"),
        (Expect(finish_reason=(None,)), failure(), [], "HIT", "passed"),
        (STOP, None, ["passed"], "RECORDED", "passed"),
        (STOP, None, ["passed"], "MISS", "error"),
        (STOP, None, ["failed"], "STALE", "error"),
        (STOP, None, ["passed"], "UNUSED", "error"),
        (QUOTA, failure(), ["passed"], "DAMAGED", "error"),
    ],
)
def test_a_trial_gets_its_status(expect, failed_with, checks, verdict, status):
    made = [check(name) for name in checks]
    assert judge(expect, failed_with, made, Finding(verdict=verdict)) == status


@pytest.mark.parametrize(
    ("trials", "code"),
    [
        ([("passed", "HIT")], Exit.OK),
        ([], Exit.UNMEASURED),
        ([("passed", "HIT"), ("unmeasured", "HIT")], Exit.UNMEASURED),
        ([("error", "HIT"), ("unmeasured", "HIT")], Exit.PROVIDER),
        ([("failed", "HIT"), ("error", "HIT")], Exit.FAILED),
        ([("failed", "HIT"), ("error", "MISS")], Exit.CASSETTE),
        ([("error", "STALE")], Exit.CASSETTE),
        ([("error", "DAMAGED")], Exit.CASSETTE),
        ([("error", "UNUSED")], Exit.CASSETTE),
    ],
)
def test_a_run_gets_the_first_exit_code_that_applies(trials, code):
    made = [make_trial(status=status, verdict=verdict) for status, verdict in trials]
    assert decide(make_result(made)) == code


def test_an_interrupted_run_is_130_whatever_else_happened():
    trial = make_trial(status="failed", verdict="MISS")
    assert decide(make_result([trial], interrupted=True)) == 130


def test_the_summary_counts_every_status_and_the_verdicts_that_came():
    trials = [make_trial(status="passed"), make_trial(status="error", verdict="MISS")]
    summary = summarize(make_result(trials))
    assert summary.trials == 2
    assert summary.statuses == {
        "passed": 1,
        "failed": 0,
        "error": 1,
        "unmeasured": 0,
        "skipped": 0,
        "interrupted": 0,
    }
    assert summary.verdicts == {"HIT": 1, "MISS": 1}
    assert summary.exit_code == 6


def test_something_secret_in_what_was_written_is_a_cassettes_fault():
    leaks = (Leak(place="c/one.yaml", words="looks like a key"),)
    failed = make_trial(status="failed")
    assert decide(make_result([failed], leaks=leaks)) == Exit.CASSETTE


def test_warnings_fail_a_run_only_when_it_is_strict():
    caveats = (Caveat(trials=("small/one@glm-4@1",), words="old"),)
    assert decide(make_result([make_trial()], warnings=caveats)) == Exit.OK
    assert decide(make_result([make_trial()], warnings=caveats, strict=True)) == Exit.FAILED
    assert decide(make_result([make_trial()], strict=True)) == Exit.OK


def test_a_run_that_skipped_everything_measured_nothing():
    skipped = make_trial(status="skipped")
    assert decide(make_result([skipped])) == Exit.UNMEASURED
    assert decide(make_result([skipped, make_trial()])) == Exit.OK


def test_a_flaky_case_fails_no_run_and_a_failed_one_does():
    def repeats(*statuses):
        return [
            make_trial(status=status, repeat=number, min_pass=2)
            for number, status in enumerate(statuses, start=1)
        ]

    assert decide(make_result(repeats("passed", "failed", "passed"))) == Exit.OK
    assert decide(make_result(repeats("passed", "error", "passed"))) == Exit.OK
    assert decide(make_result(repeats("passed", "failed", "failed"))) == Exit.FAILED
    assert decide(make_result(repeats("passed", "error", "unmeasured"))) == Exit.PROVIDER


def test_what_is_wrong_with_a_cassette_is_no_matter_of_how_many_passed():
    trials = [make_trial(min_pass=1), make_trial(status="error", verdict="MISS", repeat=2)]
    assert decide(make_result(trials)) == Exit.CASSETTE


def test_a_threshold_that_only_warns_fails_a_strict_run():
    warned = GateResult(suite="s", text="t", status="failed", got="", n=1, severity="warn")
    assert decide(make_result([make_trial()], gates=(warned,))) == Exit.OK
    assert decide(make_result([make_trial()], gates=(warned,), strict=True)) == Exit.GATE


def test_a_regression_against_the_baseline_is_a_broken_gate():
    result = make_result([make_trial()], regressions=("ttft 100 ms, now 200 ms",))
    assert decide(result) == Exit.GATE


def test_a_failure_that_stopped_the_run_is_not_made_up_for_by_other_repeats():
    repeats = [make_trial(min_pass=1), make_trial(status="failed", repeat=2, min_pass=1)]
    left_out = make_trial(case="two", status="skipped", skipped=STOPPED_BY_A_FAILURE)
    assert decide(make_result([*repeats, left_out])) == Exit.FAILED


def test_a_trial_that_was_interrupted_makes_no_run_green():
    assert decide(make_result([make_trial(), make_trial(case="2", status="interrupted")])) == 130


def test_a_gate_that_had_nothing_to_compare_is_not_green():
    assert decide(make_result([make_trial()], uncompared=True)) == Exit.UNMEASURED
    assert decide(make_result([make_trial(status="failed")], uncompared=True)) == Exit.FAILED
