"""The last words: counts, where figures come from, and what weakens them."""

from __future__ import annotations

from results.support import make_result, make_trial
from wcwidth import wcswidth

from glmbench.checks.evaluate import CheckResult
from glmbench.report.closing import render_closing, render_regressions
from glmbench.report.style import PLAIN, Style
from glmbench.results.model import Caveat, Leak

QUIET, VERBOSE = Style(verbosity=-1), Style(verbosity=1)

OLD = (Caveat(trials=tuple(f"small/{n}@glm-4@1" for n in "abcde"), words="old"),)


def lines(result, style=PLAIN):
    return render_closing(result, style).splitlines()


def test_all_hits_are_said_in_a_line_where_no_table_says_it():
    assert lines(make_result([make_trial()])) == ["1 trial: 1 passed", "Cassettes: 1 HIT"]
    assert lines(make_result([make_trial()]), VERBOSE) == ["1 trial: 1 passed"]


def test_latency_checks_of_a_recording_are_counted():
    check = CheckResult(
        name="latency.ttft", status="passed", expected="< 1s", got="0.25s", note="recorded"
    )
    assert lines(make_result([make_trial(checks=(check, check))]))[2] == (
        "2 latency checks judged as recorded: the recording was tested, not the service."
    )


def test_quietly_there_is_only_the_count_and_what_makes_the_run_fail():
    trials = [make_trial(), make_trial(case="two", status="skipped", skipped="too dear")]
    result = make_result(trials, warnings=OLD)
    assert lines(result, QUIET) == ["2 trials: 1 passed, 1 skipped"]
    leaks = (Leak(place="c/one.yaml", words="looks like a key"),)
    strict = make_result(trials, warnings=OLD, strict=True, interrupted=True, leaks=leaks)
    drawn = lines(strict, QUIET)
    assert drawn[0] == "This looks like credentials in what was written:"
    assert drawn[-5:] == [
        "2 trials: 1 passed, 1 skipped",
        "Warning: a@glm-4@1, b@glm-4@1, c@glm-4@1, and 2 more: old.",
        "--strict: warnings count as failures.",
        "Interrupted: what was finished is reported, the rest was not run.",
        "`glmbench run --resume RESULT.json` goes on with a result that was written.",
    ]


def test_asked_for_more_every_name_is_listed():
    assert lines(make_result([make_trial()], warnings=OLD), VERBOSE)[-1] == (
        "Warning: a@glm-4@1, b@glm-4@1, c@glm-4@1, d@glm-4@1, e@glm-4@1: old."
    )


def test_wide_words_are_folded_in_cells():
    caveats = (Caveat(trials=("small/长江@glm-4@1",), words="很 " * 60),)
    drawn = lines(make_result([make_trial(skipped="长 " * 60)], warnings=caveats))
    assert max(map(wcswidth, drawn)) <= 80


def test_a_warning_is_painted_and_words_for_html_are_escaped():
    caveats = (Caveat(trials=("small/<a>@glm-4@1",), words="old"),)
    result = make_result([make_trial()], warnings=caveats)
    assert lines(result, Style(colour=True))[-1] == ("\x1b[33mWarning:\x1b[0m <a>@glm-4@1: old.")
    assert lines(result, Style(table_format="html"))[-1] == "Warning: &lt;a&gt;@glm-4@1: old."


def test_regressions_have_a_line_each():
    assert render_regressions(["one@glm-4: ttft 300 ms later", "two: \x1b"]).splitlines() == [
        "Regressed: one@glm-4: ttft 300 ms later",
        "Regressed: two: \\x1b",
    ]
    assert render_regressions([]) == ""
