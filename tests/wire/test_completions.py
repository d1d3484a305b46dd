"""Every row of protocol.md §2 but the errors: wire bytes in, parts or exception out, three ways."""

# ruff: noqa: E501 -- a table is read by its columns
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire.support_chatglm import bytewise, cut
from wire.support_completions import DONE, chunk, run, sse, text

from glmbench.errors import (
    AuthError,
    BadRequestError,
    ContentRefusedError,
    EmptyAnswerError,
    IncompleteStreamError,
    ProtocolError,
    ServerFailedError,
)
from glmbench.parts import FinishReason, Reasoning, ToolCalls, Usage
from glmbench.wire.completions import ChatCompletionsDecoder

STOP = FinishReason("stop", "stop")
END = chunk({"role": "assistant", "content": ""}, "stop")
COUNTS = {
    "prompt_tokens": 8,
    "completion_tokens": 5,
    "total_tokens": 13,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
USAGE = Usage(input_tokens=8, output_tokens=5, reasoning_tokens=3, cached_tokens=4)


def call(name, arguments, **fields):
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **fields}


def fragments(*deltas, finish="tool_calls"):
    return [*(chunk({"tool_calls": [delta]}) for delta in deltas), chunk({}, finish)]


def usage_only(usage):
    return {"id": "x", "choices": [], "usage": usage}


# By name: the body, and its parts.
ANSWERS = {
    "the captured GLM shape": (
        (
            b'data: {"id":"2024","created":1,"model":"glm-4","choices":[{"index":0,"delta":{"role":"assistant","content":"\xe4\xbd\xa0"}}]}\n\n'
            b'data: {"id":"2024","created":1,"model":"glm-4","choices":[{"index":0,"delta":{"role":"assistant","content":"\xe5\xa5\xbd"}}]}\n\n'
            b'data: {"id":"2024","created":1,"model":"glm-4","choices":[{"index":0,"finish_reason":"stop","delta":{"role":"assistant","content":""}}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}\n\n'
            b"data: [DONE]\n\n"
        ),
        ["你", "好", Usage(input_tokens=8, output_tokens=2), STOP],
    ),
    "the OpenAI shape, usage in a chunk of its own": (
        sse(chunk({"role": "assistant", "content": ""}, usage=None), text("Hi"), chunk({}, "stop"), usage_only(COUNTS), "[DONE]"),
        ["Hi", USAGE, STOP],
    ),
    "[DONE] without a blank": (sse(text("Hi"), END) + b"data:[DONE]\n\n", ["Hi", STOP]),
    "[DONE] without a newline": (sse(text("Hi"), END) + b"data: [DONE]", ["Hi", STOP]),
    "[DONE] among blanks": (sse(text("Hi"), END, "  [DONE] "), ["Hi", STOP]),
    "no [DONE]": (sse(text("Hi"), END), ["Hi", STOP]),
    "no [DONE], usage behind the finish": (sse(text("Hi"), END, usage_only(COUNTS)), ["Hi", USAGE, STOP]),
    "crlf, comments and a bom": (b"\xef\xbb\xbf: ping\r\n\r\n" + sse(text("Hi"), END, "[DONE]").replace(b"\n", b"\r\n"), ["Hi", STOP]),
    "data: and no blank": (sse(text("Hi"), END, "[DONE]").replace(b"data: ", b"data:"), ["Hi", STOP]),
    "events without data are signs of life": (b"data:\n\ndata:  \n\n" + sse(text("Hi"), END), ["Hi", STOP]),
    "a last event without its newline": (sse(text("Hi"), END)[:-2], ["Hi", STOP]),
    "a role alone and empty texts are no parts": (sse(chunk(), text(""), text("Hi"), END), ["Hi", STOP]),
    "content null, tool_calls null": (
        sse(chunk({"content": None, "tool_calls": None, "reasoning_content": None, "function_call": None}), text("Hi"), END),
        ["Hi", STOP],
    ),
    "finish_reason null": (sse({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]}, END), ["Hi", STOP]),
    "an empty finish_reason is none": (sse(chunk({"content": "Hi"}, ""), END), ["Hi", STOP]),
    "blanks are text": (sse(text("a"), text(" "), text("\n\n"), text("a"), END), ["a", " ", "\n\n", "a", STOP]),
    "the last text beside the finish reason": (sse(text("a"), chunk({"content": "b"}, "stop")), ["a", "b", STOP]),
    "text behind the finish reason": (sse(text("a"), END, text("b"), "[DONE]"), ["a", "b", STOP]),
    "what stands behind [DONE] does not count": (sse(text("a"), END, "[DONE]", text("b"), "{oops"), ["a", STOP]),
    "reasoning_content": (sse(chunk({"reasoning_content": "hm"}), text("Hi"), END), [Reasoning("hm"), "Hi", STOP]),
    "reasoning": (sse(chunk({"reasoning": "hm", "content": ""}), text("Hi"), END), [Reasoning("hm"), "Hi", STOP]),
    "the same thought under both names": (sse(chunk({"reasoning": "hm", "reasoning_content": "hm"}), text("Hi"), END), [Reasoning("hm"), "Hi", STOP]),
    "a thought and a text in one chunk": (sse(chunk({"reasoning_content": "hm", "content": "Hi"}), END), [Reasoning("hm"), "Hi", STOP]),
    "reasoning alone is an answer": (sse(chunk({"reasoning": "hm"}), END), [Reasoning("hm"), STOP]),
    "only choice 0": (
        sse({"choices": [{"index": 1, "delta": {"content": "no"}, "finish_reason": "length"}, {"index": 0, "delta": {"content": "Hi"}}]}, END),
        ["Hi", STOP],
    ),
    "a choice without index is the first": (sse({"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}), ["Hi", STOP]),
    "a choice without delta": (sse(text("Hi"), {"choices": [{"index": 0, "finish_reason": "stop"}]}), ["Hi", STOP]),
    "two finish reasons: the first": (sse(text("Hi"), END, chunk({}, "length")), ["Hi", STOP]),
    "moderation behind a finish": (sse(text("Hi"), END, chunk({}, "sensitive")), ["Hi", FinishReason("content_filter", "sensitive")]),
    "moderation is final, text behind it is dropped": (
        sse(text("Hi"), chunk({"content": "!"}, "content_filter"), text("abc"), chunk({"reasoning": "r"}), chunk({}, "stop")),
        ["Hi", "!", FinishReason("content_filter", "content_filter", dropped_chars=3)],
    ),
    "an empty answer that was moderated": (sse(chunk({}, "sensitive")), [FinishReason("content_filter", "sensitive")]),
    "an empty answer that was too long": (sse(chunk({}, "length")), [FinishReason("length", "length")]),
    "a GLM tool call, whole in one chunk": (
        sse(chunk({"role": "assistant", "content": "", "tool_calls": [call("weather", '{"city": "北京"}', id="c1", index=0)]}, "tool_calls", usage=COUNTS), "[DONE]"),
        [ToolCalls((call("weather", '{"city": "北京"}', id="c1"),)), USAGE, FinishReason("tool_calls", "tool_calls")],
    ),
    "a tool call in fragments": (
        sse(*fragments(
            {"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": ""}},
            {"index": 0, "function": {"arguments": '{"ci'}},
            {"index": 0, "id": None, "function": {"name": None, "arguments": 'ty":1}'}},
        )),
        [ToolCalls((call("weather", '{"city":1}', id="c1"),)), FinishReason("tool_calls", "tool_calls")],
    ),
    "two tool calls, their fragments in turn": (
        sse(*fragments(
            {"index": 0, "id": "c1", "function": {"name": "a", "arguments": "{"}},
            {"index": 1, "id": "c2", "function": {"name": "b", "arguments": "["}},
            {"index": 0, "function": {"arguments": "}"}},
            {"index": 1, "function": {"arguments": "]"}},
        )),
        [ToolCalls((call("a", "{}", id="c1"), call("b", "[]", id="c2"))), FinishReason("tool_calls", "tool_calls")],
    ),
    "calls of one index told apart by id": (
        sse(*fragments({"index": 0, "id": "c1", "function": {"name": "a", "arguments": "{}"}}, {"index": 0, "id": "c2", "function": {"name": "b", "arguments": "{}"}})),
        [ToolCalls((call("a", "{}", id="c1"), call("b", "{}", id="c2"))), FinishReason("tool_calls", "tool_calls")],
    ),
    "calls without index or id": (
        sse(*fragments({"function": {"name": "a", "arguments": "{"}}, {"function": {"name": "a", "arguments": "}"}})),
        [ToolCalls((call("a", "{}"),)), FinishReason("tool_calls", "tool_calls")],
    ),
    "a call under stop is an answer": (
        sse(*fragments({"index": 0, "id": "c", "function": {"name": "a", "arguments": "{}"}}, finish="stop")),
        [ToolCalls((call("a", "{}", id="c"),)), STOP],
    ),
    "a call behind the finish reason": (
        sse(text("a"), chunk({}, "tool_calls"), chunk({"tool_calls": [call("a", "{}", id="c")]})),
        ["a", ToolCalls((call("a", "{}", id="c"),)), FinishReason("tool_calls", "tool_calls")],
    ),
    "arguments that came decoded, an id that is a number": (
        sse(chunk({"tool_calls": [call("a", {"x": 1}, id=7)]}, "tool_calls")),
        [ToolCalls((call("a", '{"x":1}', id="7"),)), FinishReason("tool_calls", "tool_calls")],
    ),
    "the old function_call": (
        sse(chunk({"function_call": {"name": "a", "arguments": "{"}}), chunk({"function_call": {"arguments": "}"}}), chunk({}, "function_call")),
        [ToolCalls((call("a", "{}"),)), FinishReason("tool_calls", "function_call")],
    ),
    "a running count in every chunk": (
        sse(chunk({"content": "a"}, usage={"prompt_tokens": 8, "completion_tokens": 1}), chunk({"content": "b"}, usage={"prompt_tokens": 8, "completion_tokens": 2}), END),
        ["a", "b", Usage(input_tokens=8, output_tokens=2), STOP],
    ),
    "usage without details, with nulls": (
        sse(text("Hi"), END, usage_only({"prompt_tokens": 8, "completion_tokens": None, "prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": None}})),
        ["Hi", Usage(input_tokens=8), STOP],
    ),
    "usage with its details beside it": (
        sse(text("Hi"), END, usage_only({"completion_tokens": 5, "reasoning_tokens": 3, "cached_tokens": 4})),
        ["Hi", Usage(output_tokens=5, reasoning_tokens=3, cached_tokens=4), STOP],
    ),
    "usage that fits in part": (
        sse(text("Hi"), END, usage_only({"prompt_tokens": "many", "completion_tokens": 5, "prompt_tokens_details": [], "completion_tokens_details": {"reasoning_tokens": 3}})),
        ["Hi", Usage(output_tokens=5, reasoning_tokens=3), STOP],
    ),
    "usage alone, without choices": (sse(text("Hi"), END, {"usage": COUNTS}), ["Hi", USAGE, STOP]),
    "an empty usage is none": (sse(text("Hi"), END, usage_only({})), ["Hi", STOP]),
    "content as a list of items": (
        sse(chunk({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"type": "hologram"}]}), END),
        ["ab", STOP],
    ),
    "types that do not fit, beside text that does": (
        sse({"choices": [None, {"index": None, "delta": {"content": "Hi", "tool_calls": [7], "reasoning": 1}, "finish_reason": None}]}, {"choices": "oops"}, {"choices": None}, {"ping": 1}, END),
        ["Hi", STOP],
    ),
    "error null, or empty, is none": (sse(chunk({"content": "a"}, error=None), chunk({"content": "b"}, error={}), chunk({"content": "c"}, error=""), END), ["a", "b", "c", STOP]),
    "a cut event behind the finish": (sse(text("a"), END) + b'data: {"choices":[{"del', ["a", STOP]),
    "an error behind the finish": (sse(text("a"), END, {"error": {"code": "1234", "message": "x"}}), ["a", STOP]),
    "a lost connection behind the finish": (sse(text("a"), END, chunk({}, "network_error")), ["a", STOP]),
}  # fmt: skip

# The finish table of §2, after a text.
FINISHES = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "length": "length",
    "model_context_window_exceeded": "length",
    "sensitive": "content_filter",
    "content_filter": "content_filter",
    "eos": "unknown",
    "STOP": "unknown",
}
ANSWERS |= {
    f"finish {native}": (
        sse(text("Hi"), chunk({}, native), "[DONE]"),
        ["Hi", FinishReason(reason, native)],
    )
    for native, reason in FINISHES.items()
}
ANSWERS["finish 3, a number"] = (
    sse(text("Hi"), chunk({}, 3), "[DONE]"),
    ["Hi", FinishReason("unknown", "3")],
)

WAYS = {"in one piece": lambda body: [body], "byte by byte": bytewise}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_gives_its_parts(name, way):
    body, parts = ANSWERS[name]
    assert run(WAYS[way](body)) == (parts, None)


@given(st.sampled_from(sorted(ANSWERS)), st.lists(st.integers(0, 9999), max_size=9))
def test_cuts_do_not_change_an_answer(name, places):
    body, parts = ANSWERS[name]
    assert run(cut(body, places)) == (parts, None)


@pytest.mark.parametrize("name", ANSWERS)
def test_finish_alone_gives_what_the_end_still_brings(name):
    body, parts = ANSWERS[name]
    decoder = ChatCompletionsDecoder()
    assert decoder.feed(body) + decoder.finish() == parts


HI = sse(text("Hi"))
BAD_UTF8 = b'data: {"choices":[{"index":0,"delta":{"content":"a\xff"}}]}\n\n'

# By name: the body, the parts before the exception, its class, message and other fields.
FAILURES = {
    "no byte": (b"", [], EmptyAnswerError, "the body is empty", {}),
    "a stop with nothing in it": (sse(chunk(), END) + DONE, [], EmptyAnswerError, "the answer ended normally with nothing in it", {}),
    "a stop with nothing but usage": (sse(END, usage_only(COUNTS)), [USAGE], EmptyAnswerError, "the answer ended normally with nothing in it", {}),
    "text and no finish reason": (HI, ["Hi"], IncompleteStreamError, "the stream ended without a finish reason", {"text": "Hi"}),
    "text, usage and no finish reason": (HI + sse(usage_only(COUNTS)), ["Hi", USAGE], IncompleteStreamError, "the stream ended without a finish reason", {"text": "Hi"}),
    "a tool call and no finish reason": (sse(chunk({"tool_calls": [call("a", '{"x', id="c")]})), [], IncompleteStreamError, "the stream ended without a finish reason", {"text": ""}),
    "[DONE] is no finish reason": (HI + DONE, ["Hi"], IncompleteStreamError, "the stream said [DONE] without a finish reason", {"text": "Hi"}),
    "comments alone": (b": ping\n\n: ping\n\n", [], IncompleteStreamError, "the stream ended without an event", {"text": ""}),
    "an event cut inside": (HI + sse(END)[:-20], ["Hi"], IncompleteStreamError, "the stream was cut inside an event", {"text": "Hi"}),
    "a text in a last event without newline": (HI + sse(text("!"))[:-2], ["Hi", "!"], IncompleteStreamError, "the stream ended without a finish reason", {"text": "Hi!"}),
    "network_error": (HI + sse(chunk({}, "network_error")) + DONE, ["Hi"], ServerFailedError, "the service lost its connection to the model", {"code": "network_error"}),
    "a GLM error in the stream": (HI + sse({"error": {"code": "1301", "message": "敏感内容"}, "request_id": "r1"}), ["Hi"], ContentRefusedError, "敏感内容", {"code": "1301", "request_id": "r1"}),
    "an error beside choices": (sse({"choices": [], "error": {"code": 1305, "message": "busy"}}), [], ServerFailedError, "busy", {"code": "1305"}),
    "an error that is a text": (HI + sse({"error": "model crashed"}), ["Hi"], ServerFailedError, "model crashed", {"code": None}),
    "a vLLM error": (sse({"object": "error", "message": "too long", "type": "BadRequestError", "param": None, "code": 400}) + DONE, [], BadRequestError, "too long", {"code": "400"}),
    "an event named error": (b'event: error\ndata: {"code":"InvalidApiKey","type":"authentication_error","msg":"no"}\n\n', [], AuthError, "no", {"code": "InvalidApiKey"}),
    "an error without newline": (HI + b'data: {"error":{"message":"boom"}}', ["Hi"], ServerFailedError, "boom", {}),
    "an error body in place of a stream": (b'{"error":{"code":"1211","message":"no such model"}}', [], BadRequestError, "no such model", {"code": "1211", "status": 200}),
    "a whole answer in place of a stream": (b'{"id":"x","choices":[{"message":{"content":"Hi"}}]}', [], ProtocolError, "a JSON answer where a stream was expected", {}),
    "a page in place of a stream": (b"<html>Please wait</html>", [], ProtocolError, "the body is not an event stream: an HTML page: Please wait", {}),
    "what is not JSON": (HI + b"data: {oops}\n\n" + sse(END), ["Hi"], ProtocolError, f"a frame is not valid JSON: object keys must be strings (body byte {len(HI) + 7})", {"offset": len(HI) + 7}),
    "JSON that is no object": (sse("[1]"), [], ProtocolError, "a frame must be a JSON object, not list (body byte 6)", {"offset": 6}),
    "nesting too deep": (sse("[" * 100_000), [], ProtocolError, "a frame is nested too deeply (body byte 6)", {"offset": 6}),
    "bytes that are not UTF-8": (HI + BAD_UTF8, ["Hi"], ProtocolError, f"a frame is not valid UTF-8 (body byte {len(HI) + BAD_UTF8.index(0xFF)})", {"offset": len(HI) + BAD_UTF8.index(0xFF)}),
    "an event without end": (HI + b"data: " + b"x" * 4096, ["Hi"], ProtocolError, f"an event of more than 4000 bytes, at body byte {len(HI)}", {"offset": len(HI)}),
}  # fmt: skip


def check_failure(name, pieces_of):
    body, parts, kind, message, attributes = FAILURES[name]
    got, error = run(
        pieces_of(body), event_limit=4000 if name == "an event without end" else 1 << 20
    )
    assert (got, type(error), error.message) == (parts, kind, message)
    assert {field: getattr(error, field) for field in attributes} == attributes


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_raised_behind_the_text(name):
    check_failure(name, lambda body: [body])


SHORT_FAILURES = sorted(set(FAILURES) - {"nesting too deep"})


@pytest.mark.parametrize("name", SHORT_FAILURES)
def test_a_failure_byte_by_byte_is_the_same(name):
    check_failure(name, bytewise)


@given(st.sampled_from(SHORT_FAILURES), st.lists(st.integers(0, 9999), max_size=9))
def test_cuts_do_not_change_a_failure(name, places):
    check_failure(name, lambda body: cut(body, places))


@given(st.data())
def test_an_answer_cut_before_its_finish_is_never_a_stop(data):
    before = sse(chunk(), text("你"), text("好"), chunk({"reasoning": "h"}))
    body = before + sse(END)
    end = data.draw(st.integers(0, len(body) - 3))  # the last two bytes are the blank line
    parts, error = run([body[:end]])
    assert isinstance(error, IncompleteStreamError if end else EmptyAnswerError)
    assert not any(isinstance(part, FinishReason) for part in parts)
    assert getattr(error, "text", "") == "".join(map(str, parts))


@pytest.mark.parametrize(
    ("frame", "finished"),
    [
        (chunk(), False),
        (text("a"), False),
        (usage_only(COUNTS), False),
        (END, True),
        (chunk({}, "eos"), True),
        (chunk({}, "network_error"), True),
        ({"error": "x"}, True),
        ("[DONE]", True),
        ("{oops}", True),
    ],
)
def test_finished_says_that_only_the_end_is_missing(frame, finished):
    decoder = ChatCompletionsDecoder()
    decoder.feed(sse(frame))
    assert decoder.finished is finished


def test_body_offset_is_the_end_of_the_feed_with_the_first_finish_reason():
    decoder = ChatCompletionsDecoder()
    pieces = [sse(text("a")), sse(END) + b": x\n", sse(END), sse(usage_only(COUNTS)), DONE]
    for piece in pieces:
        decoder.feed(piece)
    assert decoder.finish()[-1].body_offset == len(pieces[0]) + len(pieces[1])


def test_tool_calls_come_with_the_finish_reason_and_not_at_the_end():
    decoder = ChatCompletionsDecoder()
    assert decoder.feed(sse(chunk({"tool_calls": [call("a", "{}", id="c")]}))) == []
    assert decoder.feed(sse(chunk({}, "tool_calls"))) == [ToolCalls((call("a", "{}", id="c"),))]


def test_usage_behind_the_finish_reason_is_not_lost_when_the_connection_breaks():
    decoder = ChatCompletionsDecoder()
    decoder.feed(sse(text("a"), END, usage_only(COUNTS)))
    assert decoder.finished
    assert decoder.feed_eof() == [USAGE]
    assert decoder.feed_eof() == []
    assert decoder.finish() == [STOP]
