"""Bodies typed by hand from what is known of the wire, and what a caller must get for each."""

# ruff: noqa: E501 -- wire bytes stand on one line as they do on the wire
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire.chatglm_answers import ANSWERS, FINISH, FRAGMENT, OPENING, WHOLE, text_frame
from wire.chatglm_failures import BAD_UTF8, BUSY, FAILURES
from wire.support_chatglm import bytewise, cut, run, sse

from glmbench.errors import (
    ProtocolError,
)
from glmbench.parts import (
    FinishReason,
)
from glmbench.wire.chatglm import ChatGlmDecoder


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_in_one_piece_gives_its_parts(name):
    body, parts = ANSWERS[name]
    assert run([body]) == (parts, None)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_byte_by_byte_gives_the_same_parts(name):
    body, parts = ANSWERS[name]
    assert run(bytewise(body)) == (parts, None)


@pytest.mark.parametrize("name", ANSWERS)
def test_finish_alone_gives_what_the_end_still_brings(name):
    body, parts = ANSWERS[name]
    decoder = ChatGlmDecoder()
    assert decoder.feed(body) + decoder.finish() == parts


@pytest.mark.parametrize("name", ANSWERS)
def test_the_one_finish_reason_is_the_last_part(name):
    parts, _ = run([ANSWERS[name][0]])
    assert [isinstance(part, FinishReason) for part in parts] == [False] * (len(parts) - 1) + [True]


@given(st.sampled_from(sorted(ANSWERS)), st.lists(st.integers(0, 9999), max_size=9))
def test_cuts_do_not_change_an_answer(name, places):
    body, parts = ANSWERS[name]
    assert run(cut(body, places)) == (parts, None)


def check_failure(name, pieces_of):
    body, parts, kind, message, attributes = FAILURES[name]
    got, error = run(
        pieces_of(body), ChatGlmDecoder(event_limit=4000 if "without end" in name else 1 << 20)
    )
    assert got == parts
    assert type(error) is kind
    if message is not None:
        assert error.message == message
    assert {field: getattr(error, field) for field in attributes} == attributes


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_in_one_piece_is_raised_behind_the_text(name):
    check_failure(name, lambda body: [body])


@pytest.mark.parametrize("name", [name for name in FAILURES if name != "nesting too deep"])
def test_a_failure_byte_by_byte_is_the_same(name):
    check_failure(name, bytewise)


@given(
    st.sampled_from(sorted(set(FAILURES) - {"nesting too deep"})),
    st.lists(st.integers(0, 9999), max_size=9),
)
def test_cuts_do_not_change_a_failure(name, places):
    check_failure(name, lambda body: cut(body, places))


def test_invalid_utf8_is_named_with_its_byte():
    _, error = run([BAD_UTF8])
    assert str(error) == f"a frame is not valid UTF-8 (body byte {BAD_UTF8.index(0xFF)})"


def test_a_lone_surrogate_never_reaches_the_answer():
    parts, error = run([sse(text_frame("a\\ud83d", WHOLE))])
    assert parts == []
    assert type(error) is ProtocolError


@pytest.mark.parametrize(
    ("frame", "finished"),
    [
        (OPENING, False),
        (text_frame("a", WHOLE, part="finish"), False),
        (BUSY, False),
        (FINISH, True),
        ('{"status":"intervene","parts":[]}', True),
        ('{"parts":[{"logic_id":"p1","status":"intervene"}],"status":"init"}', True),
        ('{"status":"error","parts":[]}', True),
        ("[DONE]", True),
        ("{oops}", True),
    ],
)
def test_finished_says_that_only_the_end_is_missing(frame, finished):
    decoder = ChatGlmDecoder()
    decoder.feed(sse(frame))
    assert decoder.finished is finished


def test_body_offset_is_the_end_of_the_feed_with_the_first_finish():
    decoder = ChatGlmDecoder()
    pieces = [sse(text_frame("a", WHOLE)), sse(FINISH) + b": x\n", sse(FINISH)]
    for piece in pieces:
        decoder.feed(piece)
    (finish,) = decoder.finish()
    assert finish.body_offset == len(pieces[0]) + len(pieces[1])


def test_unknown_items_are_counted_once_each():
    decoder = ChatGlmDecoder()
    frame = '{"parts":[{"logic_id":"p","content":[{"type":"hologram"},{"type":"hologram"},{"type":"smell"}]}],"status":"init"}'
    decoder.feed(sse(frame, frame))
    assert decoder.unknown_items == {"hologram": 2, "smell": 1}


def test_a_field_that_is_not_read_has_to_be_utf8_too():
    body = b'data: {"junk":"\xff","parts":[{"logic_id":"p","content":[{"type":"text","text":"a"}]}],"status":"finish"}\n\n'
    parts, error = run([body])
    assert (parts, error.message) == ([], "a frame is not valid UTF-8 (body byte 15)")


def test_text_is_what_was_handed_out():
    decoder = ChatGlmDecoder()
    decoder.feed(sse(text_frame("你", FRAGMENT), text_frame("好", FRAGMENT)))
    assert decoder.text == "你好"


def test_a_message_of_a_broken_frame_says_where_and_why():
    _, error = run([b"data: {oops}\n\n"])
    assert error.message == "a frame is not valid JSON: object keys must be strings (body byte 7)"
