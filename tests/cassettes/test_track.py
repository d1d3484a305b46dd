"""A track reads back as it was written, and what does not fit is refused with its reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.cassettes.track import Chunk, End, Track, TrackError, decode, encode, reanchor
from glmbench.redaction.redactor import Edit, apply_edits

BODY = b"one two three"


def make_track(**changes) -> Track:
    given_values = {
        "origin": "emulator",
        "recorded_at": "2026-11-22T10:00:00Z",
        "by": "glmbench 0.1.0",
        "seq": 1,
        "started_us": 0,
        "connected_us": 1210,
        "reused": False,
        "headers_us": 101275,
        "framing": "chunked",
        "dropped": (("Content-Encoding", "gzip"),),
        "chunks": (Chunk(at_us=101300, size=4), Chunk(at_us=112248, size=9)),
        "end": End(kind="eof", at_us=593000),
    }
    return Track(**{**given_values, **changes})


def test_the_stored_form_is_the_documented_one():
    assert encode(make_track(), BODY) == {
        "version": 1,
        "origin": "emulator",
        "recorded_at": "2026-11-22T10:00:00Z",
        "by": "glmbench 0.1.0",
        "seq": 1,
        "attempt": 1,
        "turn": 1,
        "connected_us": 1210,
        "reused": False,
        "headers_us": 101275,
        "framing": "chunked",
        "dropped": {"Content-Encoding": ["gzip"]},
        "chunks": "101300/4 10948/9",
        "end": {"kind": "eof", "at_us": 593000},
        "length": 13,
        "sha256": "6899ee404683a14e8c2a03149860df25d67d34d9cd4dae7350cbe91e4b3976be",
    }


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.binary(min_size=1, max_size=20)), max_size=30),
    st.sampled_from(["eof", "reset", "truncated", "undecodable", "timeout", "closed-by-client"]),
    st.sampled_from(["chunked", "length", "eof"]),
)
def test_what_is_encoded_decodes_to_the_same(chunks, kind, framing):
    at_us = 5
    made = []
    for delta, data in chunks:
        at_us += delta
        made.append(Chunk(at_us=at_us, size=len(data)))
    body = b"".join(data for _, data in chunks)
    track = make_track(
        chunks=tuple(made),
        connected_us=3,
        headers_us=5,
        end=End(kind=kind, at_us=at_us + 7),
        framing=framing,
    )
    assert decode(encode(track, body), body) == track


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, r"^its stream track has version 2 and this glmbench reads version 1"),
        ({"chunks": "101300/4 10948"}, r"chunk 2 is '10948', not microseconds/bytes$"),
        ({"chunks": "101300/4 -5/9"}, r"chunk 2 is '-5/9', not microseconds/bytes$"),
        ({"chunks": "101300/4 1_0/9"}, r"chunk 2 is '1_0/9', not microseconds/bytes$"),
        ({"chunks": "101300/13 10/0"}, r"chunk 2 is '10/0', not microseconds/bytes$"),
        ({"chunks": "101300/4 0/9"}, r"chunk 2 arrives together with the one before it$"),
        ({"chunks": "101300/4"}, r"its chunks hold 4 bytes, its body 13$"),
        ({"chunks": "3/4 10948/9"}, r"its instants are not in order$"),
        ({"end": {"kind": "eof", "at_us": 1}}, r"its instants are not in order$"),
        ({"end": {"kind": "eof", "at_us": 700_000_000_000}}, r"it ends after more than a week$"),
        ({"end": {"kind": "gone", "at_us": 593000}}, r"malformed: Invalid enum value 'gone'"),
        (
            {"length": 12},
            r"^its body does not fit its stream track: it has 13 bytes and 12 were recorded",
        ),
        ({"sha256": "00"}, r"^its body does not fit its stream track"),
        ({"origin": "guess"}, r"malformed: Invalid enum value 'guess'"),
        ({"seq": "1"}, r"malformed: Expected `int`, got `str`"),
        ({"extra": 1}, r"malformed: .*unknown field `extra`"),
    ],
)
def test_a_track_that_cannot_be_trusted_is_refused(change, message):
    with pytest.raises(TrackError, match=message):
        decode({**encode(make_track(), BODY), **change}, BODY)


@pytest.mark.parametrize("data", [None, 3, [], "text"])
def test_something_that_is_no_track_is_refused(data):
    with pytest.raises(TrackError):
        decode(data, BODY)


def test_an_edited_body_is_noticed_although_its_length_is_the_same():
    with pytest.raises(TrackError, match="these are not the bytes that were recorded"):
        decode(encode(make_track(), BODY), b"one two THREE")


@pytest.mark.parametrize(
    ("offset", "at_us"),
    [(0, None), (1, 101300), (4, 101300), (5, 112248), (13, 112248), (14, None)],
)
def test_a_byte_offset_finds_its_chunk(offset, at_us):
    chunk = make_track().chunk_at(offset)
    assert (chunk.at_us if chunk else None) == at_us


def sized(*sizes):
    return make_track(chunks=tuple(Chunk(at_us=200000 + n, size=s) for n, s in enumerate(sizes)))


def sizes_after(track):
    return [(chunk.at_us - 200000, chunk.size) for chunk in track.chunks]


def edit(start, end, length):
    return Edit(start=start, end=end, replacement=b"x" * length)


@pytest.mark.parametrize(
    ("sizes", "edits", "after"),
    [
        ((4, 9), [], [(0, 4), (1, 9)]),
        ((4, 9), [edit(0, 4, 2)], [(0, 2), (1, 9)]),
        ((4, 9), [edit(4, 6, 5)], [(0, 4), (1, 12)]),
        ((4, 9), [edit(2, 6, 4)], [(0, 4), (1, 9)]),
        ((4, 9), [edit(2, 6, 8)], [(0, 6), (1, 11)]),
        ((4, 9), [edit(2, 12, 1)], [(0, 3), (1, 1)]),
        ((4, 9), [edit(2, 12, 0)], [(0, 2), (1, 1)]),
        ((4, 9), [edit(0, 13, 1)], [(0, 1)]),
        ((4, 9), [edit(0, 13, 0)], []),
        ((1, 1, 1, 1, 1), [edit(0, 5, 7)], [(0, 1), (1, 1), (2, 2), (3, 1), (4, 2)]),
        ((1, 1, 1, 1, 1), [edit(0, 5, 3)], [(0, 1), (1, 1), (2, 1)]),
        ((1, 1, 1, 1, 1), [edit(1, 2, 0), edit(3, 4, 0)], [(0, 1), (2, 1), (4, 1)]),
        ((9, 1, 1), [edit(0, 11, 3)], [(0, 1), (1, 1), (2, 1)]),
        ((1, 1, 9), [edit(0, 11, 3)], [(0, 1), (1, 1), (2, 1)]),
        ((3, 3), [edit(1, 2, 4), edit(2, 4, 2)], [(0, 6), (1, 3)]),
    ],
)
def test_a_track_follows_the_edits_of_its_body(sizes, edits, after):
    assert sizes_after(reanchor(sized(*sizes), edits)) == after


@given(st.data())
def test_after_any_edits_the_track_fits_the_body(data):
    sizes = data.draw(st.lists(st.integers(1, 6), max_size=12))
    marks = sorted(data.draw(st.sets(st.integers(0, sum(sizes)), max_size=8)))
    edits = [
        edit(start, end, data.draw(st.integers(0, 9)))
        for start, end in zip(marks[::2], marks[1::2], strict=False)
    ]
    track = reanchor(sized(*sizes), edits)
    body = apply_edits(b"o" * sum(sizes), edits)
    assert decode(encode(track, body), body) == track
