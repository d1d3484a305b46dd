"""The summary for a pull request: what came of the run, and nothing that acts."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from report.hostile import HOSTILE, make_hostile_result
from report.made import UNMET, gate
from results.support import make_result, make_trial

from glmbench.checks.result import CheckResult
from glmbench.measure.timing import Throughput, Timing
from glmbench.report.markdown import render_markdown
from glmbench.results.model import Caveat, ErrorOutcome, Leak

MARKDOWN = MarkdownIt("commonmark").enable("table")


def lines(result, base=None):
    return render_markdown(result, base).splitlines()


def under(result, title):
    """Return the lines below a heading, until the next one."""
    drawn = lines(result)
    start = drawn.index(title) + 2
    ends = [at for at, line in enumerate(drawn) if at > start and line.startswith("### ")]
    return [line for line in drawn[start : min(ends, default=len(drawn))] if line]


def test_the_verdict_comes_first():
    assert lines(make_result([make_trial()]))[:3] == [
        "## ✅ glmbench: passed",
        "",
        "Every trial passed and every threshold held. 1 trial: 1 passed (exit code 0).",
    ]
    failed = make_result([make_trial(status="failed", checks=(UNMET,))])
    assert lines(failed)[:3] == [
        "## ❌ glmbench: not passed",
        "",
        "An expectation failed. 1 trial: 1 failed (exit code 1).",
    ]


def test_a_case_is_a_row():
    assert under(make_result([make_trial()]), "### Cases") == [
        "| case | status | passed | finish | ttft | total | tok/s | cassette |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | --- |",
        "| `one` | passed | 1 of 1 | `stop` | 250 ms | 1.50 s | 32.0 | HIT |",
    ]


def test_repeats_are_one_row_with_their_medians_and_every_ending():
    trials = [
        make_trial(repeat=1, timing=Timing(source="live", ttft_s=0.1)),
        make_trial(repeat=2, timing=Timing(source="live", ttft_s=0.3)),
        make_trial(
            repeat=3,
            status="failed",
            finish_reason="length",
            timing=Timing(source="live", ttft_s=0.2),
        ),
    ]
    *_, row, words = under(make_result(trials), "### Cases")
    assert row == (
        "| `one` | **failed** | 2 of 3 | `stop`, `length` ≠ `stop` | 200 ms | - | 32.0 | HIT |"
    )
    assert words == "The figures of a case are the medians of its repeats."


def test_what_failed_is_in_no_median_of_those_that_did_not():
    error = ErrorOutcome(type="IncompleteStreamError")
    failed = make_trial(
        status="error", error=error, repeat=2, timing=Timing(source="recorded", total_s=0.001)
    )
    _, _, row, *_ = under(make_result([make_trial(), failed]), "### Cases")
    assert "| 250 ms | 1.50 s | 32.0 |" in row
    _, _, row, *_ = under(make_result([failed]), "### Cases")
    assert "| - | 1.0 ms | 32.0 |" in row


def test_figures_of_different_sources_have_no_median():
    trials = [make_trial(), make_trial(repeat=2, timing=Timing(source="live", ttft_s=0.3))]
    row = under(make_result(trials), "### Cases")[2]
    assert row == "| `one` | passed | 2 of 2 | `stop` | mixed | 1.50 s | mixed | HIT |"


def test_a_case_that_was_not_run_has_no_share():
    trial = make_trial(status="skipped", skipped="too dear", timing=Timing(source="none"))
    row = under(make_result([trial]), "### Cases")[2]
    assert row == "| `one` | skipped | - | - | - | - | 32.0 | HIT |"


def test_suites_and_models_are_named_where_there_are_several():
    trials = [make_trial(), make_trial(suite="other", model="glm-4-plus")]
    rows = under(make_result(trials), "### Cases")[2:]
    assert [row.split()[1] for row in rows] == ["`small/one@glm-4`", "`other/one@glm-4-plus`"]


def test_of_many_cases_those_that_passed_are_folded_away():
    trials = [make_trial(case=f"c{number}") for number in range(20)]
    trials.append(make_trial(case="bad", status="failed", checks=(UNMET,)))
    drawn = under(make_result(trials), "### Cases")
    assert [line.split()[1] for line in drawn[2:3]] == ["`bad`"]
    assert drawn[3] == "<details><summary>20 cases passed</summary>"
    assert drawn[-1] == "</details>"


def test_figures_say_where_they_come_from_and_of_how_many():
    drawn = lines(make_result([make_trial(), make_trial(case="two", origin="emulator")]))
    for title in (
        "### Latency: recorded, not measured now",
        "### Latency: recorded from the emulator, not measured now",
        "### Throughput: recorded, not measured now; tokens estimated",
        "### Throughput: recorded from the emulator, not measured now; tokens estimated",
    ):
        assert drawn.count(title) == 1
    assert drawn.count("| total | 1 | 1.50 s | 1.50 s | - | - | 1.50 s |") == 2


def test_failed_trials_are_said_to_have_no_figure():
    error = ErrorOutcome(type="ConnectFailedError", message="refused")
    gone = make_trial(
        case="two",
        status="error",
        error=error,
        timing=Timing(source="none"),
        throughput=Throughput(),
    )
    drawn = under(make_result([make_trial(), gone]), "### Latency: recorded, not measured now")
    assert drawn[0] == "|  | n | min | median | p95 | p99 | max | median* | p95* |"
    assert drawn[-2] == ("| longest gap | 1 | 40 ms | 40 ms | - | - | 40 ms | 40 ms | - |")
    assert drawn[-1] == (
        "1 of 2 trials failed and have no figure; * counts them as never having answered."
    )


def test_expected_and_got_finish_reasons_are_counted():
    trials = [make_trial(), make_trial(case="two", finish_reason="length", status="failed")]
    assert under(make_result(trials), "### Finish reasons") == [
        "| expected | got | n |",
        "| --- | --- | ---: |",
        "| `stop` | `length` | 1 |",
        "| `stop` | `stop` | 1 |",
    ]


def test_thresholds_say_what_became_of_them():
    gates = (gate(), gate("failed"), gate("ignored", got="", note="live only"))
    assert under(make_result([make_trial()], gates=gates), "### Thresholds")[2:5] == [
        "| `small: max(ttft) < 2s` | passed | `got 1.24s (n = 20)` |",
        "| `small: max(ttft) < 2s` | **failed** | `got 1.24s (n = 20)` |",
        "| `small: max(ttft) < 2s` | ignored | `live only` |",
    ]


def test_a_failure_unfolds_to_all_of_it_and_the_answer():
    trial = make_trial(status="failed", checks=(UNMET,), text="No.\nNever.")
    assert under(make_result([trial]), "### What did not pass") == [
        "<details><summary>failed: <code>small/one@glm-4@1</code></summary>",
        "```text",
        "at small.yaml:5",
        "finish_reason failed",
        "  expected stop",
        "  got      length",
        "again: glmbench run small.yaml --case one",
        "```",
        "The answer:",
        "```text",
        "No.",
        "Never.",
        "```",
        "</details>",
    ]


def test_of_a_long_answer_the_beginning_is_shown():
    trial = make_trial(status="failed", checks=(UNMET,), text="x" * 1_001)
    drawn = under(make_result([trial]), "### What did not pass")
    assert "The answer, its first 1000 characters:" in drawn
    assert "x" * 1_000 in drawn


def test_a_warning_about_the_run_names_no_trial():
    caveats = (Caveat(trials=(), words="there is no baseline"),)
    drawn = under(make_result([make_trial()], warnings=caveats), "### Warnings")
    assert drawn[0] == "- `there is no baseline`"


def test_warnings_name_their_trials_and_how_many_more():
    names = tuple(f"small/{letter}@glm-4@1" for letter in "abcdefg")
    caveats = (Caveat(trials=names[:1], words="no timing"), Caveat(trials=names, words="old"))
    assert under(make_result([make_trial()], warnings=caveats), "### Warnings")[:2] == [
        "- `small/a@glm-4@1`: `no timing`",
        (
            "- `small/a@glm-4@1`, `small/b@glm-4@1`, `small/c@glm-4@1`, `small/d@glm-4@1`, "
            "`small/e@glm-4@1` and 2 more: `old`"
        ),
    ]
    strict = lines(make_result([make_trial()], warnings=caveats, strict=True))
    assert "### Warnings (--strict: they count as failures)" in strict


def test_what_weakens_a_run_is_said():
    check = CheckResult(
        name="latency.ttft", status="passed", expected="< 1 s", got="250 ms", note="recorded"
    )
    trials = [
        make_trial(checks=(check,), reframe="byte"),
        make_trial(case="two", status="skipped", skipped="too dear"),
    ]
    drawn = lines(make_result(trials, environment={"glmbench": "1.2", "mode": "replay"}))
    assert drawn[-5:] == [
        "- Skipped: `small/two@glm-4@1`: `too dear`",
        "- 1 latency check judged as recorded: the recording was tested, not the service.",
        "- Recordings were replayed in other chunks: `--reframe byte`",
        "",
        "glmbench `1.2`, mode `replay`",
    ]


def test_credentials_and_regressions_stand_above_everything_else():
    result = make_result(
        [make_trial()],
        leaks=(Leak(place="c.yaml: body", words="looks like a key"),),
        regressions=("one: ttft 1 s, now 2 s",),
    )
    assert lines(result)[4:10] == [
        "**This looks like credentials in what was written; do not publish these files:**",
        "",
        "- `c.yaml: body`: `looks like a key: do not publish this file`",
        "",
        "**Worse than the baseline:**",
        "",
    ]


def test_with_a_base_the_comparison_is_part_of_it():
    drawn = lines(make_result([make_trial()]), make_result([make_trial()]))
    at = drawn.index("### Compared with the baseline")
    assert drawn[at + 2].startswith("1 case compared, 3 figures: 3 ")


def test_nothing_run_is_said_so():
    assert lines(make_result([])) == [
        "## ❌ glmbench: not passed",
        "",
        "Nothing was run. 0 trials (exit code 7).",
    ]


# --- hostile texts --------------------------------------------------------------------------

OURS = {
    *("h2", "h3", "p", "ul", "li", "strong", "em", "code", "pre", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


class Page(HTMLParser):
    """Collects the tags of a page, their attributes, and the words that stand in no code."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.words, self.code = set(), set(), [], 0

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.code += tag == "code"

    def handle_endtag(self, tag):
        self.code -= tag == "code"

    def handle_data(self, data):
        if not self.code:
            self.words.append(data)


def page_of(result, base=None):
    page = Page()
    page.feed(MARKDOWN.render(render_markdown(result, base)))
    page.close()
    return page


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_make_no_tags_and_stand_in_code(text):
    page, tame = (page_of(make_hostile_result(each)) for each in (text, "w" * len(text)))
    assert page.tags <= OURS
    assert page.attributes <= {"class", "style"}
    assert page.words == tame.words


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_comparison_of_hostile_texts_stands_in_code(text):
    page, tame = (
        page_of(make_hostile_result(each), make_hostile_result(each, environment={"mode": "x"}))
        for each in (text, "w" * len(text))
    )
    assert page.tags <= OURS
    assert page.words == tame.words
