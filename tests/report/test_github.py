"""What GitHub's runner reads: our commands, ten at most, and none that a text brought."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt
from report.hostile import HOSTILE, make_hostile_result
from report.made import UNMET, gate
from results.support import make_result, make_trial

from glmbench.report.github import MAX_SUMMARY, on_github, render_annotations, step_summary
from glmbench.report.markdown import render_markdown
from glmbench.results.model import ErrorOutcome, Leak


def commands(log):
    """Read a log as the runner does; return the kind, the properties and the text of each command.

    After actions/runner, src/Runner.Common/ActionCommand.cs: a line is a command when it begins
    with two colons after any blanks, or, in the older form, wherever `##[` stands in it.
    """
    found = []
    for line in re.split("\r\n|\r|\n", log):
        stripped = line.lstrip()
        if stripped.startswith("::") and "::" in stripped[2:]:
            head, _, data = stripped[2:].partition("::")
            kind, _, properties = head.partition(" ")
            pairs = [each.split("=", 1) for each in properties.split(",") if each]
            found.append((kind, {name: unescaped(value) for name, value in pairs}, unescaped(data)))
        elif "##[" in line:
            found.append(("old", {}, line))
    return found


def unescaped(text):
    for sign, escape in (("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C"), ("%", "%25")):
        text = text.replace(escape, sign)
    return text


def failed(case="one", **changes):
    return make_trial(case=case, status="failed", checks=(UNMET,), **changes)


def test_a_failed_trial_is_an_error_at_its_line():
    assert render_annotations(make_result([make_trial(case="good"), failed()])) == (
        "::error file=small.yaml,line=5,title=small%3A one@glm-4@1::"
        "finish_reason: expected stop, got length%0Aagain: glmbench run small.yaml --case one\n"
    )


def test_what_passed_says_nothing():
    assert render_annotations(make_result([make_trial()])) == ""


def test_gates_leaks_and_errors_are_errors_too():
    error = ErrorOutcome(type="AuthError", message="no key")
    result = make_result(
        [make_trial(status="error", error=error)],
        gates=(gate("failed"), gate("failed", "warn")),
        leaks=(Leak(place="c.yaml: body", words="looks like a key"),),
    )
    assert [
        (kind, properties["title"], text.partition("\n")[0])
        for kind, properties, text in commands(render_annotations(result))
    ] == [
        ("error", "credentials: c.yaml: body", "looks like a key: do not publish this file"),
        ("error", "small: one@glm-4@1", "AuthError: no key"),
        ("error", "thresholds: small: max(ttft) < 2s", "got 1.24s (n = 20)"),
    ]


def test_after_ten_the_rest_is_counted():
    told = commands(render_annotations(make_result([failed(str(n)) for n in range(12)])))
    assert [kind for kind, _, _ in told] == ["error"] * 10 + ["notice"]
    assert told[-1][2] == "and 2 more failures: see the log"


def test_percent_signs_and_separators_are_read_back():
    result = make_result([failed("a,b: 100%0A=c")])
    ((_, properties, _),) = commands(render_annotations(result))
    assert properties["title"] == "small: a,b: 100%0A=c@glm-4@1"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_ends_a_command_or_begins_another(text):
    told = render_annotations(make_hostile_result(text))
    assert [kind for kind, _, _ in commands(told)] == ["error"] * 5
    assert told.count("\n") == 5
    allowed = {"file", "line", "title"}
    assert {name for _, properties, _ in commands(told) for name in properties} <= allowed


# --- the step summary -----------------------------------------------------------------------


def test_the_summary_is_the_markdown():
    result = make_result([make_trial(), failed("two")])
    assert step_summary(result) == render_markdown(result)
    assert step_summary(result, result) == render_markdown(result, result)


@pytest.mark.parametrize("limit", range(400, 4_000, 40))
def test_a_summary_that_is_too_long_ends_after_a_row_and_says_so(limit):
    trials = [make_trial(case=f"长{number}") for number in range(25)]
    result = make_result([failed("bad"), *trials])
    whole, cut = render_markdown(result), step_summary(result, limit=limit)
    assert len(cut.encode()) <= limit or cut == whole
    if cut != whole:
        kept, note = cut.rstrip("\n").rsplit("\n\n", 1)
        assert note.startswith("*The summary ends here: GitHub takes no more than 1 MiB.")
        assert whole.startswith(kept.removesuffix("\n\n</details>"))
        assert whole[len(kept.removesuffix("\n\n</details>"))] == "\n"
    tokens = MarkdownIt("commonmark").enable("table").parse(cut)
    html = "".join(token.content for token in tokens if token.type == "html_block")
    assert html.count("<details>") == html.count("</details>")


def test_what_github_takes_is_the_limit():
    long = make_result([failed(str(n), text="x" * 2_000) for n in range(1_000)])
    assert MAX_SUMMARY - 3_000 < len(step_summary(long).encode()) <= MAX_SUMMARY


@pytest.mark.parametrize(
    ("environ", "told"),
    [({"GITHUB_ACTIONS": "true"}, True), ({"GITHUB_ACTIONS": ""}, False), ({}, False)],
)
def test_github_says_that_it_is_github(environ, told):
    assert on_github(environ) is told
