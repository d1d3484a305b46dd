"""Every trial has a line whose name tells it from the others."""

from __future__ import annotations

from results.support import make_trial, make_turn
from wcwidth import wcswidth

from glmbench.checks.evaluate import CheckResult
from glmbench.report.casetables import (
    checks_of,
    render_cases,
    render_checks,
    render_faults,
    render_repeats,
)
from glmbench.report.style import Style

STOP = CheckResult(name="finish_reason", status="passed", expected="stop", got="stop")
TTFT = CheckResult(name="latency.ttft", status="failed", expected="< 2s", got="3s", note="recorded")


def names(drawn):
    return [line.split()[0] for line in drawn.splitlines()[3:]]


def test_a_trial_is_named_by_as_much_as_tells_it_from_the_others():
    trials = [
        make_trial(case="alone"),
        make_trial(case="twice"),
        make_trial(case="twice", repeat=2),
        make_trial(case="models"),
        make_trial(case="models", model="glm-4-plus"),
    ]
    assert names(render_cases(trials)) == [
        "alone",
        "twice@glm-4@1",
        "twice@glm-4@2",
        "models@glm-4",
        "models@glm-4-plus",
    ]


def test_a_long_name_keeps_the_end_in_which_repeats_differ():
    trials = [make_trial(case="c" * 40, model="m" * 40, repeat=n) for n in (1, 2)]
    drawn = render_cases(trials)
    assert [name[-2:] for name in names(drawn)] == ["@1", "@2"]
    assert max(map(wcswidth, drawn.splitlines())) <= 80


def test_each_suite_has_its_table():
    drawn = render_cases([make_trial(), make_trial(suite="other", case="long-name")])
    assert [line for line in drawn.splitlines() if line.startswith("Cases")] == [
        "Cases of small",
        "Cases of other",
    ]


def test_statuses_and_verdicts_are_painted_and_stay_in_line():
    trials = [make_trial(), make_trial(case="two", status="error", verdict="MISS")]
    plain = render_cases(trials)
    painted = render_cases(trials, Style(colour=True))
    assert "\x1b[31merror\x1b[0m   " in painted
    assert "\x1b[31mMISS\x1b[0m" in painted
    for code in ("0", "1", "31", "32"):
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted == plain


def test_a_table_for_another_document_is_neither_cut_nor_painted():
    style = Style(table_format="tsv", colour=True)
    drawn = render_cases([make_trial(case="c" * 90)], style)
    assert "c" * 90 in drawn
    assert "\x1b" not in drawn


def test_repeats_have_the_interval_of_their_rate():
    trials = [
        make_trial(repeat=n, status="passed" if n else "failed", min_pass=7) for n in range(10)
    ]
    assert render_repeats(trials).splitlines() == [
        "Repeats",
        "case   passed  95 % interval  needed  status",
        "----  -------  -------------  ------  ------",
        "one   9 of 10        60–98 %       7  flaky",
    ]


def test_names_with_models_only_where_there_are_several():
    trials = [make_trial(repeat=n, model=m) for n in (1, 2) for m in ("a", "b")]
    assert names(render_repeats(trials)) == ["one@a", "one@b"]


def test_a_case_that_was_run_once_has_no_repeats():
    assert render_repeats([make_trial()]) == ""


def test_a_long_fault_leaves_room_for_the_case():
    drawn = render_faults([make_trial(case="长" * 50, fault="{cut_after: 3, kind: reset}")])
    assert max(map(wcswidth, drawn.splitlines())) <= 80


def test_every_check_is_listed_with_what_it_saw():
    trials = [make_trial(checks=(STOP, TTFT)), make_trial(case="two")]
    assert render_checks(trials).splitlines() == [
        "Checks",
        "one@glm-4@1",
        "  passed finish_reason: expected stop, got stop",
        "  failed latency.ttft: expected < 2s, got 3s (recorded)",
    ]


def test_long_checks_are_folded_in_cells():
    check = CheckResult(name="text.equals", status="passed", expected="你" * 60, got="好" * 60)
    assert max(map(wcswidth, render_checks([make_trial(checks=(check,))]).splitlines())) <= 80


def test_without_checks_there_is_no_list():
    assert render_checks([make_trial()]) == ""


def test_checks_name_their_turn_where_there_are_several():
    turns = (make_turn(checks=(STOP,)), make_turn(checks=(TTFT,)))
    assert list(checks_of(make_trial(turns=turns))) == [("turn 1: ", STOP), ("turn 2: ", TTFT)]
    assert list(checks_of(make_trial(turns=turns[:1]))) == [("", STOP)]
