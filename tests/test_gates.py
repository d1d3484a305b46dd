"""Thresholds are judged by what was measured, and by nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results.support import make_result, make_trial

from glmbench.gates import judge_again, judge_thresholds, unsupported
from glmbench.measure.timing import Throughput, Timing
from glmbench.results.judge import Exit, decide
from glmbench.results.model import GateResult
from glmbench.suites.bounds import BoundError
from glmbench.suites.nodes import Node
from glmbench.suites.thresholds import METRICS, SHARES, read_thresholds
from glmbench.yamlsource import parse

LIVE = {"mode": "live"}
REPLAY = {"mode": "replay"}
RECORD = {"mode": "record"}


def threshold(yaml):
    document = parse(f"thresholds: [{yaml}]", "s")
    (read,) = read_thresholds(Node(document, ("thresholds",), document.value["thresholds"], []))
    return read


def judged(yaml, trials, environment=LIVE, suite="small"):
    result = make_result(trials, environment=environment)
    (gate,) = judge_thresholds([(suite, threshold(yaml))], result)
    return gate


def verdict(yaml, trials, environment=LIVE):
    gate = judged(yaml, trials, environment)
    return gate.status, gate.got, gate.n, gate.note


def timed(ttft_s, *, source="live", reused=False, **changes):
    timing = Timing(source=source, ttft_s=ttft_s, connection_reused=reused)
    return make_trial(timing=timing, **changes)


def counted(tokens, token_source="usage", **changes):
    throughput = Throughput(token_source=token_source, output_tokens=tokens)
    return make_trial(timing=Timing(source="live"), throughput=throughput, **changes)


def of_case(trial, **changes):
    return replace(trial, **changes)


IGNORED_LIVE = ("ignored", "", 0, "gates live figures only, and these are recorded")
IGNORED_REPLAY = ("ignored", "", 0, "gates recorded figures only, and these are live")


# --- figures --------------------------------------------------------------------------------


def test_a_percentile_is_the_value_of_nearest_rank_of_what_was_measured():
    trials = [timed(n / 10) for n in range(20, 0, -1)]
    assert judged("p95(ttft) < 2s", trials) == GateResult(
        suite="small",
        text="p95(ttft) < 2s",
        status="passed",
        got="1.9s",
        n=20,
        severity="error",
    )
    assert verdict("p95(ttft) < 1.9s", trials) == ("failed", "1.9s", 20, "")
    assert verdict("p50(ttft) <= 1s", trials) == ("passed", "1s", 20, "")
    assert verdict("min(ttft) > 100ms", trials) == ("failed", "0.1s", 20, "")
    assert verdict("max(ttft) <= 2s", trials) == ("passed", "2s", 20, "")


def test_a_percentile_without_the_samples_for_it_is_unmeasured():
    trials = [timed(0.1)] * 19
    note = "p95 needs at least 20 values"
    assert verdict("p95(ttft) < 2s", trials) == ("unmeasured", "", 19, note)
    assert verdict("p95(ttft) < 2s", [*trials, timed(None)]) == ("unmeasured", "", 19, note)


def test_where_nothing_was_measured_there_is_no_verdict():
    nothing = ("unmeasured", "", 0, "nothing was measured")
    assert verdict("max(ttft) < 2s", []) == nothing
    assert verdict("max(ttft) < 2s", [timed(None)]) == nothing


@pytest.mark.parametrize(
    ("metric", "limit", "got"),
    [
        ("ttfb", "0.1s", "0.1s"),
        ("ttft", "0.25s", "0.25s"),
        ("ttfo", "0.26s", "0.26s"),
        ("total", "1.5s", "1.5s"),
        ("max_gap", "0.04s", "0.04s"),
        ("stalls", "2", "2"),
        ("output_tokens", "40", "40"),
        ("decode_tps", "32.5", "32.5"),
        ("e2e_tps", "26.666667", "26.666667"),
        ("chars_ps", "80", "80"),
    ],
)
def test_every_figure_is_the_one_of_its_name(metric, limit, got):
    timing = Timing(
        source="live",
        ttfb_s=0.1,
        ttft_s=0.25,
        ttfo_s=0.26,
        total_s=1.5,
        gap_max_s=0.04,
        stalls=2,
    )
    throughput = Throughput(
        token_source="usage",
        output_tokens=40,
        decode_tps=32.5,
        e2e_tps=40 / 1.5,
        chars_ps=80.0,
    )
    trial = make_trial(timing=timing, throughput=throughput)
    assert verdict(f"max({metric}) <= {limit}", [trial]) == ("passed", got, 1, "")


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_that_can_be_written_can_be_judged(metric):
    check = f"rate({metric}) == 5%" if metric in SHARES else f"max({metric}) > 0"
    check += "s" if metric in {"ttft", "ttfo", "ttfb", "total", "max_gap"} else ""
    assert judged(check, [make_trial(timing=Timing(source="live"))]).text == check


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=40), st.integers(1, 10**7))
def test_a_maximum_holds_when_every_value_does(instants_us, limit_us):
    trials = [timed(at / 1_000_000) for at in instants_us]
    limit = f"{limit_us // 1_000_000}.{limit_us % 1_000_000:06}s"
    holds = all(at < limit_us for at in instants_us)
    assert judged(f"max(ttft) < {limit}", trials).status == ("passed" if holds else "failed")


@pytest.mark.parametrize(
    "left_out",
    [
        timed(9.0, reused=True),
        timed(9.0, fault="{refuse: true}"),
        timed(9.0, source="edited"),
        timed(9.0, source="none"),
        timed(9.0, status="interrupted"),
        timed(9.0, status="skipped"),
        timed(9.0, suite="other"),
        timed(None),
    ],
)
def test_what_is_no_figure_of_the_service_does_not_count(left_out):
    assert verdict("max(ttft) < 2s", [timed(1.0), left_out]) == ("passed", "1s", 1, "")


def test_a_trial_that_failed_counts_with_what_was_measured():
    trials = [timed(1.0), timed(3.0, status="failed"), timed(2.0, status="error")]
    assert verdict("max(ttft) < 2s", trials) == ("failed", "3s", 3, "")


@pytest.mark.parametrize(
    ("other", "check"),
    [
        (timed(1.0, source="consumer"), "max(ttft) < 2s"),
        (timed(1.0, origin="emulator"), "max(ttft) < 2s"),
        (counted(5, "estimate"), "max(output_tokens) < 9"),
    ],
)
def test_figures_of_different_sources_are_in_no_statistic(other, check):
    usual = counted(5) if "tokens" in check else timed(1.0)
    note = "figures of different sources share no statistic"
    assert verdict(check, [usual, other]) == ("unmeasured", "", 2, note)


def test_who_counted_the_tokens_does_not_matter_to_a_duration():
    trials = [
        timed(1.0, throughput=Throughput(token_source="usage")),
        timed(1.0, throughput=Throughput(token_source="estimate")),
    ]
    assert verdict("max(ttft) < 2s", trials) == ("passed", "1s", 2, "")


# --- when -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "environment", "source", "status"),
    [
        (None, LIVE, "live", "passed"),
        (None, LIVE, "consumer", "passed"),
        ("live", LIVE, "live", "passed"),
        ("replay", LIVE, "live", "ignored"),
        (None, REPLAY, "recorded", "ignored"),
        ("live", REPLAY, "recorded", "ignored"),
        ("replay", REPLAY, "recorded", "passed"),
        (None, RECORD, "recorded", "ignored"),
        (None, RECORD, "live", "passed"),
        ("replay", RECORD, "recorded", "passed"),
        ("replay", RECORD, "live", "ignored"),
        (None, {}, "recorded", "ignored"),
        (None, REPLAY, "none", "ignored"),
        ("replay", REPLAY, "none", "unmeasured"),
        (None, LIVE, "none", "unmeasured"),
        ("replay", LIVE, "none", "ignored"),
    ],
)
def test_a_threshold_gates_the_figures_that_it_means(when, environment, source, status):
    words = f", when: {when}" if when else ""
    check = f"{{check: 'max(ttft) < 2s'{words}}}"
    assert judged(check, [timed(1.0, source=source)], environment).status == status


def test_an_ignored_threshold_says_why():
    assert verdict("max(ttft) < 2s", [timed(1.0)], REPLAY) == IGNORED_LIVE
    replay = "{check: 'max(ttft) < 2s', when: replay}"
    assert verdict(replay, [timed(1.0)]) == IGNORED_REPLAY


def test_while_recording_old_recordings_are_not_among_the_live_figures():
    trials = [timed(1.0), timed(9.0, source="recorded")]
    assert verdict("max(ttft) < 2s", trials, RECORD) == ("passed", "1s", 1, "")


@pytest.mark.parametrize(
    ("when", "environment", "status"),
    [
        (None, LIVE, "passed"),
        (None, RECORD, "passed"),
        (None, REPLAY, "ignored"),
        ("live", REPLAY, "ignored"),
        ("replay", REPLAY, "passed"),
        ("replay", LIVE, "ignored"),
        ("replay", RECORD, "ignored"),
    ],
)
def test_a_rate_goes_by_the_mode_of_the_run(when, environment, status):
    words = f", when: {when}" if when else ""
    check = f"{{check: 'rate(passed) == 100%'{words}}}"
    assert judged(check, [timed(1.0, source="recorded")], environment).status == status


# --- rates ----------------------------------------------------------------------------------


def test_a_rate_counts_the_trials_that_were_run():
    trials = [
        make_trial(),
        make_trial(status="failed"),
        make_trial(status="error"),
        make_trial(status="skipped"),
        make_trial(status="interrupted"),
        make_trial(fault="{refuse: true}"),
    ]
    assert verdict("rate(passed) >= 50%", trials) == ("passed", "50%", 4, "")
    assert verdict("rate(passed) == 100%", trials) == ("failed", "50%", 4, "")
    assert verdict("rate(error) < 25%", trials) == ("failed", "25%", 4, "")


def test_a_rate_is_compared_as_exactly_as_it_is_written():
    trials = [make_trial()] * 999 + [make_trial(status="failed")]
    assert verdict("rate(passed) >= 99.9%", trials) == ("passed", "99.9%", 1000, "")
    assert verdict("rate(passed) > 99.9%", trials) == ("failed", "99.9%", 1000, "")


def test_finish_reasons_count_where_one_is_expected():
    trials = [
        make_trial(),
        make_trial(expected_finish_reason=("length", "stop")),
        make_trial(finish_reason="length"),
        make_trial(finish_reason=None, expected_finish_reason=(None,)),
        make_trial(finish_reason="length", expected_finish_reason=None),
    ]
    assert verdict("rate(finish_reason_ok) >= 75%", trials) == ("passed", "75%", 4, "")


def test_cases_are_flaky_not_trials():
    trials = [
        of_case(make_trial(), min_pass=1),
        of_case(make_trial(repeat=2, status="failed"), min_pass=1),
        of_case(make_trial(case="two", status="failed")),
    ]
    assert verdict("rate(flaky) == 0%", trials) == ("failed", "50%", 2, "")


def test_a_rate_of_nothing_is_unmeasured():
    nothing = ("unmeasured", "", 0, "nothing was counted")
    assert verdict("rate(passed) == 100%", []) == nothing
    assert verdict("rate(passed) == 100%", [make_trial(status="skipped")]) == nothing


# --- which thresholds, which trials ---------------------------------------------------------


def test_a_threshold_for_a_tag_names_it_and_leaves_other_trials_out():
    trials = [
        of_case(make_trial(), tags=("slow", "smoke")),
        of_case(make_trial(case="two", status="failed"), tags=("slow",)),
        of_case(make_trial(case="three", status="failed")),
    ]
    gate = judged("{check: 'rate(passed) == 100%', where: {tag: smoke}}", trials)
    assert (gate.text, gate.tag) == ("rate(passed) == 100%", "smoke")
    assert (gate.status, gate.n) == ("passed", 1)
    gate = judged("{check: 'rate(passed) == 100%', where: {tag: smok}}", trials)
    assert (gate.tag, gate.status, gate.n) == ("smok", "unmeasured", 0)


def test_thresholds_are_judged_in_order_each_by_its_own_suite():
    result = make_result(
        [make_trial(), make_trial(suite="other", status="failed")], environment=LIVE
    )
    passed = threshold("rate(passed) == 100%")
    gates = judge_thresholds([("other", passed), ("small", passed)], result)
    assert [(gate.suite, gate.status) for gate in gates] == [
        ("other", "failed"),
        ("small", "passed"),
    ]


# --- before and after the run ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "n", "words"),
    [
        ("p95(ttft) < 2s", 20, None),
        ("p95(ttft) < 2s", 19, "p95 needs a sample of at least 20, and the selection has 19"),
        ("p50(ttft) < 2s", 1, None),
        ("p50(ttft) < 2s", 0, "p50 needs a sample of at least 1, and the selection has 0"),
        ("p99(ttft) < 2s", 99, "p99 needs a sample of at least 100, and the selection has 99"),
        ("max(ttft) < 2s", 0, None),
        ("rate(passed) == 100%", 0, None),
    ],
)
def test_a_percentile_that_can_never_be_supported_is_known_before_the_run(check, n, words):
    assert unsupported(threshold(check), n) == words


@pytest.mark.parametrize(
    ("gates", "code"),
    [
        ([], Exit.OK),
        ([("passed", "error"), ("ignored", "error")], Exit.OK),
        ([("failed", "warn"), ("unmeasured", "warn")], Exit.OK),
        ([("unmeasured", "error"), ("failed", "warn")], Exit.UNMEASURED),
        ([("unmeasured", "error"), ("failed", "error")], Exit.GATE),
    ],
)
def test_only_severe_gates_have_an_exit_code_and_a_broken_one_comes_first(gates, code):
    made = [
        GateResult(suite="s", text="t", status=status, got="", n=1, severity=severity)
        for status, severity in gates
    ]
    assert decide(make_result([make_trial()], gates=tuple(made))) == code


# --- again ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p100(ttft) < 2s", '"p100" is no statistic'),
        ("pxx(ttft) < 2s", '"pxx" is no statistic'),
        ("mean(ttft) < 2s", '"mean" is no statistic'),
        ("rate(ttft) < 2s", '"ttft" has no rate'),
        ("p95(passed) < 5%", '"passed" has no p95'),
    ],
)
def test_what_a_result_file_calls_a_threshold_is_read_with_care(text, message):
    gate = GateResult(suite="small", text=text, status="passed", got="", n=0, severity="error")
    with pytest.raises(BoundError, match=f"^{re.escape(message)}$"):
        judge_again(make_result([make_trial()], gates=(gate,)))


@pytest.mark.parametrize(
    ("verdict", "when", "status"),
    [
        ("HIT", "replay", "failed"),
        ("HIT", "live", "ignored"),
        ("LIVE", "replay", "ignored"),
        ("RECORDED", "live", "failed"),
    ],
)
def test_where_suites_ran_in_different_modes_each_is_judged_by_its_own(verdict, when, status):
    trials = [make_trial(status="failed", verdict=verdict), make_trial(suite="other")]
    check = f"{{check: rate(passed) == 100%, when: {when}}}"
    assert judged(check, trials, {"mode": None}).status == status
