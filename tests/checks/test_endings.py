from __future__ import annotations

import pytest
from checks.turns import QUOTA, answer, turn, verdicts

from glmbench.checks.evaluate import expects
from glmbench.suites.expect import ErrorExpect, Expect


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
)
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


def test_an_error_is_expected_only_when_the_suite_says_so():
    assert expects(Expect(finish_reason=(None,)), QUOTA)
    assert not expects(Expect(finish_reason=("stop",)), QUOTA)
    assert not expects(Expect(), QUOTA)


@pytest.mark.parametrize(
    ("words", "native", "verdict"),
    [
        (("eos",), "eos", ("passed", "eos", "eos")),
        (("eos", "stop"), "stop", ("passed", "eos or stop", "stop")),
        (("eos",), "EOS", ("failed", "eos", "EOS")),
        (("stop",), None, ("failed", "stop", "none")),
    ],
)
def test_a_native_finish_reason_is_the_services_own_word(words, native, verdict):
    expect = Expect(native_finish_reason=words)
    assert verdicts(expect, answer(native=native)) == [("native_finish_reason", *verdict)]


def test_an_answer_without_a_finish_has_no_native_one():
    assert verdicts(Expect(native_finish_reason=("eos",)), turn("x")) == [
        ("native_finish_reason", "failed", "eos", "none")
    ]
