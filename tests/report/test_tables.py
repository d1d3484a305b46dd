"""What a run looks like in a terminal: lined up, within 80 columns, every failure explained."""

from __future__ import annotations

import re

import html5lib
import pytest
from report.hostile import HOSTILE, make_hostile_result
from results.support import make_result, make_trial, make_turn
from wcwidth import wcswidth

from glmbench.checks.evaluate import CheckResult
from glmbench.measure.stats import Summary as Distribution
from glmbench.measure.timing import Throughput, Timing
from glmbench.problems import printable
from glmbench.report.style import TABLE_FORMATS, Style
from glmbench.report.tables import render_run
from glmbench.results.model import Caveat, ErrorOutcome, GateResult, Leak

FAILED_CHECK = CheckResult(
    name="finish_reason", status="failed", expected="stop", got="unknown (paused)"
)


def lines(result):
    return render_run(result).splitlines()


def test_a_passed_trial_is_one_line():
    assert lines(make_result([make_trial()]))[:4] == [
        "Cases",
        "case  status  finish    ttft   total  tok/s  cassette",
        "----  ------  ------  ------  ------  -----  --------",
        "one   passed  stop    250 ms  1.50 s   32.0  HIT",
    ]


def test_a_wrong_finish_reason_stands_beside_the_expected_one():
    trial = make_trial(status="failed", finish_reason="unknown", checks=(FAILED_CHECK,))
    assert "unknown ≠ stop" in lines(make_result([trial]))[3]


def test_a_failure_says_where_what_and_how_to_see_it_again():
    trial = make_trial(
        status="failed", finish_reason="unknown", checks=(FAILED_CHECK,), verdict="LIVE"
    )
    environment = {"mode": "live", "timing": "recorded", "connect_to": "h:1"}
    text = render_run(make_result([trial], environment=environment))
    assert (
        "FAILED one@glm-4@1\n"
        "  at small.yaml:5\n"
        "  finish_reason failed\n"
        "    expected stop\n"
        "    got      unknown (paused)\n"
        "  again: glmbench run small.yaml --case one --mode live --connect-to h:1\n"
    ) in text


def test_what_was_recorded_is_seen_again_in_replay():
    trial = make_trial(status="failed", checks=(FAILED_CHECK,), verdict="RECORDED")
    text = render_run(make_result([trial], environment={"mode": "record", "connect_to": "h:1"}))
    assert "  again: glmbench run small.yaml --case one\n" in text


def test_a_cassette_at_fault_gives_its_reason():
    trial = make_trial(status="error", verdict="MISS", reason="There is no file c.yaml.")
    text = render_run(make_result([trial]))
    assert "ERROR one@glm-4@1\n  at small.yaml:5\n  MISS: There is no file c.yaml.\n" in text


def test_what_was_not_saved_gives_the_reason_beside_the_error():
    error = ErrorOutcome(type="RateLimitedError", message="slow down")
    trial = make_trial(status="error", error=error, verdict="LIVE", reason="Not saved: an error.")
    text = render_run(make_result([trial]))
    assert "  RateLimitedError: slow down\n  Not saved: an error.\n" in text


def test_a_foreign_exception_shows_the_text_kept_in_the_details():
    trial = make_trial(status="error", error=ErrorOutcome(type="ValueError"))
    text = render_run(make_result([trial], details={"small/one@glm-4@1": "bad value"}))
    assert "  ValueError: bad value\n" in text


def test_figures_of_different_sources_are_in_different_tables():
    live = make_trial(case="two", timing=Timing(source="live", ttft_s=0.5, total_s=1.0))
    emulated = make_trial(case="three", origin="emulator")
    text = render_run(make_result([make_trial(), live, emulated]))
    for title in (
        "Latency (measured live)",
        "Latency (recorded, not measured now)",
        "Latency (recorded from the emulator, not measured now)",
    ):
        assert text.count(f"\n{title}\n") == 1


def test_figures_of_different_token_sources_are_in_different_tables():
    counted = make_trial(
        case="two", throughput=Throughput(token_source="usage", output_tokens=5, decode_tps=3.0)
    )
    text = render_run(make_result([make_trial(), counted]))
    assert "\nThroughput (recorded, not measured now; tokens estimated)\n" in text
    assert "\nThroughput (recorded, not measured now; the service's tokens)\n" in text


def test_a_percentile_is_not_shown_without_the_samples_for_it():
    row = next(line for line in lines(make_result([make_trial()])) if line.startswith("total "))
    assert row.split() == ["total", "1", "1.50", "s", "1.50", "s", "-", "1.50", "s"]


def test_expected_and_got_finish_reasons_are_counted_against_each_other():
    trials = [
        make_trial(),
        make_trial(case="two", status="failed", finish_reason="length", checks=(FAILED_CHECK,)),
        make_trial(
            case="three", expected_finish_reason=("content_filter",), finish_reason="content_filter"
        ),
    ]
    text = render_run(make_result(trials))
    table = text[text.index("Finish reasons\n") :].splitlines()
    assert table[1:5] == [
        "expected \\ got  content_filter  length  stop",
        "--------------  --------------  ------  ----",
        "content_filter               1       ·     ·",
        "stop                         ·       1     1",
    ]


def test_a_finish_reason_table_that_would_be_too_wide_becomes_a_list():
    kinds = ["IncompleteStreamError", "QuotaExceededError", "ContentRefusedError", "AuthError"]
    trials = [
        make_trial(case=kind, finish_reason=None, status="error", error=ErrorOutcome(type=kind))
        for kind in [*kinds, "ServerFailedError", "ProviderTimeoutError"]
    ]
    text = render_run(make_result(trials))
    assert "\nFinish reasons\nexpected  got               n\n" in text


def test_long_endings_leave_room_for_names_and_figures():
    ended = {"finish_reason": None, "status": "error"}
    error = ErrorOutcome(type="IncompleteStreamError")
    trials = [
        make_trial(case="a-long-name-of-a-case", error=error, expected_finish_reason=(r,), **ended)
        for r in ("stop", "content_filter")
    ]
    drawn = lines(make_result(trials))
    assert [wcswidth(line) <= 80 for line in drawn[1:5]] == [True] * 4
    assert drawn[3].startswith("a-long…m-4@1  error   IncompleteStream ≠ stop ")


def test_wide_characters_line_up_and_nothing_is_wider_than_the_terminal():
    trials = [
        make_trial(case="short"),
        make_trial(case="长" * 40),
        make_trial(case="x" * 90, model="m" * 60, status="passed"),
    ]
    drawn = lines(make_result(trials))
    table = drawn[1 : drawn.index("")]
    assert len({wcswidth(line) for line in table if line.startswith("-")}) == 1
    assert max(map(wcswidth, drawn)) <= 80


def test_what_could_steer_a_terminal_is_shown_escaped():
    trial = make_trial(status="error", verdict="MISS", reason="\x1b[31mred\x07")
    assert "\x1b" not in render_run(make_result([trial]))


def test_warnings_name_their_trials_and_how_many_more():
    caveats = (
        Caveat(trials=("small/a@glm-4@1",), words="no timing"),
        Caveat(trials=tuple(f"small/{n}@glm-4@1" for n in "abcde"), words="old"),
    )
    drawn = lines(make_result([make_trial()], warnings=caveats))
    assert drawn[-2:] == [
        "Warning: a@glm-4@1: no timing.",
        "Warning: a@glm-4@1, b@glm-4@1, c@glm-4@1, and 2 more: old.",
    ]


def test_strict_says_that_warnings_count():
    caveats = (Caveat(trials=("small/a@glm-4@1",), words="no timing"),)
    drawn = lines(make_result([make_trial()], warnings=caveats, strict=True))
    assert drawn[-1] == "--strict: warnings count as failures."


def test_a_fault_is_shown_with_what_it_led_to():
    trial = make_trial(
        finish_reason=None,
        fault="{cut_after: 3, kind: reset}",
        error=ErrorOutcome(type="IncompleteStreamError"),
        timing=Timing(source="edited"),
    )
    drawn = lines(make_result([trial]))
    at = drawn.index("Faults put into recordings")
    assert drawn[at + 1].split() == ["case", "fault", "ended", "in", "status"]
    assert [cell.strip() for cell in drawn[at + 3].split("  ") if cell] == [
        "one",
        "{cut_after: 3, kind: reset}",
        "IncompleteStream",
        "passed",
    ]


def test_a_framing_and_the_replays_own_error_are_said():
    lag = Distribution(n=40, min=0.0001, p50=0.0004, max=0.0021)
    result = make_result([make_trial(reframe="byte")], replay_lag=lag)
    assert lines(result)[-3:] == [
        "Recordings were replayed in other chunks: --reframe byte.",
        "Replayed on the real clock: 40 reads came late by 0.40 ms (median), at most 2.1",
        "  ms. The figures are the recorded ones.",
    ]


def test_what_looks_like_a_credential_is_named_with_what_to_do():
    leaks = (Leak(place="c/one.yaml: response body", words="looks like a key (sk-1…)"),)
    text = render_run(make_result([make_trial()], leaks=leaks))
    assert "  c/one.yaml: response body: looks like a key (sk-1…)\n" in text
    assert "cassette scan --fix" in text


def test_nothing_run_is_said_so():
    assert render_run(make_result([])) == "0 trials: nothing was run\n"


def test_an_interruption_is_said():
    text = render_run(make_result([make_trial()], interrupted=True))
    assert "Interrupted: what was finished is reported, the rest was not run.\n" in text


def test_an_expected_error_is_named_without_what_else_is_expected_of_it():
    check = CheckResult(
        name="error", status="passed", expected='RateLimitedError, message with "x"', got=""
    )
    trial = make_trial(
        finish_reason=None, checks=(check,), error=ErrorOutcome(type="RateLimitedError")
    )
    drawn = lines(make_result([trial]))
    assert drawn[drawn.index("Finish reasons") + 3].split() == ["RateLimited", "1"]


def test_repeats_are_counted_by_case():
    trials = [
        make_trial(case="a", repeat=n, status=status, min_pass=2)
        for n, status in enumerate(("passed", "failed", "passed"), start=1)
    ]
    drawn = lines(make_result([*trials, make_trial(case="b")]))
    at = drawn.index("Repeats")
    assert [line.split() for line in drawn[at + 1 : at + 4 : 2]] == [
        ["case", "passed", "95", "%", "interval", "needed", "status"],
        ["a", "2", "of", "3", "21–94", "%", "2", "flaky"],
    ]


def test_an_unmet_check_says_in_which_turn_it_stood():
    check = CheckResult(name="text.contains", status="failed", expected='"x"', got='"y"')
    turns = (make_turn(), make_turn(status="failed", checks=(check,)))
    drawn = lines(make_result([make_trial(status="failed", turns=turns)]))
    assert "  turn 2: text.contains failed" in drawn


def test_what_was_skipped_says_why_once_for_each_reason():
    trials = [make_trial(case=c, status="skipped", skipped="too dear") for c in "abcd"]
    assert lines(make_result(trials))[-1] == (
        "Skipped: a@glm-4@1, b@glm-4@1, c@glm-4@1, and 1 more: too dear."
    )


def test_the_command_for_another_go_names_the_model_and_the_profile():
    trials = [make_trial(status="failed"), make_trial(model="glm-4-plus", repeat=1)]
    drawn = lines(make_result(trials, environment={"mode": "replay", "profile": "ci"}))
    assert "  again: glmbench run small.yaml --case one --model glm-4 --profile ci" in drawn


def test_a_skipped_trial_has_no_finish_reason_to_compare():
    drawn = lines(make_result([make_trial(status="skipped", finish_reason=None, skipped="x")]))
    assert "Finish reasons" not in drawn
    assert drawn[3].split()[:3] == ["one", "skipped", "-"]


def test_any_error_that_is_expected_is_called_an_error():
    check = CheckResult(name="error", status="passed", expected="an error, status 503", got="")
    trial = make_trial(
        finish_reason=None, checks=(check,), error=ErrorOutcome(type="ServerFailedError")
    )
    drawn = lines(make_result([trial]))
    assert drawn[drawn.index("Finish reasons") + 3].split() == ["an", "error", "1"]


# --- more and less of it --------------------------------------------------------------------

QUIET, VERBOSE = Style(verbosity=-1), Style(verbosity=1)


def gate(text, status):
    return GateResult(suite="small", text=text, status=status, got="1s", n=20, severity="error")


def titles(result, style):
    drawn = render_run(result, style).splitlines()
    return [line for line, rule in zip(drawn, drawn[2:], strict=False) if rule.startswith("--")]


def test_quietly_only_what_is_wrong_is_told():
    trials = [make_trial(), make_trial(case="two", status="failed", checks=(FAILED_CHECK,))]
    gates = (gate("p50(ttft) < 2s", "passed"), gate("p95(ttft) < 1s", "failed"))
    caveats = (Caveat(trials=("small/one@glm-4@1",), words="old"),)
    result = make_result(trials, gates=gates, warnings=caveats, regressions=("two: later",))
    assert render_run(result, QUIET).splitlines() == [
        "Thresholds",
        "threshold       got   n  status",
        "--------------  ---  --  ------",
        "p95(ttft) < 1s   1s  20  failed",
        "",
        "FAILED two@glm-4@1",
        "  at small.yaml:5",
        "  finish_reason failed",
        "    expected stop",
        "    got      unknown (paused)",
        "  again: glmbench run small.yaml --case two",
        "",
        "Regressed: two: later",
        "",
        "2 trials: 1 passed, 1 failed",
    ]


def test_quietly_a_good_run_is_one_line():
    result = make_result([make_trial()], gates=(gate("p50(ttft) < 2s", "passed"),))
    assert render_run(result, QUIET) == "1 trial: 1 passed\n"


def test_asked_for_more_there_are_checks_lags_and_cassettes():
    timing = Timing(source="live", ttft_s=0.5, client_lag_p50_s=0.001, client_lag_max_s=0.002)
    check = CheckResult(name="finish_reason", status="passed", expected="stop", got="stop")
    result = make_result([make_trial(timing=timing, verdict="LIVE", checks=(check,))])
    assert "\nChecks\none@glm-4@1\n  passed finish_reason: " in render_run(result, VERBOSE)
    more = set(titles(result, VERBOSE)) - set(titles(result, Style()))
    assert more == {"Our own lag", "Cassettes"}


def test_a_comparison_stands_in_for_the_list_of_regressions():
    result = make_result([make_trial()], regressions=("one: later",))
    assert "\n\nRegressed: one: later\n\n" in render_run(result)
    drawn = render_run(result, comparison_text="Comparison\n...\n")
    assert "\n\nComparison\n...\n\n" in drawn
    assert "Regressed" not in drawn


def test_colours_change_nothing_but_colours():
    trials = [make_trial(), make_trial(case="长江", status="error", verdict="MISS", reason="x")]
    result = make_result(trials, gates=(gate("p50(ttft) < 2s", "failed"),))
    painted = render_run(result, Style(colour=True))
    assert "\x1b[31merror\x1b[0m" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == render_run(result)


# --- hostile texts --------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("style", [QUIET, Style(), VERBOSE], ids=["quiet", "usual", "verbose"])
def test_no_text_steers_a_terminal_or_a_build_server(name, style):
    drawn = render_run(make_hostile_result(HOSTILE[name]), style)
    assert all(printable(line) == line for line in drawn.split("\n"))
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in drawn.split("\n"))


@pytest.mark.parametrize("table_format", TABLE_FORMATS)
def test_every_format_draws_every_text(table_format):
    for text in HOSTILE.values():
        drawn = render_run(make_hostile_result(text), Style(table_format=table_format))
        assert drawn.endswith("\n")
        assert all(printable(line) == line for line in drawn.replace("\t", " ").split("\n"))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_is_markup_in_html(name):
    style = Style(table_format="unsafehtml", verbosity=1)
    drawn = render_run(make_hostile_result(HOSTILE[name]), style)
    elements = html5lib.parse(drawn, namespaceHTMLElements=False).iter()
    ours = {"html", "head", "body", "table", "thead", "tbody", "tr", "th", "td"}
    assert {element.tag for element in elements} == ours
