"""JUnit XML as build servers read it, whatever texts are in it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from junitparser import Error, Failure, JUnitXml, Skipped
from report.hostile import HOSTILE, make_hostile_result
from report.made import ANY_TEXT, UNMET, gate, results
from results.support import make_result, make_trial, make_turn

from glmbench.measure.timing import Timing
from glmbench.report.junit import render_junit
from glmbench.results.judge import Exit, decide
from glmbench.results.model import Caveat, ErrorOutcome, Leak

# XML 1.0, section 2.2: no other character may stand in a document, not even as a reference.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(result):
    return JUnitXml.fromstring(render_junit(result).encode())


def cases_of(result):
    return {case.name: case for suite in read(result) for case in suite}


def test_a_suite_is_a_testsuite_with_its_counts_and_its_time():
    trials = [
        make_trial(),
        make_trial(case="two", status="failed", checks=(UNMET,)),
        make_trial(case="three", status="error", error=ErrorOutcome(type="ValueError")),
        make_trial(case="four", status="skipped", skipped="x", timing=Timing(source="none")),
    ]
    (suite,) = read(make_result(trials, environment={"started_at": "2026-11-22T10:00:00Z"}))
    assert (suite.name, suite.timestamp) == ("small", "2026-11-22T10:00:00Z")
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (4, 1, 1, 1)
    assert suite.time == 4.5


def test_the_whole_counts_all_suites():
    trials = [make_trial(), make_trial(suite="other", status="failed", checks=(UNMET,))]
    whole = read(make_result(trials, gates=(gate("failed"),)))
    assert (whole.tests, whole.failures, whole.errors, whole.skipped) == (3, 2, 0, 0)
    assert [suite.name for suite in whole] == ["small", "other", "thresholds"]


def test_a_trial_is_a_testcase_at_its_line_with_its_figures_and_its_answer():
    case = cases_of(make_result([make_trial(tags=("zh",))]))["one@glm-4@1"]
    assert (case.classname, case.time, case.result) == ("small", 1.5, [])
    element = ET.fromstring(case.tostring())
    assert (element.get("file"), element.get("line")) == ("small.yaml", "5")
    assert {each.get("name"): each.get("value") for each in element.iter("property")} == {
        "timing_source": "recorded",
        "origin": "live",
        "ttft_s": "0.25",
        "total_s": "1.5",
        "decode_tps": "32.0",
        "token_source": "estimate",
        "finish_reason": "stop",
        "native_finish_reason": "finish",
        "verdict": "HIT",
        "tags": "zh",
    }
    assert case.system_out == "Hello"


def test_several_turns_show_every_answer():
    turns = (make_turn(text="yes"), make_turn(text="no"))
    case = cases_of(make_result([make_trial(turns=turns)]))["one@glm-4@1"]
    assert case.system_out == "turn 1:\nyes\nturn 2:\nno"


def test_a_failure_has_the_first_unmet_check_and_then_all_of_it():
    trial = make_trial(status="failed", checks=(UNMET,))
    (found,) = cases_of(make_result([trial]))["one@glm-4@1"].result
    assert (type(found), found.type) == (Failure, "failed")
    assert found.message == "finish_reason: expected stop, got length"
    assert found.text.splitlines() == [
        "finish_reason failed",
        "  expected stop",
        "  got      length",
        "again: glmbench run small.yaml --case one",
    ]


@pytest.mark.parametrize(
    ("trial", "kind", "type_", "message"),
    [
        (
            make_trial(status="error", verdict="MISS", reason="No file."),
            Error,
            "MISS",
            "MISS: No file.",
        ),
        (
            make_trial(status="error", error=ErrorOutcome(type="AuthError", message="no key")),
            Error,
            "AuthError",
            "AuthError: no key",
        ),
        (make_trial(status="unmeasured"), Error, "unmeasured", "unmeasured"),
        (make_trial(status="skipped", skipped="too dear"), Skipped, "skipped", "too dear"),
        (make_trial(status="interrupted"), Skipped, "interrupted", "interrupted"),
    ],
)
def test_what_did_not_pass_is_told_apart(trial, kind, type_, message):
    (found,) = cases_of(make_result([trial]))["one@glm-4@1"].result
    assert (type(found), found.type, found.message) == (kind, type_, message)


def test_what_fails_a_run_beside_its_trials_has_test_suites_of_its_own():
    result = make_result(
        [make_trial()],
        strict=True,
        gates=(gate("failed"),),
        leaks=(Leak(place="c.yaml: body", words="looks like a key"),),
        regressions=("one: ttft 1 s, now 2 s",),
        warnings=(Caveat(trials=("small/one@glm-4@1",), words="no timing"),),
    )
    whole = read(result)
    assert [suite.name for suite in whole] == [
        "small",
        "credentials",
        "warnings",
        "thresholds",
        "regressions",
    ]
    assert [suite.failures + suite.errors for suite in whole] == [0, 1, 1, 1, 1]


@given(results)
def test_junit_is_red_if_and_only_if_the_exit_code_is_not_zero(result):
    whole = read(result)
    found = [each for suite in whole for case in suite for each in case.result]
    red = any(isinstance(each, (Failure, Error)) for each in found)
    assert red == (decide(result) is not Exit.OK)
    assert red == (whole.failures + whole.errors > 0)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_stay_texts(text):
    result = make_hostile_result(text)
    xml = render_junit(result)
    assert FORBIDDEN.findall(xml) == []
    root = ET.fromstring(xml)
    # The case of two turns shows at least which turn is which.
    assert {element.tag for element in root.iter()} == {
        "testsuites",
        "testsuite",
        "testcase",
        "properties",
        "property",
        "failure",
        "error",
        "skipped",
        "system-out",
    }
    assert [len(list(suite)) for suite in read(result)] == [4, 1, 1, 1]


@given(ANY_TEXT)
def test_any_answer_is_read_back_or_shown_by_its_escapes(text):
    xml = render_junit(make_result([make_trial(text=f"<{text}>")]))
    assert FORBIDDEN.findall(xml) == []
    shown = ET.fromstring(xml).findtext("testsuite/testcase/system-out")
    harmless = not FORBIDDEN.search(text) and text.isprintable()
    assert not harmless or shown == f"<{text}>"
