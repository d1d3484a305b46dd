"""The repeats of a case make it passed, flaky or failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.results.cases import STOPPED_BY_A_FAILURE, CaseResult, group_cases


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a case is made from, of a trial."""

    status: Any = "passed"
    suite: str = "small"
    case: str = "one"
    model: str = "glm-4"
    min_pass: int | None = None
    skipped: str | None = None


def status_of(statuses, min_pass=None):
    (case,) = group_cases([Row(status=status, min_pass=min_pass) for status in statuses])
    return case.status


@pytest.mark.parametrize(
    ("statuses", "min_pass", "status"),
    [
        (["passed"], None, "passed"),
        (["passed", "passed"], 1, "passed"),
        (["passed", "failed"], None, "failed"),
        (["passed", "failed"], 1, "flaky"),
        (["passed", "error"], 1, "flaky"),
        (["passed", "unmeasured"], 1, "flaky"),
        (["passed", "failed", "failed"], 2, "failed"),
        (["failed"], 1, "failed"),
        (["unmeasured"], None, "failed"),
        (["passed", "interrupted"], 2, "passed"),
        (["passed", "failed", "skipped"], 2, "failed"),
        (["skipped", "skipped"], 1, "skipped"),
        (["interrupted"], None, "skipped"),
    ],
)
def test_a_case_has_the_state_of_its_repeats(statuses, min_pass, status):
    assert status_of(statuses, min_pass) == status


def test_a_case_counts_what_was_run():
    rows = [Row(status=s, min_pass=2) for s in ("passed", "failed", "passed", "skipped")]
    assert group_cases(rows) == (
        CaseResult(
            suite="small",
            case="one",
            model="glm-4",
            status="flaky",
            passed=2,
            trials=3,
            min_pass=2,
        ),
    )


def test_cases_are_those_of_a_suite_and_a_model_in_order_of_appearance():
    rows = [
        Row(case="two"),
        Row(case="one", status="failed"),
        Row(case="two", model="glm-4-flash"),
        Row(case="one", suite="other"),
        Row(case="two"),
    ]
    assert [(c.suite, c.case, c.model, c.status, c.trials) for c in group_cases(rows)] == [
        ("small", "two", "glm-4", "passed", 2),
        ("small", "one", "glm-4", "failed", 1),
        ("small", "two", "glm-4-flash", "passed", 1),
        ("other", "one", "glm-4", "passed", 1),
    ]


def test_no_trials_make_no_cases():
    assert group_cases([]) == ()


@given(st.lists(st.sampled_from(["passed", "failed"]), min_size=1), st.integers(1, 10))
def test_one_more_pass_never_makes_a_case_worse(statuses, min_pass):
    worst_first = ["failed", "flaky", "passed"]
    before = worst_first.index(status_of(statuses, min_pass))
    assert worst_first.index(status_of([*statuses, "passed"], min_pass)) >= before


def test_no_case_is_flaky_in_a_run_that_a_failure_stopped():
    rows = [Row(status=status, min_pass=1) for status in ("passed", "failed")]
    left_out = Row(case="two", status="skipped", skipped=STOPPED_BY_A_FAILURE)
    assert [case.status for case in group_cases([*rows, left_out])] == ["failed", "skipped"]
    budget = Row(case="two", status="skipped", skipped="another reason")
    assert [case.status for case in group_cases([*rows, budget])] == ["flaky", "skipped"]
