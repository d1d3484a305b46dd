"""Another framing is the same bytes, each chunk at the instant of its last byte."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from cassettes.test_faults import BODY, CHUNKS, recording
from hypothesis import given
from hypothesis import strategies as st

from glmbench.cassettes.faults import FaultError
from glmbench.cassettes.interaction import Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.reframe import Reframe, parse_reframe, reframe
from glmbench.cassettes.track import Chunk, End, decode, encode

WORDS = ["whole", "event", "byte", "random:0", "random:42", "random:9999999999999999999"]


def framed(interaction, word):
    """Return the chunks as (instant, bytes) and the end's instant."""
    again = reframe(interaction, parse_reframe(word))
    position = 0
    pieces = []
    for chunk in again.track.chunks:
        pieces.append((chunk.at_us, again.body[position : position + chunk.size]))
        position += chunk.size
    return pieces, again.track.end.at_us


def of_body(body):
    """Make a recording that came in one chunk."""
    return recording(body=body, chunks=(Chunk(at_us=100, size=len(body)),))


# --- words ----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", WORDS)
def test_a_framing_is_named_by_the_word_it_was_parsed_from(word):
    assert str(parse_reframe(word)) == word


def test_the_seed_is_part_of_a_random_framing():
    assert parse_reframe("random:7") == Reframe(kind="random", seed=7)


KNOWN = "one of: whole, event, byte, random:SEED"
SEED = "SEED is a whole number of at most 19 digits, as in random:1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f'"" is no framing; it is {KNOWN}'),
        ("bytes", f'"bytes" is no framing; did you mean "byte"? It is {KNOWN}'),
        ("Whole", f'"Whole" is no framing; did you mean "whole"? It is {KNOWN}'),
        ("event:1", f'"event:1" is no framing; did you mean "event"? It is {KNOWN}'),
        ("random", f'"random" is no framing: {SEED}'),
        ("random:", f'"random:" is no framing: {SEED}'),
        ("random:-1", f'"random:-1" is no framing: {SEED}'),
        ("random:1.5", f'"random:1.5" is no framing: {SEED}'),
        ("random:007", f'"random:007" is no framing: {SEED}'),
        ("random:٣", f'"random:٣" is no framing: {SEED}'),
        ("random:1\n", f'"random:1\\n" is no framing: {SEED}'),
    ],
)
def test_what_is_no_framing_is_told_what_would_be(text, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_reframe(text)


# --- cuts and instants ----------------------------------------------------------------------


def test_whole_is_one_chunk_when_the_last_byte_came():
    assert framed(recording(), "whole") == ([(300, BODY)], 900)


def test_bytes_follow_each_other_from_when_their_chunk_came():
    pieces, end = framed(recording(), "byte")
    assert [piece for _, piece in pieces] == [bytes([byte]) for byte in BODY]
    assert [at for at, _ in pieces] == [*range(100, 111), *range(200, 211), *range(300, 313)]
    assert end == 900


def test_what_needs_more_time_than_there_was_pushes_what_follows_and_the_end():
    crowded = recording(
        body=b"abcdef",
        chunks=(Chunk(at_us=100, size=4), Chunk(at_us=102, size=2)),
        end=End(kind="reset", at_us=103),
    )
    pieces, end = framed(crowded, "byte")
    assert [at for at, _ in pieces] == [100, 101, 102, 103, 104, 105]
    assert end == 105


def test_an_event_comes_when_its_last_byte_did():
    split = recording(
        body=b"data: a\n\ndata: b\n\nda",
        chunks=(
            Chunk(at_us=100, size=4),
            Chunk(at_us=200, size=10),
            Chunk(at_us=300, size=6),
        ),
    )
    pieces, _ = framed(split, "event")
    assert pieces == [(200, b"data: a\n\n"), (300, b"data: b\n\n"), (301, b"da")]


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"a\n\nb\n\n", [b"a\n\n", b"b\n\n"]),
        (b"a\r\n\r\nb\r\n\r\n", [b"a\r\n\r\n", b"b\r\n\r\n"]),
        (b"a\r\rb\r\r", [b"a\r\r", b"b\r\r"]),
        (b"a\r\n\nb\n\r\nc\n\rd", [b"a\r\n\n", b"b\n\r\n", b"c\n\r", b"d"]),
        (b"a\r\r\nb", [b"a\r\r\n", b"b"]),
        (b"a\r\nb\r\nc", [b"a\r\nb\r\nc"]),
        (b"a\n\n\n\nb\n\n", [b"a\n\n\n\n", b"b\n\n"]),
        (b"a\nb\n\nc\n", [b"a\nb\n\n", b"c\n"]),
    ],
)
def test_an_event_ends_with_its_blank_line_whatever_the_line_ends(body, events):
    pieces, _ = framed(of_body(body), "event")
    assert [piece for _, piece in pieces] == events


def test_random_cuts_are_those_of_the_seed_and_body_on_every_machine():
    """The expected sizes were drawn once; a change here breaks every report that names a seed."""

    def sizes(body, word):
        return [len(piece) for _, piece in framed(of_body(body), word)[0]]

    drawn = [6, 2, 64, 2, 3, 4, 6, 7, 6, 16, 31, 2, 18, 114, 1, 93, 25]
    assert sizes(bytes(400), "random:42") == drawn
    assert sizes(bytes(400), "random:43")[:6] == [2, 1, 55, 1, 19, 15]
    assert sizes(bytes(401), "random:42")[:6] != drawn[:6]


def test_random_sizes_reach_from_one_byte_to_a_few_hundred():
    pieces, _ = framed(of_body(bytes(100_000)), "random:1")
    sizes = [len(piece) for _, piece in pieces[:-1]]
    assert (min(sizes), max(sizes)) == (1, 256)


# --- all of them ----------------------------------------------------------------------------


@st.composite
def recordings(draw):
    # Line ends are what `event` looks for.
    pieces = draw(st.lists(st.text("a\r\n", min_size=1).map(str.encode), max_size=20))
    at_us = draw(st.integers(100, 200))
    chunks = []
    for piece in pieces:
        chunks.append(Chunk(at_us=at_us, size=len(piece)))
        at_us += draw(st.integers(1, 30))
    end = End(kind="eof", at_us=at_us)
    return recording(body=b"".join(pieces), chunks=tuple(chunks), end=end)


@given(recordings(), st.sampled_from(WORDS))
def test_a_framing_keeps_the_bytes_and_the_order_of_instants(whole, word):
    again = reframe(whole, parse_reframe(word))
    assert again.body == whole.body
    assert all(chunk.size >= 1 for chunk in again.track.chunks)
    assert all(a.at_us < b.at_us for a, b in pairwise(again.track.chunks))
    assert decode(encode(again.track, again.body), again.body) == again.track


@given(recordings(), st.sampled_from(WORDS))
def test_no_byte_comes_before_it_was_recorded(whole, word):
    again = reframe(whole, parse_reframe(word)).track
    for offset in range(1, again.length + 1):
        assert again.chunk_at(offset).at_us >= whole.track.chunk_at(offset).at_us
    assert again.end.at_us >= whole.track.end.at_us


@given(recordings())
def test_the_framing_of_an_event_stream_does_not_depend_on_the_recorded_one(whole):
    from_bytes = framed(reframe(whole, parse_reframe("byte")), "event")[0]
    assert [p for _, p in from_bytes] == [p for _, p in framed(whole, "event")[0]]


@pytest.mark.parametrize("word", WORDS)
def test_an_empty_body_stays_as_it_is(word):
    empty = recording(body=b"", chunks=())
    assert reframe(empty, parse_reframe(word)) == empty


def test_a_framing_needs_a_stream_track():
    stock = Interaction(
        request=RequestShape(method="GET", url="https://example.com/"),
        status=200,
        reason="OK",
        headers=(),
        body=b"abc",
        track=None,
    )
    message = "the framing random:7 needs a stream track, and the recording has none"
    with pytest.raises(FaultError, match=f"^{re.escape(message)}$"):
        reframe(stock, parse_reframe("random:7"))


def test_the_recorded_framing_of_the_fixture_is_one_event_a_chunk():
    assert reframe(recording(), parse_reframe("event")).track.chunks == CHUNKS
