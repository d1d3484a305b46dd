"""A byte that is not UTF-8, anywhere in the streams of both dialects."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import support_completions as completions
from wire.support_chatglm import bytewise, cut, delta_frames, finish_frame, run, sse, text_of

from glmbench.errors import IncompleteStreamError, ProtocolError
from glmbench.wire.chatglm import ChatGlmDecoder
from glmbench.wire.completions import ChatCompletionsDecoder
from glmbench.wire.utf8 import check_utf8

BOM = b"\xef\xbb\xbf"
EXTRAS = ": 在\nid: 号\nretry: 5\nx-新: y\nevent:message\n".encode()
ANSWER = [("p", "text", ["你", "好 a"])]
# An event in two lines of data, among the lines of every field.
BODIES = {
    "chatglm": BOM
    + EXTRAS
    + sse(*delta_frames(ANSWER), finish_frame(ANSWER, 1)).replace(b'"parts"', b'\ndata: "parts"', 1)
    + EXTRAS,
    "completions": BOM
    + EXTRAS
    + completions.sse(
        completions.text("你"), completions.text("好 a"), completions.chunk({}, "stop")
    )
    + b'data: {"choices":\ndata:  []}\n\n'
    + completions.DONE
    + "data: {后\n\n".encode()
    + EXTRAS,
}
DECODERS = {"chatglm": ChatGlmDecoder, "completions": ChatCompletionsDecoder}


def outcome(dialect, pieces):
    parts, error = run(pieces, DECODERS[dialect]())
    return text_of(part for part in parts if isinstance(part, str)), error


def first_bad(body):
    with pytest.raises(UnicodeDecodeError) as caught:
        body.decode()
    return caught.value.start


@pytest.mark.parametrize("dialect", BODIES)
def test_the_whole_body_is_an_answer(dialect):
    assert outcome(dialect, [BODIES[dialect]]) == ("你好 a", None)


@pytest.mark.parametrize("bad", [0xFF, 0xC0])
@pytest.mark.parametrize("dialect", BODIES)
def test_any_byte_that_breaks_is_an_error_at_its_place_and_never_a_finish(dialect, bad):
    for place in range(len(BODIES[dialect])):
        body = bytearray(BODIES[dialect])
        body[place] = bad
        text, error = outcome(dialect, [bytes(body)])
        assert (type(error), error.offset) == (ProtocolError, first_bad(body)), place
        assert "你好 a".startswith(text), place


@given(st.sampled_from(sorted(BODIES)), st.data())
def test_cuts_change_neither_the_text_nor_the_error_of_a_broken_body(dialect, data):
    body = bytearray(BODIES[dialect])
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=3)):
        body[place] = data.draw(st.sampled_from([0xFF, 0x80, 0xE4]))
    body = bytes(body)
    places = data.draw(st.lists(st.integers(0, 9999), max_size=9))
    seen = [
        (text, type(error), str(error), getattr(error, "offset", None))
        for text, error in (
            outcome(dialect, pieces) for pieces in ([body], bytewise(body), cut(body, places))
        )
    ]
    assert seen[1:] == seen[:1] * 2


@pytest.mark.parametrize("dialect", BODIES)
def test_a_body_that_ends_inside_a_character_is_cut_and_not_broken(dialect):
    body = BODIES[dialect]
    _, error = outcome(dialect, [body[: body.index("你".encode()) + 1]])
    assert type(error) is IncompleteStreamError
    assert error.message == "the stream was cut inside an event"


@pytest.mark.parametrize("data", [b"", b"a", "é你😀".encode(), b"\x7f\0"])
def test_utf8_passes(data):
    check_utf8(data, 7, "it")
    check_utf8(data, 7, "it", cut=True)


@pytest.mark.parametrize(
    ("data", "offset"),
    [(b"\xff", 100), (b"ab\x80", 102), (b"\xc0\x80", 100), (b"a\xed\xa0\x80", 101)],
)
@pytest.mark.parametrize("is_cut", [False, True])
def test_what_is_not_utf8_is_said_with_its_byte(data, offset, is_cut):
    sentence = f"it is not valid UTF-8 (body byte {offset})"
    with pytest.raises(ProtocolError, match=f"^{re.escape(sentence)}$") as caught:
        check_utf8(data, 100, "it", cut=is_cut)
    assert caught.value.offset == offset


def test_only_a_cut_may_leave_a_character_without_its_end():
    check_utf8(b"a\xe4\xbd", 0, "it", cut=True)
    with pytest.raises(ProtocolError):
        check_utf8(b"a\xe4\xbd", 0, "it")
