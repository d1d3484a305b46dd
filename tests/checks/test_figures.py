from __future__ import annotations

import pytest
from checks.turns import NO_TIMING, QUOTA, answer, turn, verdicts

from glmbench.checks.evaluate import CheckResult, evaluate
from glmbench.measure.observation import Failure
from glmbench.measure.timing import Throughput, Timing
from glmbench.parts import FinishReason, Usage
from glmbench.suites.bounds import parse_bound
from glmbench.suites.expect import Expect, StreamExpect


@pytest.mark.parametrize(
    ("bound", "status"),
    [("< 3s", "failed"), ("<= 3s", "passed"), ("2s..3s", "passed"), ("> 3s", "failed")],
)
def test_a_latency_is_inside_its_bound_or_not(bound, status):
    expect = Expect(latency={"total": parse_bound(bound, duration=True)})
    timing = Timing(source="live", total_s=3.0)
    assert verdicts(expect, answer(), timing) == [("latency.total", status, bound, "3s")]


def test_a_latency_is_shown_to_the_microsecond_so_that_a_failure_can_be_understood():
    expect = Expect(latency={"ttft": parse_bound("<= 3s", duration=True)})
    timing = Timing(source="live", ttft_s=3.000001)
    assert verdicts(expect, answer(), timing) == [("latency.ttft", "failed", "<= 3s", "3.000001s")]


@pytest.mark.parametrize(
    ("timing", "got"),
    [(NO_TIMING, "no timing"), (Timing(source="recorded", total_s=1.0), "never happened")],
)
def test_a_latency_that_was_not_measured_never_passes(timing, got):
    expect = Expect(latency={"ttft": parse_bound("< 3s", duration=True)})
    assert verdicts(expect, answer(), timing) == [("latency.ttft", "unmeasured", "< 3s", got)]


@pytest.mark.parametrize(
    ("source", "note"),
    [("live", None), ("consumer", None), ("recorded", "recorded"), ("edited", "edited")],
)
def test_a_latency_that_is_not_this_runs_own_says_so(source, note):
    expect = Expect(latency={"ttft": parse_bound("< 3s", duration=True)})
    [result] = evaluate(expect, answer(), Timing(source=source, ttft_s=0.102))
    assert result == CheckResult(
        name="latency.ttft", status="passed", expected="< 3s", got="0.102s", note=note
    )


def number(text):
    return parse_bound(text, duration=False)


MEASURED = Timing(
    source="live",
    ttfb_s=1.0,
    ttft_s=2.0,
    ttfo_s=3.0,
    total_s=6.0,
    gap_max_s=2.5,
    stalls=1,
    reads=4,
    events=7,
)


@pytest.mark.parametrize(
    ("metric", "got"),
    [("ttfb", "1s"), ("ttft", "2s"), ("ttfo", "3s"), ("total", "6s"), ("max_gap", "2.5s")],
)
def test_each_latency_is_that_of_the_timing(metric, got):
    bound = parse_bound("< 1min", duration=True)
    assert verdicts(Expect(latency={metric: bound}), answer(), MEASURED) == [
        (f"latency.{metric}", "passed", "< 1min", got)
    ]


@pytest.mark.parametrize(("bound", "status"), [("<= 1", "passed"), ("<= 0", "failed")])
def test_stalls_are_counted_without_a_unit(bound, status):
    expect = Expect(latency={"stalls": number(bound)})
    assert verdicts(expect, answer(), MEASURED) == [("latency.stalls", status, bound, "1")]


def test_no_stalls_were_counted_where_nothing_came():
    expect = Expect(latency={"stalls": number("<= 0")})
    assert verdicts(expect, answer(), Timing(source="live")) == [
        ("latency.stalls", "unmeasured", "<= 0", "never happened")
    ]


RATES = Throughput(token_source="usage", decode_tps=15.25, chars_ps=60.0)


@pytest.mark.parametrize(
    ("metric", "bound", "verdict"),
    [
        ("decode_tps", ">= 15", ("passed", ">= 15", "15.25/s")),
        ("decode_tps", "> 15.25", ("failed", "> 15.25", "15.25/s")),
        ("chars_ps", "1..60", ("passed", "1..60", "60/s")),
    ],
)
def test_a_rate_is_inside_its_bound_or_not(metric, bound, verdict):
    expect = Expect(throughput={metric: number(bound)})
    assert verdicts(expect, answer(), MEASURED, RATES) == [(f"throughput.{metric}", *verdict)]


@pytest.mark.parametrize(
    ("timing", "throughput", "got"),
    [
        (MEASURED, None, "no timing"),
        (NO_TIMING, Throughput(), "no timing"),
        (MEASURED, Throughput(), "fewer than two timed pieces"),
    ],
)
def test_a_rate_that_was_not_measured_never_passes(timing, throughput, got):
    expect = Expect(throughput={"chars_ps": number("< 9")})
    assert verdicts(expect, answer(), timing, throughput) == [
        ("throughput.chars_ps", "unmeasured", "< 9", got)
    ]


@pytest.mark.parametrize(
    ("source", "tokens", "notes"),
    [
        ("live", "usage", [None, None]),
        ("live", "estimate", ["estimate", None]),
        ("recorded", "estimate", ["recorded, estimate", "recorded"]),
    ],
)
def test_a_rate_says_whose_time_and_whose_tokens_it_is_made_of(source, tokens, notes):
    throughput = Throughput(token_source=tokens, decode_tps=1.0, chars_ps=1.0)
    expect = Expect(throughput={"decode_tps": number("< 9"), "chars_ps": number("< 9")})
    results = evaluate(expect, answer(), Timing(source=source), throughput)
    assert [result.note for result in results] == notes


def test_tokens_are_the_last_counts_that_the_service_gave():
    observation = turn(
        Usage(input_tokens=5, output_tokens=1),
        "x",
        Usage(output_tokens=9),
        Usage(cached_tokens=4),
    )
    expect = Expect(tokens={"output": number("< 9"), "input": number("5..5")})
    assert verdicts(expect, observation) == [
        ("tokens.input", "passed", "5..5", "5"),
        ("tokens.output", "failed", "< 9", "9"),
    ]


def test_an_estimate_is_no_count_of_tokens():
    expect = Expect(tokens={"output": number("< 9"), "input": number("< 9")})
    missing = ("unmeasured", "< 9", "the service gave no count")
    assert verdicts(expect, answer()) == [("tokens.input", *missing), ("tokens.output", *missing)]


INCOMPLETE = Failure(type="IncompleteStreamError", message="", expected_kind=True)
PROTOCOL = Failure(type="ProtocolError", message="", expected_kind=True)


@pytest.mark.parametrize(
    ("failure", "timing", "wanted", "verdict"),
    [
        (None, MEASURED, True, ("passed", "yes", "yes")),
        (None, MEASURED, False, ("failed", "no", "yes")),
        (INCOMPLETE, MEASURED, True, ("failed", "yes", "no, IncompleteStreamError")),
        (PROTOCOL, MEASURED, False, ("passed", "no", "no, ProtocolError")),
        (PROTOCOL, NO_TIMING, False, ("passed", "no", "no, ProtocolError")),
        (QUOTA, MEASURED, True, ("passed", "yes", "yes")),
        (QUOTA, Timing(source="live", reads=1), True, ("unmeasured", "yes", "no event stream")),
        (None, NO_TIMING, True, ("unmeasured", "yes", "no event stream")),
        (None, NO_TIMING, False, ("unmeasured", "no", "no event stream")),
    ],
)
def test_a_stream_is_well_formed_unless_an_error_says_that_it_is_not(
    failure, timing, wanted, verdict
):
    expect = Expect(finish_reason=("stop", None), stream=StreamExpect(well_formed=wanted))
    observation = turn("x", failure=failure) if failure else answer()
    assert verdicts(expect, observation, timing)[1:] == [("stream.well_formed", *verdict)]


@pytest.mark.parametrize(
    ("timing", "verdicts_of"),
    [
        (MEASURED, [("failed", "< 5", "7"), ("passed", "< 5", "4")]),
        (NO_TIMING, [("unmeasured", "< 5", "no event stream")] * 2),
        (Timing(source="live", reads=1), [("unmeasured", "< 5", "no event stream")] * 2),
    ],
)
def test_events_and_reads_are_counted_where_there_was_an_event_stream(timing, verdicts_of):
    expect = Expect(stream=StreamExpect(events=number("< 5"), reads=number("< 5")))
    names = ("stream.events", "stream.reads")
    assert verdicts(expect, answer(), timing) == [
        (name, *verdict) for name, verdict in zip(names, verdicts_of, strict=True)
    ]


REWRITTEN = "no, the service's final text is another"


@pytest.mark.parametrize(
    ("final", "wanted", "verdict"),
    [
        (None, True, ("passed", "yes", "yes")),
        (None, False, ("failed", "no", "yes")),
        ("y", True, ("failed", "yes", REWRITTEN)),
        ("y", False, ("passed", "no", REWRITTEN)),
    ],
)
def test_the_deltas_are_the_final_text_unless_the_service_rewrote_it(final, wanted, verdict):
    expect = Expect(stream=StreamExpect(deltas_equal_final=wanted))
    observation = turn("x", FinishReason("stop", rewritten=final))
    assert verdicts(expect, observation) == [("stream.deltas_equal_final", *verdict)]


def test_an_answer_without_a_finish_has_no_final_text():
    expect = Expect(stream=StreamExpect(deltas_equal_final=True))
    assert verdicts(expect, turn("x")) == [
        ("stream.deltas_equal_final", "unmeasured", "yes", "no finish, so no final text")
    ]
