from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench import errors
from glmbench.jsonpath import parse_path
from glmbench.suites.bounds import parse_bound
from glmbench.suites.expect import (
    ErrorExpect,
    Expect,
    JsonExpect,
    StreamExpect,
    TextExpect,
    ToolCallExpect,
)
from glmbench.suites.expectations import (
    ERROR_TYPES,
    NOTHING,
    UNCHECKED,
    lay_over,
    read_expect,
    settle,
)
from glmbench.suites.nodes import Node
from glmbench.yamlsource import parse

STOP = Expect(finish_reason=("stop",))
QUOTA = Expect(error=ErrorExpect(type="QuotaExceededError"))


def number(text):
    return parse_bound(text, duration=False)


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
        ("latency: {stalls: < 1}", Expect(latency={"stalls": number("< 1")})),
        ("throughput: {decode_tps: '>= 15'}", Expect(throughput={"decode_tps": number(">= 15")})),
        ("tokens: {input: 1..9}", Expect(tokens={"input": number("1..9")})),
        ("stream: {well_formed: false}", Expect(stream=StreamExpect(well_formed=False))),
        ("stream: {reads: < 9}", Expect(stream=StreamExpect(reads=number("< 9")))),
        ("native_finish_reason: eos", Expect(native_finish_reason=("eos",))),
        ("reasoning: {max_length: 0}", Expect(reasoning=TextExpect(max_length=0))),
        ("text: {contains_any: [any]}", Expect(text=TextExpect(contains_any=("any",)))),
        ("json: {schema: {type: object}}", Expect(json=JsonExpect(schema={"type": "object"}))),
        ("json: {at: {$.a: any}}", Expect(json=JsonExpect(at={parse_path("$.a"): "any"}))),
        ("tool_calls: []", Expect(tool_calls=())),
        ("tool_calls: [find]", Expect(tool_calls=(ToolCallExpect(name="find"),))),
        (
            "tool_calls: [{name: find, arguments: {}}]",
            Expect(tool_calls=(ToolCallExpect(name="find", arguments={}),)),
        ),
        ("python: my.checks:good", Expect(python=("my.checks:good",))),
        ("python: [a:b, a:c]", Expect(python=("a:b", "a:c"))),
        ("text: any", Expect(drops=frozenset({("text",)}))),
        (
            "text: {equals: any, contains: a}",
            Expect(text=TextExpect(contains=("a",)), drops=frozenset({("text", "equals")})),
        ),
        (
            "error: {type: any}",
            Expect(error=ErrorExpect(), drops=frozenset({("error", "type")})),
        ),
        ("none", UNCHECKED),
        ("{}", NOTHING),
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


def settled(own, defaults="{}"):
    return settle(expectation(own), expectation(defaults))


@pytest.mark.parametrize(
    ("own", "defaults", "same_as"),
    [
        ("text: any", "text: {equals: a}", "{}"),
        ("text: {equals: any}", "text: {equals: a, contains: b}", "text: {contains: b}"),
        ("text: {equals: any, contains: c}", "text: {equals: a}", "text: {contains: c}"),
        ("latency: {ttft: any}", "latency: {ttft: < 1s, total: < 2s}", "latency: {total: < 2s}"),
        ("stream: {events: any}", "stream: {events: < 9, reads: < 9}", "stream: {reads: < 9}"),
        ("json: {at: any}", "json: {schema: {}, at: {$.a: 1}}", "json: {schema: {}}"),
        ("json: {at: {$.b: 2}}", "json: {at: {$.a: 1}}", "json: {at: {$.b: 2}}"),
        ("python: any", "python: [a:b, a:c]", "{}"),
        ("python: a:d", "python: [a:b, a:c]", "python: a:d"),
        ("tool_calls: any", "tool_calls: []", "{}"),
        ("tool_calls: []", "tool_calls: [find]", "tool_calls: []"),
        ("error: any", "error: Auth", "finish_reason: stop"),
        ("error: {type: any, status: 429}", "error: Auth", "error: {status: 429}"),
        ("error: {type: any}", "{}", "error: {type: any}"),
        ("native_finish_reason: any", "native_finish_reason: eos", "{}"),
        ("text: any", "text: any", "{}"),
    ],
)
def test_any_drops_what_is_inherited_and_nothing_else(own, defaults, same_as):
    assert settled(own, defaults) == settled(same_as)


@pytest.mark.parametrize(
    ("own", "defaults", "finish_reason"),
    [
        ("finish_reason: any", "{}", None),
        ("finish_reason: any", "finish_reason: length", None),
        ("{}", "finish_reason: any", None),
        ("finish_reason: stop", "finish_reason: any", ("stop",)),
        ("none", "finish_reason: length", None),
        ("{}", "none", None),
        ("text: {contains: a}", "none", None),
        ("finish_reason: length", "none", ("length",)),
        ("error: any", "none", None),
        ("text: any", "{}", ("stop",)),
    ],
)
def test_any_and_none_switch_even_the_unsaid_stop_off(own, defaults, finish_reason):
    assert settled(own, defaults).finish_reason == finish_reason


def test_none_drops_everything_that_is_inherited():
    defaults = "{error: Auth, text: {equals: a}, tokens: {input: < 9}, python: a:b, tool_calls: []}"
    assert settled("none", defaults) == NOTHING


def test_a_turn_lies_over_its_case_and_both_over_the_defaults():
    case = lay_over(expectation("text: {equals: any}"), expectation("text: {equals: a}"))
    assert settle(expectation("text: {equals: b}"), case) == settled("text: {equals: b}")


TEXTS = ["finish_reason: stop", "finish_reason: null", "finish_reason: any", "error: any", "{}"]
TEXTS += ["error: Auth", "text: any", "text: {equals: a}", "text: {equals: any, matches: b}"]
TEXTS += ["latency: {ttft: < 1s}", "latency: {ttft: any}", "tool_calls: []", "python: a:b", "none"]


@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS))
def test_what_is_settled_says_nothing_of_drops_and_settling_it_again_changes_nothing(own, defaults):
    once = settled(own, defaults)
    assert once.drops == frozenset()
    if once.finish_reason or once.error:
        assert settle(once, NOTHING) == once


@given(st.sampled_from(TEXTS))
def test_an_expectation_over_itself_or_over_nothing_is_itself(text):
    expect = expectation(text)
    assert lay_over(expect, expect) == expect
    assert lay_over(expect, NOTHING) == expect
    assert lay_over(NOTHING, expect) == expect
