"""A fault makes another recording out of one, which fits its track and frames its body."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec
import pytest
from cassettes.test_track import make_track
from hypothesis import given
from hypothesis import strategies as st

from glmbench.cassettes.faults import FaultError, put_fault
from glmbench.cassettes.interaction import Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.plan import plan_response
from glmbench.cassettes.track import Chunk, End, decode, encode
from glmbench.suites.faults import CUT_KINDS, Corrupt, CutAfter, DelayFirst, Status

BODY = b"data: one\n\ndata: two\n\ndata: three\n\n"
CHUNKS = (
    Chunk(at_us=100, size=11),
    Chunk(at_us=200, size=11),
    Chunk(at_us=300, size=13),
)
TYPE = ("Content-Type", "text/event-stream")
CHUNKED = ("Transfer-Encoding", "chunked")


def recording(*, method="POST", headers=(TYPE,), body=BODY, **changes) -> Interaction:
    usual = {"connected_us": 50, "headers_us": 100, "dropped": (CHUNKED,), "chunks": CHUNKS}
    track = make_track(**{**usual, "end": End(kind="eof", at_us=900), **changes})
    request = RequestShape(method=method, url="https://example.com/chat")
    return Interaction(
        request=request, status=200, reason="OK", headers=headers, body=body, track=track
    )


def wire(interaction):
    """Return what the connection will bring: all bytes, and the end."""
    plan = plan_response(
        interaction.track,
        status=interaction.status,
        reason=interaction.reason,
        headers=interaction.headers,
        body=interaction.body,
        method=interaction.request.method,
    )
    return b"".join(delivery.data for delivery in plan.deliveries), plan.end


# --- cut ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("reset", End(kind="reset", at_us=201)),
        ("eof", End(kind="eof", at_us=201)),
        ("stall", End(kind="timeout", at_us=201, limit="sock_read")),
    ],
)
def test_a_cut_keeps_the_first_chunks_and_ends_right_behind_them(kind, end):
    cut = put_fault(recording(), CutAfter(chunks=2, kind=kind))
    assert (cut.body, cut.track.chunks) == (BODY[:22], CHUNKS[:2])
    assert cut.track.end == end
    assert cut.all_headers == recording().all_headers


@pytest.mark.parametrize("kind", CUT_KINDS)
def test_a_cut_after_no_chunk_leaves_the_head(kind):
    cut = put_fault(recording(), CutAfter(chunks=0, kind=kind))
    assert (cut.body, cut.track.chunks, cut.track.headers_us) == (b"", (), 100)
    assert cut.track.end.at_us == 101


def test_a_cut_after_the_last_chunk_loses_only_the_end():
    cut = put_fault(recording(), CutAfter(chunks=3))
    assert (cut.body, cut.track.chunks) == (BODY, CHUNKS)
    assert wire(cut)[0].endswith(b"data: three\n\n\r\n")
    assert cut.track.end == End(kind="reset", at_us=301)


def test_a_cut_in_good_order_has_its_last_chunk():
    data, end = wire(put_fault(recording(), CutAfter(chunks=1, kind="eof")))
    assert data.endswith(b"\r\nb\r\ndata: one\n\n\r\n0\r\n\r\n")
    assert end == End(kind="eof", at_us=101)


@pytest.mark.parametrize(
    ("kind", "announced", "headers", "dropped"),
    [
        ("reset", b"35", (TYPE,), (("Content-Length", "35"),)),
        ("stall", b"35", (TYPE,), (("Content-Length", "35"),)),
        ("eof", b"22", (TYPE, ("Content-Length", "22")), ()),
    ],
)
def test_a_body_with_a_length_announces_more_than_comes_unless_it_ends_in_good_order(
    kind, announced, headers, dropped
):
    whole = recording(headers=(TYPE, ("Content-Length", "35")), dropped=(), framing="length")
    cut = put_fault(whole, CutAfter(chunks=2, kind=kind))
    assert (cut.headers, cut.track.dropped) == (headers, dropped)
    assert b"\r\nContent-Length: %b\r\n" % announced in wire(cut)[0]


def test_a_packed_length_is_left_to_the_caller_and_frames_nothing():
    packed = (("Content-Encoding", "gzip"), ("Content-Length", "30"))
    whole = recording(dropped=packed, framing="length")
    cut = put_fault(whole, CutAfter(chunks=2, kind="eof"))
    assert cut.all_headers == (TYPE, *packed)
    assert b"\r\nContent-Length: 22\r\n" in wire(cut)[0]


@pytest.mark.parametrize(
    ("kind", "framing", "http"),
    [("reset", "chunked", "1.1"), ("eof", "eof", "1.0"), ("stall", "eof", "1.0")],
)
def test_a_reset_frames_a_body_that_only_its_connection_ended(kind, framing, http):
    whole = recording(framing="eof", http="1.0", dropped=())
    cut = put_fault(whole, CutAfter(chunks=2, kind=kind))
    assert (cut.track.framing, cut.track.http) == (framing, http)


# --- another status -------------------------------------------------------------------------


def test_a_status_replaces_the_response_and_keeps_when_its_head_came():
    headers = (("Date", "then"), TYPE, ("Set-Cookie", "a=b"), ("server", "it"))
    whole = recording(headers=headers, paused=True)
    answer = put_fault(whole, Status(code=429, retry_after=1.2))
    assert (answer.status, answer.reason) == (429, "Too Many Requests")
    message = "This answer is a fault of glmbench: {status: 429, retry_after: 1.2s}"
    assert msgspec.json.decode(answer.body) == {"error": {"code": "429", "message": message}}
    assert answer.all_headers == (
        ("Date", "then"),
        ("server", "it"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(answer.body))),
        ("Retry-After", "2"),
    )
    assert answer.track == make_track(
        connected_us=50,
        headers_us=100,
        framing="length",
        dropped=(),
        chunks=(Chunk(at_us=100, size=len(answer.body)),),
        end=End(kind="eof", at_us=100),
    )


def test_a_status_without_a_name_has_an_empty_reason_and_none_has_a_wait_of_its_own():
    answer = put_fault(recording(), Status(code=599))
    assert (answer.status, answer.reason) == (599, "")
    assert "Retry-After" not in dict(answer.all_headers)


def test_an_answer_to_head_has_no_body_whatever_its_status():
    asked = recording(method="HEAD", body=b"", chunks=(), end=End(kind="eof", at_us=100))
    answer = put_fault(asked, Status(code=500))
    assert (answer.body, answer.track.chunks) == (b"", ())
    assert wire(answer)[0].endswith(b"\r\n\r\n")


# --- late, and wrong ------------------------------------------------------------------------


def test_a_delay_moves_everything_behind_the_head():
    late = put_fault(recording(), DelayFirst(seconds=1.5))
    assert late.track.headers_us == 100
    assert [chunk.at_us for chunk in late.track.chunks] == [1500100, 1500200, 1500300]
    assert late.track.end == End(kind="eof", at_us=1500900)
    assert late.body == BODY


@given(st.integers(1, 3))
def test_corruption_changes_one_byte_of_its_chunk_into_none_of_utf8(number):
    spoilt = put_fault(recording(), Corrupt(chunk=number))
    changed = [i for i, (a, b) in enumerate(zip(BODY, spoilt.body, strict=True)) if a != b]
    start = 11 * (number - 1)
    assert len(changed) == 1
    assert start <= changed[0] < start + CHUNKS[number - 1].size
    assert spoilt.body[changed[0]] == 0xFF
    assert BODY[changed[0]] not in b"\r\n"
    assert spoilt.track == recording().track


@given(st.binary(min_size=1, max_size=50))
def test_corruption_spares_line_ends_while_there_is_anything_else(body):
    chunks = (Chunk(at_us=100, size=len(body)),)
    spoilt = put_fault(recording(body=body, chunks=chunks), Corrupt(chunk=1)).body
    lines = [len(line) for line in body.split(b"\n")]
    if body.strip(b"\r\n\xff"):
        assert [len(line) for line in spoilt.split(b"\n")] == lines
        assert spoilt != body
    assert b"\xff" in spoilt


def test_corruption_of_line_ends_alone_takes_one_of_them():
    ends = recording(body=b"\r\n" * 3, chunks=(Chunk(at_us=100, size=6),))
    assert put_fault(ends, Corrupt(chunk=1)).body == b"\r\n\r\xff\r\n"


def test_corruption_of_the_same_recording_is_the_same_byte_on_every_machine():
    assert put_fault(recording(), Corrupt(chunk=2)).body[11:22] == b"data: t\xffo\n\n"


# --- all of them ----------------------------------------------------------------------------

FAULTS = st.one_of(
    st.builds(CutAfter, chunks=st.integers(0, 3), kind=st.sampled_from(CUT_KINDS)),
    st.builds(Status, code=st.integers(400, 599), retry_after=st.none() | st.floats(0, 86400)),
    st.builds(DelayFirst, seconds=st.floats(1e-6, 86400)),
    st.builds(Corrupt, chunk=st.integers(1, 3)),
)


@given(FAULTS, st.sampled_from(["chunked", "length", "eof"]), st.sampled_from([0, 100]))
def test_a_faulted_recording_fits_its_track_and_is_always_the_same(fault, framing, early):
    whole = recording(framing=framing, headers_us=100 - early, connected_us=0)
    faulted = put_fault(whole, fault)
    assert decode(encode(faulted.track, faulted.body), faulted.body) == faulted.track
    assert put_fault(whole, fault) == faulted


@pytest.mark.parametrize(
    ("fault", "chunks", "message"),
    [
        (
            CutAfter(chunks=4),
            CHUNKS,
            "{cut_after: 4, kind: reset} cannot be put: the recording has 3 chunks",
        ),
        (
            Corrupt(chunk=2),
            (Chunk(at_us=100, size=35),),
            "{corrupt: {chunk: 2}} cannot be put: the recording has 1 chunk",
        ),
        (
            Corrupt(chunk=1),
            (),
            "{corrupt: {chunk: 1}} cannot be put: the recording has no chunks",
        ),
    ],
)
def test_a_fault_behind_the_recording_says_how_long_that_is(fault, chunks, message):
    with pytest.raises(FaultError, match=f"^{re.escape(message)}$"):
        put_fault(recording(body=BODY if chunks else b"", chunks=chunks), fault)


def test_another_status_needs_no_track_and_makes_none():
    stock = replace(recording(), track=None)
    faulted = put_fault(stock, Status(code=503))
    assert (faulted.status, faulted.reason, faulted.track) == (503, "Service Unavailable", None)
    assert wire(faulted)[0].endswith(b"\r\n\r\n" + faulted.body)
    assert faulted.body == put_fault(recording(), Status(code=503)).body


def test_a_fault_needs_a_stream_track():
    stock = Interaction(
        request=RequestShape(method="GET", url="https://example.com/"),
        status=200,
        reason="OK",
        headers=(),
        body=b"",
        track=None,
    )
    message = "{delay_first: 1s} needs a stream track, and the recording has none"
    with pytest.raises(FaultError, match=f"^{re.escape(message)}$"):
        put_fault(stock, DelayFirst(seconds=1.0))
