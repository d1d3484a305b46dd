"""Any sequence of frames, good, odd and broken, gives one FinishReason, last, or one exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire.support_chatglm import cut, frame
from wire.support_completions import chunk, text

from glmbench.errors import EmptyAnswerError, IncompleteStreamError, ProviderError
from glmbench.parts import FinishReason
from glmbench.wire.chatglm import ChatGlmDecoder
from glmbench.wire.completions import ChatCompletionsDecoder

CALL = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}

CHATGLM = [
    frame([], flag=False),
    *(
        frame([(part, kind, said, status)], flag=flag, status=top)
        for part in ("a", "b")
        for kind in ("text", "think")
        for said in ("哈", "哈哈", "x", "")
        for status in ("init", "finish", "intervene", "error")
        for flag in (None, True, False)
        for top in ("init", "finish")
    ),
    frame([], status="finish"),
    frame([], status="intervene", last_error={"intervene_text": "no"}),
    frame([], status="error", last_error={"error_code": 10025, "err_msg": "internal"}),
    frame([], last_error={"code": "1301", "message": "busy"}),
    {"parts": None, "status": "init"},
    {"parts": [None, 7, {"content": "oops"}], "status": None},
    {"parts": [{"content": [{"type": "tool_calls", "tool_calls": {"name": "s"}}]}]},
    {"parts": [{"content": [{"type": "image", "image": [{"image_url": "u"}]}]}], "status": "init"},
    {"parts": [{"content": [{"type": "hologram"}, {"type": "code", "code": "1"}]}]},
    {"status": 500, "message": "envelope"},
    {"status": 0, "message": "success"},
]  # fmt: skip
COMPLETIONS = [
    chunk(),
    *(text(said) for said in ("哈", "x", " ", "")),
    chunk({"content": None, "tool_calls": None}),
    chunk({"reasoning_content": "hm"}),
    chunk({"tool_calls": [CALL]}),
    chunk({"tool_calls": [{"index": 1, "function": {"arguments": "}"}}]}),
    chunk({"function_call": {"name": "f"}}),
    *(
        chunk({"content": said}, finish)
        for said in ("", "end")
        for finish in ("stop", "length", "sensitive", "tool_calls", "eos", "network_error", "")
    ),
    {"choices": [{"index": 1, "delta": {"content": "no"}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 1}},
    {"choices": None, "usage": None},
    {"choices": [None, {"delta": 7, "finish_reason": 7}], "usage": "many"},
    {"error": {"code": "1302", "message": "slow down"}},
    {"error": None, "choices": []},
    {"object": "error", "message": "m", "code": 400},
]
# Spelled as bytes: what stands between frames, what breaks them, what ends a stream.
ODD = [
    b"data: [DONE]\n\n",
    b"data:[DONE]\r\n\r\n",
    b": ping\n\n",
    b"data:\n\n",
    b"event: error\ndata: {}\n\n",
    b"data: {oops}\n\n",
    b"data: [1]\n\n",
    b'data: {"a":"\xff"}\n\n',
    b"junk\n",
    b'data: {"choices":[],\ndata: "parts":[]}\n\n',
    b"\xef\xbb\xbf",
]
TAILS = [b"", b"data: ", b'data: {"choices":[{"de', b"data: [DO", b"data: [DONE]", b"\r"]


def event(value):
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


ALPHABETS = {
    ChatGlmDecoder: [event(value) for value in CHATGLM] + ODD,
    ChatCompletionsDecoder: [event(value) for value in COMPLETIONS] + ODD,
}


def outcome(pieces, decoder, feed_eof):
    parts = [part for piece in pieces for part in decoder.feed(piece)]
    if feed_eof:
        parts += decoder.feed_eof()
    try:
        parts += decoder.finish()
    except ProviderError as error:
        return parts, error
    return parts, None


def shown(outcome):
    parts, error = outcome
    return parts, type(error), None if error is None else (error.message, error.code)


@pytest.mark.parametrize("kind", ALPHABETS)
@settings(max_examples=400)
@given(data=st.data())
def test_any_sequence_ends_in_one_finish_reason_or_one_exception(kind, data):
    events = data.draw(st.lists(st.sampled_from(ALPHABETS[kind]), max_size=12))
    body = b"".join(events) + data.draw(st.sampled_from(TAILS))
    places = data.draw(st.lists(st.integers(0, 9999), max_size=6))
    feed_eof = data.draw(st.booleans())
    decoder = kind()
    parts, error = outcome(cut(body, places), decoder, feed_eof)

    ends = [n for n, part in enumerate(parts) if isinstance(part, FinishReason)]
    assert ends == ([len(parts) - 1] if error is None else [])
    if isinstance(error, IncompleteStreamError):
        assert error.text == decoder.text
    if isinstance(error, EmptyAnswerError):
        assert decoder.text == ""
    # Text of an event without its end is handed out by feed_eof, and lost to an exception else.
    if feed_eof or error is None:
        assert decoder.text == "".join(part for part in parts if isinstance(part, str))
    assert shown(outcome([body], kind(), feed_eof)) == shown((parts, error))


@pytest.mark.parametrize("kind", ALPHABETS)
@settings(max_examples=200)
@given(data=st.data())
def test_once_finished_always_finished(kind, data):
    decoder = kind()
    seen = [False]
    for piece in data.draw(st.lists(st.sampled_from(ALPHABETS[kind]), max_size=12)):
        decoder.feed(piece)
        seen.append(decoder.finished)
    assert seen == sorted(seen)


@pytest.mark.parametrize("kind", ALPHABETS)
@settings(max_examples=200)
@given(data=st.data())
def test_nothing_comes_behind_a_failure(kind, data):
    decoder = kind()
    for piece in data.draw(st.lists(st.sampled_from(ALPHABETS[kind]), max_size=12)):
        had_failed = decoder.failure
        parts = decoder.feed(piece)
        if had_failed is not None:
            assert parts == []
            assert decoder.failure is had_failed


@pytest.mark.parametrize("kind", ALPHABETS)
@given(body=st.binary(max_size=60), places=st.lists(st.integers(0, 99), max_size=4))
def test_any_bytes_at_all_end_in_an_exception_of_ours(kind, body, places):
    parts, error = outcome(cut(body, places), kind(), feed_eof=True)
    assert (parts, isinstance(error, ProviderError)) == ([], True)


class WithoutShortCut(ChatGlmDecoder):
    """Takes every frame the long way."""

    def _take_next_snapshot(self, frame, parts):
        return False


# Snapshots that extend one another, among everything else, so that the short cut is taken often.
GROWING = [
    event({**frame([("a", "text", said, "init")], flag=False), "conversation_id": "c"})
    for said in ("哈", "哈哈", "哈哈x", "哈哈x哈", "哈哈x哈哈")
]


@settings(max_examples=600)
@given(data=st.data())
def test_the_short_cut_for_snapshots_changes_nothing(data):
    alphabet = st.one_of(st.sampled_from(GROWING), st.sampled_from(ALPHABETS[ChatGlmDecoder]))
    events = data.draw(st.lists(alphabet, max_size=14))
    body = event({"parts": [], "status": "init", "conversation_id": "c"}) + b"".join(events)
    quick, slow = outcome([body], ChatGlmDecoder(), True), outcome([body], WithoutShortCut(), True)
    assert shown(quick) == shown(slow)
    assert [repr(part) for part in quick[0]] == [repr(part) for part in slow[0]]


def test_the_short_cut_is_taken():
    decoder = ChatGlmDecoder()
    taken = []
    take = decoder._take_next_snapshot
    decoder._take_next_snapshot = lambda *args: taken.append(take(*args)) or taken[-1]
    for piece in [event({"parts": [], "status": "init", "conversation_id": "c"}), *GROWING]:
        decoder.feed(piece)
    assert taken == [False, False, True, True, True, True]
