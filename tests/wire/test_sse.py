from __future__ import annotations

import re
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.errors import ProtocolError
from glmbench.wire.sse import ServerSentEvent, SseDecoder


def event(data, **fields):
    return ServerSentEvent(data=data, **fields)


def run(pieces, limit=1 << 20):
    decoder = SseDecoder(limit)
    events = [found for piece in pieces for found in decoder.feed(piece)]
    return events, decoder.finish()


def bytewise(stream):
    return [stream[n : n + 1] for n in range(len(stream))]


# stream, events, what finish() returns
STREAMS = {
    "one event": (b"data: a\n\n", [event(b"a")], None),
    "the 2024 shape": (b'event:message\ndata: {"x":1}\n\n', [event(b'{"x":1}')], None),
    "no blank after the colon": (b"data:a\n\n", [event(b"a")], None),
    "exactly one blank is removed": (b"data:  a \n\n", [event(b" a ")], None),
    "a tab is no blank": (b"data:\ta\n\n", [event(b"\ta")], None),
    "crlf": (b"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", [event(b"a\nb"), event(b"c")], None),
    "cr": (b"data: a\rdata: b\r\rdata: c\r\r", [event(b"a\nb"), event(b"c")], None),
    "mixed line ends": (
        b"data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\r",
        [event(b"a\nb\nc"), event(b"d")],
        None,
    ),
    "three data lines": (b"data: a\ndata\ndata: b\n\n", [event(b"a\n\nb")], None),
    "data without a value": (b"data\n\ndata:\n\n", [event(b""), event(b"")], None),
    "a comment": (b": ping\n\n:\ndata: a\n: b\n\n", [event(b"a")], None),
    "an unknown field": (b"foo: 1\nDATA: x\n data: y\ndata: a\n\n", [event(b"a")], None),
    "an event without data": (b"event: x\nid: 7\n\ndata: a\n\n", [event(b"a", id="7")], None),
    "an event type": (
        b"event: add\ndata: a\n\ndata: b\n\n",
        [event(b"a", event="add"), event(b"b")],
        None,
    ),
    "an empty event type": (b"event: add\nevent:\ndata: a\n\n", [event(b"a")], None),
    "the id stays": (
        b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
        [event(b"a", id="1"), event(b"b", id="1"), event(b"c")],
        None,
    ),
    "an id with NUL": (
        b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n",
        [event(b"a", id="1"), event(b"b", id="1")],
        None,
    ),
    "retry": (b"retry: 30\ndata: a\n\ndata: b\n\n", [event(b"a", retry=30), event(b"b")], None),
    "retry of other digits": (
        "retry: ３\nretry: +1\nretry: 1.5\nretry:\ndata: a\n\n".encode(),
        [event(b"a")],
        None,
    ),
    "retry of too many digits": (b"retry: " + b"9" * 5000 + b"\ndata: a\n\n", [event(b"a")], None),
    "a bom": (b"\xef\xbb\xbfdata: a\n\n", [event(b"a")], None),
    "a second bom": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [event(b"b")], None),
    "half a bom": (b"\xef\xbbdata: a\n\ndata: b\n\n", [event(b"b")], None),
    "only half a bom": (b"\xef\xbb", [], None),
    "u+2028 is no line end": (
        "data: a\u2028b\u0085c\n\n".encode(),
        [event("a\u2028b\u0085c".encode())],
        None,
    ),
    "bytes that are not utf-8": (b"data: \xff\xe4\n\n", [event(b"\xff\xe4")], None),
    "no blank line": (b"data: a\n\ndata: b\n", [event(b"a")], event(b"b")),
    "no newline": (
        b"data: a\n\nevent: x\nid: 9\ndata: b",
        [event(b"a")],
        event(b"b", event="x", id="9"),
    ),
    "only a field name": (b"data", [], event(b"")),
    "a cut field name": (b"dat", [], None),
    "nothing": (b"", [], None),
    "only blank lines": (b"\n\r\n\r\n\n", [], None),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_in_one_piece_gives_its_events(name):
    stream, events, last = STREAMS[name]
    assert run([stream]) == (events, last)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_byte_by_byte_gives_the_same_events(name):
    stream, events, last = STREAMS[name]
    assert run(bytewise(stream)) == (events, last)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_with_empty_feeds_between_gives_the_same_events(name):
    stream, events, last = STREAMS[name]
    assert run([b"", *(x for byte in bytewise(stream) for x in (byte, b""))]) == (events, last)


def cut(stream, places):
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in pairwise(edges)]


LINES = st.lists(
    st.sampled_from(
        [b"data: a", b"data:b", b"data", b"event: x", b"event:message", b"id: 1", b"retry: 5",
         b": c", b"", b"", b"junk", b"\xef\xbb\xbf", b'data: {"a": "\xe4\xbd\xa0"}']
    )
    | st.binary(max_size=5).filter(lambda line: b"\n" not in line and b"\r" not in line),
    max_size=12,
)  # fmt: skip
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(LINES, ENDS), max_size=4), st.lists(st.integers(0, 999), max_size=8))
def test_cuts_change_neither_events_nor_offsets(groups, places):
    stream = b"".join(line + end for lines, end in groups for line in lines)
    whole = run([stream])
    pieces = run(cut(stream, places))
    assert pieces == whole
    assert [e.offset for e in pieces[0]] == [e.offset for e in whole[0]]


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=6), ENDS, st.booleans())
def test_the_offset_is_where_the_data_begins(values, end, bom):
    values = [value.replace(b"\n", b"").replace(b"\r", b"") for value in values]
    stream = (b"\xef\xbb\xbf" if bom else b"") + b"".join(
        b"id: 1" + end + b"data: " + value + end + end for value in values
    )
    for piece in ([stream], bytewise(stream)):
        events, _ = run(piece)
        found = [stream[e.offset : e.offset + len(e.data)] for e in events]
        assert found == values
        assert [e.data for e in events] == values


# What is not UTF-8, as `strict` has it: stream, events before the error, body byte of it.
BROKEN = {
    "half a bom": (b"\xef\xbbdata: a\n\ndata: b\n\n", [], 0),
    "a field name": (b"data: a\n\n\xffata: b\n\ndata: c\n\n", [event(b"a")], 9),
    "a field name behind the bom": (b"\xef\xbb\xbfd\xffta: b\n\n", [], 4),
    "an event type": (b"event: a\xff\ndata: a\n\n", [], 8),
    "an id": (b"data: a\r\n\r\nid: \xe4\xbd\r\ndata: a\r\n\r\n", [event(b"a")], 15),
    "a retry": (b"retry: \xff\n", [], 7),
    "an unknown field": ("旧: 你".encode() + b"\x80\n", [], 8),
    "a comment": (b"data: a\n\n: \xff\ndata: b\n\n", [event(b"a")], 11),
    "a line that is growing at the end": (b"data: a\n\nfoo: \xff", [event(b"a")], 14),
    "data of a second line": (b"data: a\ndata: \xff\n\n", [], 14),
    "data of the first of two lines": (b"data: \xff\ndata: \xff\n\n", [], 6),
    "data without its blank line": (b"data: \xff\n", [], 6),
    "data without its newline": (b"data: a\xff", [], 7),
    "a character cut by a line end": (b"data: a\xe4\n", [], 7),
    "data before a bare field name": (b"data: \xff\ndata\n", [], 6),
}


def run_strictly(pieces, limit=1 << 20):
    """Return the events, what finish() returned, and the offset of the error."""
    decoder = SseDecoder(limit, strict=True)
    events = []
    try:
        for piece in pieces:
            events += decoder.feed(piece)
        return events, decoder.finish(), None
    except ProtocolError as error:
        return events, None, error.offset


@pytest.mark.parametrize("name", BROKEN)
def test_a_line_that_is_not_utf8_is_refused_behind_the_events_before_it(name):
    stream, events, offset = BROKEN[name]
    for pieces in ([stream], bytewise(stream), cut(stream, [5, 9, 13])):
        assert run_strictly(pieces) == (events, None, offset)


def test_behind_a_line_that_is_not_utf8_nothing_is_read():
    decoder = SseDecoder(strict=True)
    assert decoder.feed(b"data: a\n\n\xff\ndata: b\n\n") == [event(b"a")]
    for use in (lambda: decoder.feed(b"data: c\n\n"), decoder.finish):
        with pytest.raises(ProtocolError, match=r"^a line is not valid UTF-8 \(body byte 9\)$"):
            use()


def test_who_is_not_strict_reads_on_behind_what_is_not_utf8():
    assert run([b"foo: \xff\nevent: \xff\ndata: \xff\n\n"]) == (
        [event(b"\xff", event="\ufffd")],
        None,
    )


@pytest.mark.parametrize("name", STREAMS.keys() - {"half a bom"})
def test_strictly_read_a_stream_gives_the_same_events(name):
    stream, events, last = STREAMS[name]
    assert run_strictly([stream]) == run_strictly(bytewise(stream)) == (events, last, None)


@pytest.mark.parametrize(
    ("stream", "last"),
    [(b"\xef\xbb", None), (b"foo: \xe4\xbd", None), (b'data: "\xe4\xbd', event(b'"\xe4\xbd'))],
)
def test_a_character_may_lack_its_end_where_the_body_ends(stream, last):
    assert run_strictly([stream]) == run_strictly(bytewise(stream)) == ([], last, None)


def test_what_is_too_long_is_that_before_it_is_no_utf8():
    stream = b"data: a\n\nfoo: \xff" + b"x" * 16 + b"\n"
    for pieces in ([stream], bytewise(stream)):
        assert run_strictly(pieces, limit=16) == ([event(b"a")], None, 9)


@given(st.lists(st.tuples(LINES, ENDS), max_size=4), st.lists(st.integers(0, 999), max_size=8))
def test_cuts_change_no_error_either(groups, places):
    stream = b"".join(line + end for lines, end in groups for line in lines)
    whole = run_strictly([stream])
    pieces = run_strictly(cut(stream, places))
    assert pieces == whole
    assert [e.offset for e in pieces[0]] == [e.offset for e in whole[0]]


@given(st.lists(st.binary(max_size=6).filter(lambda x: b"data" not in x), max_size=6), ENDS)
def test_without_data_the_error_is_at_the_first_byte_that_is_not_utf8(lines, end):
    stream = b"".join(line + end for line in lines)
    try:
        stream.decode()
    except UnicodeDecodeError as error:
        first = error.start
    else:
        first = None
    assert run_strictly([stream]) == ([], None, first)


def test_text_replaces_what_is_not_utf8():
    assert event(b"a\xff\xe4\xbd\xa0").text == "a\ufffd你"


def test_events_are_compared_by_what_the_standard_knows():
    assert event(b"a", offset=1) == event(b"a", offset=2)
    assert hash(event(b"a", offset=1)) == hash(event(b"a", offset=2))
    assert event(b"a") != event(b"a", id="1")
    assert event(b"a") != b"a"


def test_an_event_cannot_be_changed():
    with pytest.raises(AttributeError):
        event(b"a").data = b"b"


# The data, the line and the event are each at most the limit.
TOO_LONG = {
    "a data line": (b"data: a\n\ndata: 12345678901\n\n", 9),
    "a line of another field": (b"data: a\n\n: 3456789012345678\n", 9),
    "a line that has no end": (b"data: a\n\n12345678901234567", 9),
    "many data lines": (b"data: a\n\n" + b"data: 1234\n" * 4, 48),
}


@pytest.mark.parametrize("name", TOO_LONG)
@pytest.mark.parametrize("split", [lambda s: [s], bytewise], ids=["whole", "bytewise"])
def test_what_is_over_the_limit_is_refused_behind_the_events_before_it(name, split):
    stream, offset = TOO_LONG[name]
    decoder = SseDecoder(limit=16)
    events = []
    sentence = f"an event of more than 16 bytes, at body byte {offset}"
    with pytest.raises(ProtocolError, match=f"^{re.escape(sentence)}$") as caught:
        for piece in [*split(stream), b""]:
            events += decoder.feed(piece)
    assert events == [event(b"a")]
    assert caught.value.offset == offset
    with pytest.raises(ProtocolError):
        decoder.feed(b"data: b\n\n")
    with pytest.raises(ProtocolError):
        decoder.finish()


def test_what_is_as_long_as_the_limit_passes():
    assert run([b"data: 1234567890\n\n"], limit=16) == ([event(b"1234567890")], None)
    assert run([b"data: 1234567\n" * 2 + b"\n"], limit=16) == ([event(b"1234567\n1234567")], None)


def test_comments_do_not_add_up_to_the_limit():
    assert run([b": ping\n" * 100 + b"data: a\n\n"], limit=16) == ([event(b"a")], None)


def count_lines_run(function):
    """Count lines of Python run: a measure of work that no busy machine can change."""
    lines = 0

    def trace(frame, what, _):
        nonlocal lines
        lines += what == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return lines


def test_the_lines_of_code_run_are_proportional_to_the_feeds():
    def feed(size):
        decoder = SseDecoder()
        return count_lines_run(
            lambda: [decoder.feed(b"x" * 256) for _ in range(size)] and decoder.finish()
        )

    few, many = feed(100), feed(1000)
    assert many <= 10 * few


class Watched(bytearray):
    """A buffer that counts what is looked for in it."""

    searched = 0

    def find(self, *args):
        Watched.searched += len(self)
        return super().find(*args)

    def __contains__(self, item):
        Watched.searched += len(self)
        return super().__contains__(item)


def test_a_line_that_is_growing_is_not_searched_again():
    decoder = SseDecoder()
    decoder.feed(b"data: ")
    decoder._partial = Watched(decoder._partial)
    for _ in range(1000):
        assert decoder.feed(b"x" * 256) == []
    assert Watched.searched == 0
    assert decoder.feed(b"\n\n") == [event(b"x" * 256_000)]


def test_a_plain_event_is_cut_the_same_way_in_the_middle_of_others():
    plain = b'data: {"a":1}\n\n'
    named = b'event:message\ndata: {"a":1}\n\n'
    decoder = SseDecoder()
    for piece in (plain, named, b"id: 4\n" + plain, plain, named):
        assert [e.data for e in decoder.feed(piece)] == [b'{"a":1}']
    assert decoder.feed(plain)[0].id == "4"
    assert decoder.feed(b"event: x\n") == []
    assert decoder.feed(plain) == [event(b'{"a":1}', event="x", id="4")]
    assert decoder.feed(b"data: b\r") == []
    assert decoder.feed(plain) == [event(b'b\n{"a":1}', id="4")]
