from __future__ import annotations

import pytest

from glmbench.checks.evaluate import CheckResult, evaluate, expects
from glmbench.measure.observation import Failure, Observation, StampedPart
from glmbench.measure.timing import Timing
from glmbench.parts import FinishReason, Reasoning
from glmbench.suites.bounds import parse_bound
from glmbench.suites.expect import ErrorExpect, Expect, TextExpect

NO_TIMING = Timing(source="none")
QUOTA = Failure(
    type="QuotaExceededError",
    message="请登录后继续使用",
    status=200,
    code="500",
    expected_kind=True,
)


def turn(*parts, failure=None):
    return Observation(
        source="recorded",
        parts=tuple(StampedPart(at_us=1, part=part) for part in parts),
        failure=failure,
    )


def answer(text="Hello", reason="stop", native=None):
    return turn(text, FinishReason(reason, native))


def verdicts(expect, observation, timing=NO_TIMING):
    return [
        (result.name, result.status, result.expected, result.got)
        for result in evaluate(expect, observation, timing)
    ]


# --- finish reason --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "reason", "native", "verdict"),
    [
        (("stop",), "stop", "finish", ("passed", "stop", "stop (finish)")),
        (("stop",), "stop", "stop", ("passed", "stop", "stop")),
        (("stop", "length"), "length", None, ("passed", "stop or length", "length")),
        (("stop",), "content_filter", "halt", ("failed", "stop", "content_filter (halt)")),
        (("stop",), "unknown", "stop?", ("failed", "stop", "unknown (stop?)")),
        ((None,), "stop", None, ("failed", "none (an error)", "stop")),
    ],
)  # fmt: skip
def test_a_finish_reason_is_one_of_those_expected(expected, reason, native, verdict):
    expect = Expect(finish_reason=expected)
    assert verdicts(expect, answer(reason=reason, native=native)) == [("finish_reason", *verdict)]


def test_a_null_finish_reason_is_an_answer_that_ends_in_an_error():
    expect = Expect(finish_reason=("stop", None))
    assert verdicts(expect, turn("x", failure=QUOTA)) == [
        ("finish_reason", "passed", "stop or none (an error)", "none (an error)")
    ]


def test_an_answer_without_any_finish_reason_is_not_stop():
    assert verdicts(Expect(finish_reason=("stop",)), turn("x")) == [
        ("finish_reason", "failed", "stop", "none")
    ]


# --- text -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (TextExpect(contains=("ell",)), ("text.contains", "passed", '"ell"', '"Hello"')),
        (TextExpect(contains=("Hex",)), ("text.contains", "failed", '"Hex"', '"Hello"')),
        (TextExpect(equals="Hello"), ("text.equals", "passed", '"Hello"', '"Hello"')),
        (TextExpect(equals="Hello "), ("text.equals", "failed", '"Hello "', '"Hello"')),
        (TextExpect(matches="l+o$"), ("text.matches", "passed", "l+o$", '"Hello"')),
        (TextExpect(matches="^ello"), ("text.matches", "failed", "^ello", '"Hello"')),
    ],
)
def test_text_is_compared_as_it_is(text, verdict):
    assert verdicts(Expect(text=text), answer()) == [verdict]


def test_reasoning_is_not_text():
    observation = turn(Reasoning("secret"), "x", FinishReason("stop"))
    [(_, status, _, got)] = verdicts(Expect(text=TextExpect(contains=("secret",))), observation)
    assert (status, got) == ("failed", '"x"')


def test_each_of_several_words_has_its_own_verdict():
    expect = Expect(text=TextExpect(contains=("a", "z")))
    assert [status for _, status, _, _ in verdicts(expect, answer("abc"))] == ["passed", "failed"]


def test_a_long_answer_is_shown_where_it_differs():
    long = "a" * 300
    [(_, _, expected, got)] = verdicts(
        Expect(text=TextExpect(equals=long + "b" + long)), answer(long + "c" + long)
    )
    assert expected == '"…' + "a" * 40 + "b" + "a" * 39 + '…"'
    assert got == '"…' + "a" * 40 + "c" + "a" * 39 + '…"'


def test_a_long_answer_is_shown_where_the_word_nearly_stands():
    text = "x" * 300 + "Beijng" + "x" * 300
    [(_, status, _, got)] = verdicts(Expect(text=TextExpect(contains=("Beijing",))), answer(text))
    assert status == "failed"
    assert "Beijng" in got


def test_a_runaway_pattern_fails_and_says_so(monkeypatch):
    monkeypatch.setattr("glmbench.checks.evaluate.DEADLINE_S", 0.05)
    expect = Expect(text=TextExpect(matches="(?:a|aa)+$"))
    assert verdicts(expect, answer("a" * 60 + "b")) == [
        (
            "text.matches",
            "failed",
            "(?:a|aa)+$",
            "the pattern gave no answer within 0.05 s on 61 characters",
        )
    ]


# --- errors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ErrorExpect(type="QuotaExceededError"), "QuotaExceededError"),
        (ErrorExpect(type="ProviderError"), "ProviderError"),
        (ErrorExpect(status=200, code="500"), "an error, status 200, code 500"),
        (ErrorExpect(message="登录"), 'an error, message with "登录"'),
    ],
)
def test_an_expected_error_that_comes_is_a_pass(error, expected):
    got = 'QuotaExceededError, status 200, code 500, "请登录后继续使用"'
    assert verdicts(Expect(error=error), turn(failure=QUOTA)) == [
        ("error", "passed", expected, got)
    ]


@pytest.mark.parametrize(
    "error",
    [
        ErrorExpect(type="AuthError"),
        ErrorExpect(type="QuotaExceededError", status=429),
        ErrorExpect(code="501"),
        ErrorExpect(message="login"),
    ],
)
def test_another_error_than_the_expected_one_fails(error):
    [(name, status, _, got)] = verdicts(Expect(error=error), turn(failure=QUOTA))
    assert (name, status) == ("error", "failed")
    assert got == 'QuotaExceededError, status 200, code 500, "请登录后继续使用"'


def test_an_expected_error_that_does_not_come_fails():
    expect = Expect(error=ErrorExpect(type="AuthError"))
    assert verdicts(expect, answer(native="finish")) == [
        ("error", "failed", "AuthError", "no error, stop (finish)")
    ]


def test_the_text_before_an_expected_error_is_judged():
    expect = Expect(
        error=ErrorExpect(type="QuotaExceededError"), text=TextExpect(contains=("Hel",))
    )
    observation = turn("Hel", failure=QUOTA)
    assert [(name, status) for name, status, _, _ in verdicts(expect, observation)] == [
        ("error", "passed"),
        ("text.contains", "passed"),
    ]


def test_an_error_that_nobody_expected_leaves_only_the_first_token_to_judge():
    bound = parse_bound("< 1s", duration=True)
    expect = Expect(
        finish_reason=("stop",),
        text=TextExpect(contains=("Hel",)),
        latency={"ttft": bound, "total": bound},
    )
    timing = Timing(source="live", ttft_s=0.5, total_s=0.75)
    assert verdicts(expect, turn("Hel", failure=QUOTA), timing) == [
        ("latency.ttft", "passed", "< 1s", "0.5s")
    ]


def test_a_failure_of_our_own_never_satisfies_an_expected_error():
    ours = Failure(type="QuotaExceededError", message="请登录后继续使用")
    expect = Expect(error=ErrorExpect(type="QuotaExceededError"))
    assert expects(expect, QUOTA)
    assert not expects(expect, ours)
    assert not expects(Expect(finish_reason=(None,)), ours)
    assert verdicts(expect, turn(failure=ours)) == []


def test_an_error_is_expected_only_when_the_suite_says_so():
    assert expects(Expect(finish_reason=(None,)), QUOTA)
    assert not expects(Expect(finish_reason=("stop",)), QUOTA)
    assert not expects(Expect(), QUOTA)


# --- latency --------------------------------------------------------------------------------


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
