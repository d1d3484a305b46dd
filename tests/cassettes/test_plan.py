"""A plan holds the recorded chunks in the recorded framing, one delivery a read."""

from __future__ import annotations

import pytest
from cassettes.test_track import make_track

from glmbench.cassettes.plan import Delivery, plan_response
from glmbench.cassettes.track import Chunk, End

CHUNKS = (Chunk(at_us=200, size=3), Chunk(at_us=300, size=2))


def plan(track, *, status=200, headers=(), body=b"abcde", method="GET"):
    return plan_response(
        track, status=status, reason="OK", headers=headers, body=body, method=method
    )


def short_track(**changes):
    usual = {"connected_us": 50, "headers_us": 100, "chunks": CHUNKS, "dropped": ()}
    return make_track(**{**usual, "end": End(kind="eof", at_us=400), **changes})


def test_chunked_framing_ends_with_its_last_chunk():
    assert plan(short_track()).deliveries == (
        Delivery(
            at_us=100,
            data=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        ),
        Delivery(at_us=200, data=b"3\r\nabc\r\n"),
        Delivery(at_us=300, data=b"2\r\nde\r\n"),
        Delivery(at_us=400, data=b"0\r\n\r\n"),
    )


def test_a_cut_chunked_body_has_no_last_chunk():
    track = short_track(end=End(kind="truncated", at_us=400))
    assert [d.at_us for d in plan(track).deliveries] == [100, 200, 300]


def test_what_came_in_one_read_is_delivered_in_one():
    track = short_track(headers_us=200, end=End(kind="eof", at_us=300))
    first, second = plan(track).deliveries
    assert first.data.endswith(b"\r\n\r\n3\r\nabc\r\n")
    assert second.data == b"2\r\nde\r\n0\r\n\r\n"


def test_a_whole_body_with_a_length_announces_its_stored_length():
    track = short_track(framing="length", dropped=(("Content-Length", "77"),))
    assert b"\r\nContent-Length: 5\r\n" in plan(track).deliveries[0].data


@pytest.mark.parametrize(
    ("headers", "announced"),
    [((("Content-Length", "9"),), 9), ((("content-length", "4"),), 6), ((), 6)],
)
def test_a_body_short_of_its_length_announces_more_than_it_has(headers, announced):
    track = short_track(framing="length", end=End(kind="truncated", at_us=400))
    head = plan(track, headers=headers).deliveries[0].data
    assert b"\r\nContent-Length: %d\r\n" % announced in head


def test_a_body_until_eof_has_no_framing_header():
    head = plan(short_track(framing="eof")).deliveries[0].data
    assert head == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(("status", "method"), [(204, "GET"), (304, "GET"), (200, "HEAD")])
def test_where_no_body_may_come_none_is_framed(status, method):
    track = short_track(chunks=(), end=End(kind="eof", at_us=100))
    (only,) = plan(track, status=status, method=method, body=b"").deliveries
    assert only.data == b"HTTP/1.1 %d OK\r\nConnection: close\r\n\r\n" % status


def test_without_a_track_the_response_comes_whole_and_at_once():
    made = plan(None)
    assert [d.at_us for d in made.deliveries] == [0]
    assert made.deliveries[0].data.endswith(b"Content-Length: 5\r\nConnection: close\r\n\r\nabcde")
    assert made.end == End(kind="eof", at_us=0)
