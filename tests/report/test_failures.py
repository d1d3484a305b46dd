"""A failure says where, what was expected, what came, and how to see it again."""

from __future__ import annotations

import pytest
from results.support import make_result, make_trial, make_turn

from glmbench.checks.evaluate import CheckResult
from glmbench.report.failures import command_of, render_failures
from glmbench.report.style import PLAIN, Style
from glmbench.results.model import ErrorOutcome

VERBOSE = Style(verbosity=1)
CHECK = CheckResult(name="text.contains", status="failed", expected='"x"', got='"y"')


def drawn(*trials, style=PLAIN, **changes):
    return render_failures(make_result(trials, **changes), style)


def command(trial, **environment):
    result = make_result([trial], environment=environment)
    return command_of(trial, result.suites[0], result)


def test_what_passed_or_was_skipped_is_no_failure():
    skipped = make_trial(status="skipped", skipped="x")
    assert drawn(make_trial(), skipped, make_trial(status="interrupted")) == [
        "INTERRUPTED one@glm-4@1\n  at small.yaml:5\n  again: glmbench run small.yaml --case one"
    ]


def test_a_failure_has_its_checks_its_fault_and_its_command():
    trial = make_trial(status="failed", checks=(CHECK,), fault="{cut_after: 3, kind: reset}")
    assert drawn(trial)[0] == (
        "FAILED one@glm-4@1\n"
        "  at small.yaml:5\n"
        "  with the fault {cut_after: 3, kind: reset}\n"
        "  text.contains failed\n"
        '    expected "x"\n'
        '    got      "y"\n'
        "  again: glmbench run small.yaml --case one"
    )


def test_the_turn_is_named_where_there_are_several():
    turns = (make_turn(), make_turn(status="failed", checks=(CHECK,)))
    assert (
        "\n  turn 2: text.contains failed\n" in drawn(make_trial(status="failed", turns=turns))[0]
    )


def test_repeats_that_failed_in_the_same_words_are_told_once():
    alike = [make_trial(repeat=n, status="failed", checks=(CHECK,)) for n in range(1, 7)]
    other = make_trial(repeat=7, status="failed", checks=(CHECK, CHECK))
    another = make_trial(case="two", status="failed", checks=(CHECK,))
    first, second, third = drawn(*alike, other, another)
    assert first.splitlines()[0] == "FAILED one@glm-4@1"
    assert first.splitlines()[-2:] == [
        "  the same in one@glm-4@2, one@glm-4@3, one@glm-4@4, and 2 more",
        "  again: glmbench run small.yaml --case one",
    ]
    assert [second.splitlines()[0], third.splitlines()[0]] == [
        "FAILED one@glm-4@7",
        "FAILED two@glm-4@1",
    ]
    assert "one@glm-4@4, one@glm-4@5, one@glm-4@6\n" in drawn(*alike, style=VERBOSE)[0]


def test_in_a_replay_the_repeat_that_failed_is_among_those_that_run_again():
    assert command(make_trial(repeat=3)) == "glmbench run small.yaml --case one --repeat 3"
    assert command(make_trial(repeat=3, verdict="LIVE"), mode="live") == (
        "glmbench run small.yaml --case one --mode live"
    )


def test_the_reason_of_a_cassette_is_not_said_twice():
    error = ErrorOutcome(type="CassetteMissError", message="There is no file c.yaml.")
    trial = make_trial(status="error", verdict="MISS", reason=error.message, error=error)
    assert drawn(trial)[0].splitlines()[2:-1] == ["  MISS: There is no file c.yaml."]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, ""),
        ({"profile": "ci"}, " --profile ci"),
        ({"mode": "replay", "timing": "4x"}, " --timing 4x"),
        ({"mode": "replay", "timing": "recorded"}, ""),
        ({"mode": "live", "connect_to": "h:1"}, ""),
        (
            {"fault": "{refuse: true}", "reframe": "byte"},
            " --fault '{refuse: true}' --reframe byte",
        ),
    ],
)
def test_the_command_has_the_options_that_matter(environment, words):
    assert command(make_trial(), **environment) == f"glmbench run small.yaml --case one{words}"


def test_what_was_asked_live_is_asked_live_again():
    assert command(make_trial(verdict="LIVE"), mode="live", connect_to="h:1") == (
        "glmbench run small.yaml --case one --mode live --connect-to h:1"
    )


def test_what_was_not_saved_is_recorded_again_and_not_replayed():
    unsaved = make_trial(status="error", verdict="MISS", reason="Not saved: it is incomplete.")
    assert command(unsaved, mode="record", connect_to="h:1") == (
        "glmbench run small.yaml --case one --mode record --connect-to h:1"
    )
    assert command(unsaved, mode="replay") == "glmbench run small.yaml --case one"


def test_nothing_in_a_failure_steers_a_terminal_or_breaks_its_line():
    bad = "a\x1b[31m\nb"
    check = CheckResult(name=bad, status="failed", expected=bad, got=bad)
    error = ErrorOutcome(type=bad, message=bad)
    trial = make_trial(
        case=bad, status="error", verdict="LIVE", error=error, checks=(check,), fault=bad
    )
    text = drawn(trial)[0]
    assert "\x1b" not in text
    assert len(text.splitlines()) == 8


def test_only_the_status_is_painted_and_html_is_escaped():
    trial = make_trial(case="<b>", status="failed", checks=(CHECK,))
    assert drawn(trial, style=Style(colour=True))[0].startswith(
        "\x1b[31mFAILED\x1b[0m <b>@glm-4@1\n  at "
    )
    assert drawn(trial, style=Style(table_format="html"))[0].startswith("FAILED &lt;b&gt;@")
