from __future__ import annotations

from dataclasses import replace

import pytest

from glmbench import errors
from glmbench.suites.bounds import parse_bound
from glmbench.suites.expect import ErrorExpect, Expect, TextExpect
from glmbench.suites.expectations import ERROR_TYPES, NOTHING, read_expect, settle
from glmbench.suites.nodes import Node
from glmbench.yamlsource import parse

STOP = Expect(finish_reason=("stop",))
QUOTA = Expect(error=ErrorExpect(type="QuotaExceededError"))


def expectation(text):
    document = parse(text, "s")
    problems = []
    expect = read_expect(Node(document, (), document.value, problems))
    assert problems == []
    return expect


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("finish_reason: stop", Expect(finish_reason=("stop",))),
        ("finish_reason: null", Expect(finish_reason=(None,))),
        ("finish_reason: [length, null]", Expect(finish_reason=("length", None))),
        ("finish_reason: null\nerror: QuotaExceeded", replace(QUOTA, finish_reason=(None,))),
        ("text: {contains: 你好}", Expect(text=TextExpect(contains=("你好",)))),
        ("text: {contains: [a, b]}", Expect(text=TextExpect(contains=("a", "b")))),
        ("error: IncompleteStream", Expect(error=ErrorExpect(type="IncompleteStreamError"))),
        ("error: IncompleteStreamError", Expect(error=ErrorExpect(type="IncompleteStreamError"))),
        ("error: ProviderError", Expect(error=ErrorExpect(type="ProviderError"))),
        ("error: {code: x1}", Expect(error=ErrorExpect(code="x1"))),
        ("error: {code: 10061, status: 429}", Expect(error=ErrorExpect(code="10061", status=429))),
        ("latency: {total: <= 2s}", Expect(latency={"total": parse_bound("<= 2s", duration=True)})),
    ],
)  # fmt: skip
def test_an_expectation_is_read_as_it_is_written(text, expect):
    assert expectation(text) == expect


def test_every_provider_error_can_be_expected():
    roots = [errors.ProviderError, *errors.ProviderError.__subclasses__()]
    ours = {error.__name__ for error in roots if error.__module__ == errors.__name__}
    assert set(ERROR_TYPES) == ours


@pytest.mark.parametrize(
    ("own", "defaults", "settled"),
    [
        (NOTHING, NOTHING, STOP),
        (NOTHING, Expect(finish_reason=("length",)), Expect(finish_reason=("length",))),
        (STOP, Expect(finish_reason=("length",)), STOP),
        (QUOTA, NOTHING, QUOTA),
        (QUOTA, STOP, QUOTA),
        (STOP, QUOTA, STOP),
        (NOTHING, QUOTA, QUOTA),
        (
            Expect(finish_reason=(None,)),
            QUOTA,
            Expect(finish_reason=(None,), error=QUOTA.error),
        ),
        (
            Expect(error=ErrorExpect(status=429)),
            QUOTA,
            Expect(error=ErrorExpect(type="QuotaExceededError", status=429)),
        ),
    ],
)
def test_error_and_finish_reason_exclude_each_other_and_stop_is_the_default(own, defaults, settled):
    assert settle(own, defaults) == settled


def test_text_and_latency_merge_key_by_key():
    own = Expect(text=TextExpect(equals="x"), latency={"total": parse_bound("< 1s", duration=True)})
    defaults = Expect(
        text=TextExpect(contains=("a",), equals="y"),
        latency={
            "ttft": parse_bound("< 2s", duration=True),
            "total": parse_bound("< 9s", duration=True),
        },
    )
    assert settle(own, defaults) == Expect(
        finish_reason=("stop",),
        text=TextExpect(contains=("a",), equals="x"),
        latency={
            "ttft": parse_bound("< 2s", duration=True),
            "total": parse_bound("< 1s", duration=True),
        },
    )
