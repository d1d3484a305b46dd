"""A saved stream becomes a recording, with the times it has and no others."""

from __future__ import annotations

import pytest

from glmbench.cassettes import track as tracks
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.raw import RawError, as_interaction, read_raw
from glmbench.cassettes.track import Chunk

REQUEST = RequestShape(method="POST", url="https://h/p")


def interaction(data):
    return as_interaction(read_raw(data), REQUEST, recorded_at="2026-11-22T10:00:00Z", by="test")


def test_a_stream_without_times_is_kept_byte_by_byte_and_has_no_track():
    data = b"event:message\r\ndata: {}\r\n\r\ndata: [DONE]"
    assert interaction(data).body == data
    assert interaction(data).track is None


def test_the_lines_of_an_event_come_when_its_last_line_did():
    data = b"0.100 event: m\n0.101 data: a\n0.250 \n0.400 data: b\n0.400\n"
    stream = read_raw(data)
    assert stream.body == b"event: m\ndata: a\n\ndata: b\n\n"
    assert stream.chunks == (Chunk(at_us=101_000, size=18), Chunk(at_us=400_000, size=9))


def test_events_of_one_instant_stay_apart_by_a_microsecond_and_the_last_needs_no_blank_line():
    stream = read_raw(b"1 data: a\n1\n1 data: b\n1\n1 data: [DONE]\n")
    assert [chunk.at_us for chunk in stream.chunks] == [1_000_000, 1_000_001, 1_000_002]
    assert stream.body.endswith(b"data: [DONE]\n")


def test_a_byte_order_mark_belongs_to_the_file_with_times_and_to_the_stream_without():
    mark = b"\xef\xbb\xbf"
    assert read_raw(mark + b"1\tdata: a\n2 \n") == read_raw(b"1 data: a\n2\n")
    assert read_raw(mark + b"data: a\n\n").body == mark + b"data: a\n\n"


def test_an_imported_track_says_so_and_verifies():
    imported = interaction(b"0.5 data: a\n0.5\n0.75 data: b\n0.75\n")
    assert imported.track.origin == "import"
    assert (imported.track.headers_us, imported.track.end.at_us) == (500_000, 750_000)
    stored = tracks.encode(imported.track, imported.body)
    assert tracks.decode(stored, imported.body) == imported.track


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b" \n", "^it is empty$"),
        (
            b"0.1 data: a\ndata: b\n",
            "^line 2 does not start with a time, as others do$",
        ),
        (
            b"1e-1 data: a\n0.2\n0.3 data: b\n",
            "^line 1 does not start with a time, as others do$",
        ),
        (b"0.2 data: a\n0.1 \n", "^the time in line 2 is earlier than the one before$"),
        (
            b"1732233600.1 data: a\n",
            "^the time in line 1 is a date; times are seconds since the request$",
        ),
    ],
)
def test_what_is_no_saved_stream_is_refused_with_its_line(data, message):
    with pytest.raises(RawError, match=message):
        read_raw(data)


def test_a_stream_whose_first_line_is_a_bare_number_has_no_times():
    assert read_raw(b"12\ndata: a\n\n").chunks is None
