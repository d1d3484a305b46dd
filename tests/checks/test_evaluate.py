from __future__ import annotations

from checks.turns import QUOTA, answer, turn, verdicts

from glmbench.checks.evaluate import expects
from glmbench.jsonpath import parse_path
from glmbench.measure.observation import Failure
from glmbench.measure.timing import Timing
from glmbench.suites.bounds import parse_bound
from glmbench.suites.expect import (
    LATENCY_METRICS,
    ErrorExpect,
    Expect,
    JsonExpect,
    StreamExpect,
    TextExpect,
)


def test_the_text_before_an_expected_error_is_judged():
    expect = Expect(
        error=ErrorExpect(type="QuotaExceededError"), text=TextExpect(contains=("Hel",))
    )
    observation = turn("Hel", failure=QUOTA)
    assert [(name, status) for name, status, _, _ in verdicts(expect, observation)] == [
        ("error", "passed"),
        ("text.contains", "passed"),
    ]


def test_an_error_that_nobody_expected_leaves_only_the_first_instants_to_judge():
    bound, number = parse_bound("< 1s", duration=True), parse_bound("< 1", duration=False)
    expect = Expect(
        finish_reason=("stop",),
        text=TextExpect(contains=("Hel",)),
        reasoning=TextExpect(contains=("Hel",)),
        native_finish_reason=("finish",),
        json=JsonExpect(at={parse_path("$.a"): 1}),
        tool_calls=(),
        latency=dict.fromkeys(LATENCY_METRICS, bound),
        throughput={"decode_tps": number},
        tokens={"output": number},
        stream=StreamExpect(well_formed=True, events=number),
        python=("a:b",),
    )
    timing = Timing(source="live", ttfb_s=0.25, ttft_s=0.5, ttfo_s=1.0, total_s=1.0, stalls=0)
    assert verdicts(expect, turn("Hel", failure=QUOTA), timing) == [
        ("latency.ttft", "passed", "< 1s", "0.5s"),
        ("latency.ttfo", "failed", "< 1s", "1s"),
        ("latency.ttfb", "passed", "< 1s", "0.25s"),
    ]


def test_a_failure_of_our_own_never_satisfies_an_expected_error():
    ours = Failure(type="QuotaExceededError", message="请登录后继续使用")
    expect = Expect(error=ErrorExpect(type="QuotaExceededError"))
    assert expects(expect, QUOTA)
    assert not expects(expect, ours)
    assert not expects(Expect(finish_reason=(None,)), ours)
    assert verdicts(expect, turn(failure=ours)) == []


def test_what_nobody_asked_for_is_not_judged():
    assert verdicts(Expect(), answer()) == []


def test_checks_come_in_a_fixed_order():
    bound, number = parse_bound("< 1s", duration=True), parse_bound("< 1", duration=False)
    expect = Expect(
        python=("a:b",),
        stream=StreamExpect(reads=number, events=number, well_formed=True, deltas_equal_final=True),
        tokens={"output": number, "input": number},
        throughput={"chars_ps": number, "decode_tps": number},
        latency=dict.fromkeys(reversed(LATENCY_METRICS), bound),
        tool_calls=(),
        json=JsonExpect(at={parse_path("$.a"): 1}, schema={}),
        reasoning=TextExpect(max_length=1),
        text=TextExpect(min_length=1, equals="a", not_contains=("b",), contains=("c",)),
        native_finish_reason=("eos",),
        finish_reason=("stop",),
    )
    assert [name for name, *_ in verdicts(expect, answer())] == [
        *("finish_reason", "native_finish_reason"),
        *("text.equals", "text.contains", "text.not_contains", "text.min_length"),
        *("reasoning.max_length", "json.schema", "json.at", "tool_calls"),
        *(f"latency.{metric}" for metric in LATENCY_METRICS),
        *("throughput.decode_tps", "throughput.chars_ps", "tokens.input", "tokens.output"),
        *("stream.well_formed", "stream.events", "stream.reads", "stream.deltas_equal_final"),
        "python",
    ]
