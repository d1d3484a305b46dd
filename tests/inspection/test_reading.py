from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspection.recordings import CHATGLM, COMPLETIONS, HELLO, JSON, data, delta, recorded
from inspection.recordings import without_track as bare

from glmbench.cassettes.track import End
from glmbench.inspection.reading import (
    ReadChunk,
    describe_finish,
    find_dialect,
    media_type,
    read_stream,
)
from glmbench.measure.observation import Failure
from glmbench.measure.timing import Timing
from glmbench.parts import Conversation, FinishReason, Reasoning, Usage


def glm(text, status="init", part_status="init"):
    parts = [{"logic_id": "l", "status": part_status, "content": [{"type": "text", "text": text}]}]
    return data({"conversation_id": "c", "status": status, "parts": parts if text else []})


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        (CHATGLM, "chatglm"),
        (COMPLETIONS, "completions"),
        (f"{COMPLETIONS}/?beta=true", "completions"),
        ("https://example.com/v1/models", None),
        ("https://example.com/?q=/chat/completions", None),
    ],
)
def test_the_decoder_is_chosen_by_the_path_of_the_url(url, dialect):
    assert find_dialect(url) == dialect


def test_every_read_has_its_instant_its_gap_its_events_and_its_parts():
    first, second = delta("你") + delta("好"), delta(finish="stop") + data("[DONE]")
    reading = read_stream(recorded(first, second))
    assert reading.chunks == (
        ReadChunk(at_us=100_000, gap_us=100_000, data=first, events=2, parts=("你", "好")),
        ReadChunk(
            at_us=200_000,
            gap_us=100_000,
            data=second,
            events=2,
            parts=(FinishReason("stop", "stop"),),
        ),
    )
    assert (reading.text, reading.reasoning, reading.failure) == ("你好", "", None)
    assert reading.end == End(kind="eof", at_us=200_500)


def test_an_event_over_two_reads_belongs_to_the_second():
    event = delta("你好")
    reading = read_stream(recorded(event[:20], event[20:], delta(finish="stop")))
    assert [chunk.events for chunk in reading.chunks] == [0, 1, 1]
    assert reading.chunks[1].parts == ("你好",)


def test_the_finish_reason_stands_at_the_read_of_its_frame_and_usage_at_the_last():
    usage = data({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
    reading = read_stream(recorded(delta("x"), delta(finish="length"), usage))
    assert reading.chunks[1].parts == (FinishReason("length", "length"),)
    assert reading.chunks[2].parts == (Usage(input_tokens=3, output_tokens=2),)


def test_chatglm_snapshots_are_read_as_what_they_add():
    reading = read_stream(
        recorded(glm(""), glm("你"), glm("你好"), glm("你好", "finish"), url=CHATGLM)
    )
    assert reading.parts == (Conversation("c"), "你", "好", FinishReason("stop", "finish"))
    assert describe_finish(reading) == "stop (finish)"


def test_timing_is_that_of_a_replay():
    reading = read_stream(recorded(*HELLO[:1], *HELLO))
    assert reading.timing == Timing(
        source="recorded",
        ttfb_s=0.1,
        ttft_s=0.1,
        ttfo_s=0.1,
        finish_s=0.4,
        total_s=0.5005,
        gap_p50_s=0.1,
        gap_max_s=0.1,
        gaps=2,
        stalls=0,
        reads=5,
        events=5,
        events_per_read=1.0,
    )


def test_reasoning_counts_as_the_first_token():
    reading = read_stream(recorded(delta(""), delta(reasoning_content="hm"), *HELLO))
    assert reading.reasoning == "hm"
    assert reading.chunks[1].parts == (Reasoning("hm"),)
    assert reading.timing.ttft_s == 0.2


def test_a_stream_that_was_cut_keeps_its_text_and_has_a_failure():
    reading = read_stream(recorded(delta("你"), delta("好")[:9], end="reset"))
    assert reading.text == "你"
    assert reading.finish is None
    assert reading.failure == Failure(
        type="IncompleteStreamError",
        message="the stream was cut inside an event",
        expected_kind=True,
    )
    assert describe_finish(reading) == "IncompleteStreamError"


def test_an_error_instead_of_a_stream_is_a_failure():
    body = b'{"error": {"code": "1302", "message": "too fast"}}'
    reading = read_stream(recorded(body, status=429, headers=[JSON]))
    assert reading.parts == ()
    assert reading.failure == Failure(
        type="RateLimitedError", message="too fast", status=429, code="1302", expected_kind=True
    )


def test_a_redirect_is_no_failure():
    reading = read_stream(recorded(status=302, headers=[("Location", "/elsewhere")]))
    assert (reading.chunks, reading.failure) == ((), None)
    assert describe_finish(reading) == "none"


def test_an_unknown_service_has_events_and_no_parts():
    reading = read_stream(recorded(*HELLO, url="https://example.com/stream"))
    assert reading.dialect is None
    assert [chunk.events for chunk in reading.chunks] == [1, 1, 1, 1]
    assert reading.parts == ()
    assert reading.failure is None


def test_without_a_track_there_is_one_chunk_and_no_instant():
    reading = read_stream(bare(recorded(*HELLO)))
    assert reading.chunks == (
        ReadChunk(
            at_us=None,
            gap_us=None,
            data=b"".join(HELLO),
            events=4,
            parts=("你", "好", FinishReason("stop", "stop")),
        ),
    )
    assert (reading.end, reading.timing) == (None, Timing(source="none"))


@given(st.lists(st.integers(0, len(b"".join(HELLO))), max_size=6))
def test_however_the_network_cut_a_body_it_says_the_same(cuts):
    body = b"".join(HELLO)
    edges = sorted({0, *cuts, len(body)})
    reading = read_stream(recorded(*(body[a:b] for a, b in pairwise(edges))))
    assert (reading.text, reading.finish) == ("你好", FinishReason("stop", "stop"))
    assert sum(chunk.events for chunk in reading.chunks) == len(HELLO)
    assert b"".join(chunk.data for chunk in reading.chunks) == body


def test_the_media_type_is_without_its_parameters():
    assert media_type(recorded(headers=[("CONTENT-type", "Text/HTML; charset=x")])) == "text/html"
    assert media_type(recorded(headers=[])) == ""
