"""What a client of recordings gets, over real loopback."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO

import aiohttp
import pytest
from server.recorded import APART_US, HEAD_AT_US, asked, recorded
from yarl import URL

from glmbench import use_cassette
from glmbench.cassettes.reframe import parse_reframe
from glmbench.cassettes.store import load, save
from glmbench.cassettes.track import Chunk
from glmbench.errors import CassetteDamagedError
from glmbench.server.listening import MAX_REQUEST_BYTES, SERVER_HEADER
from glmbench.server.playback import open_repertoire, playing
from glmbench.suites.faults import parse_fault

PATH = "/v1/stream?a=1&b=2"
PIECES = (b"data: one\n\n", "data: 二\n\n".encode(), b"data: three", b"\n\n")
BODY = b"".join(PIECES)

# What would wait for ever, or for a recorded hour, shall fail.
PATIENCE_S = 30


@asynccontextmanager
async def played(folder, *interactions, **how):
    """Serve a cassette that is named `c`; gives the URL of its recordings' path."""
    save(folder / "c.yaml", interactions)
    async with serving(folder, **how) as url:
        yield url


@asynccontextmanager
async def serving(folder, *, tell=pytest.fail, **how):
    async with playing(open_repertoire(folder, tell=tell, **how)) as port:
        yield f"http://127.0.0.1:{port}{PATH}"


async def read(url, *, method="POST", data=b'{"q":1}', kind="application/json", **options):
    """The status, the reason, the headers, and the reads of the body with their instants."""
    patience = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(auto_decompress=False, timeout=patience) as session:
        started = time.perf_counter()
        headers = {"Content-Type": kind}
        async with session.request(method, url, data=data, headers=headers, **options) as response:
            reads = [(time.perf_counter(), r) async for r in response.content.iter_any()]
    return response, [(at - started, data) for at, data in reads]


async def raw(url, *, until=None):
    """The bytes of an answer, until the server closes or these have come."""
    host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n"
    writer.write(head.encode() + b'{"q": 1}')
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await (reader.read() if until is None else reader.readuntil(until))
    finally:
        writer.close()


# --- bytes and instants ---------------------------------------------------------------------


@pytest.fixture
def sent(monkeypatch):
    """Record what is handed to the kernel: reads cannot tell one segment from two in a row."""
    segments = []
    send = socket.socket.send

    def recording(self, data, *flags):
        segments.append(bytes(data))
        return send(self, data, *flags)

    monkeypatch.setattr(socket.socket, "send", recording)
    return segments


def framed(piece):
    return b"%x\r\n%b\r\n" % (len(piece), piece)


@pytest.mark.parametrize(
    ("framing", "expected"),
    [
        ("chunked", [*map(framed, PIECES), b"0\r\n\r\n"]),
        ("length", [*PIECES]),
        ("eof", [*PIECES]),
    ],
)
async def test_each_recorded_read_is_a_write_of_its_own(tmp_path, sent, framing, expected):
    async with played(tmp_path, recorded(*PIECES, framing=framing)) as url:
        _, reads = await read(url)
    heads = [number for number, data in enumerate(sent) if data.startswith(b"HTTP/1.1 200 OK\r\n")]
    assert sent[heads[-1] + 1 :] == expected
    assert sent[heads[-1]].endswith(b"\r\n\r\n")
    assert b"".join(data for _, data in reads) == BODY


async def test_a_client_reads_the_recorded_chunks_at_the_recorded_instants(tmp_path):
    # Far apart, so that a busy machine does not make one read of two chunks.
    async with played(tmp_path, recorded(*PIECES), speed=0.1) as url:
        _, reads = await read(url)
    assert tuple(data for _, data in reads) == PIECES
    for number, (at, _) in enumerate(reads, start=1):
        assert at >= (HEAD_AT_US + number * APART_US) / 1e5


async def test_instants_count_from_the_request_also_of_a_later_one(tmp_path):
    late = recorded(*PIECES, started_us=3600 * 10**6)
    async with played(tmp_path, late) as url:
        _, reads = await read(url)
    assert (HEAD_AT_US + APART_US) / 1e6 <= reads[0][0] < PATIENCE_S


async def test_a_speed_scales_the_instants_and_instant_does_not_wait(tmp_path):
    slow = recorded(*PIECES)
    slow = replace(slow, track=replace(slow.track, end=replace(slow.track.end, at_us=3600 * 10**6)))
    async with played(tmp_path, slow, speed=36000.0) as url:
        started = time.perf_counter()
        await read(url)
    assert 0.1 <= time.perf_counter() - started < PATIENCE_S
    async with serving(tmp_path, speed=0.0) as url:
        _, reads = await read(url)
    assert b"".join(data for _, data in reads) == BODY


async def test_head_and_first_chunk_that_came_in_one_read_go_out_in_one_write(tmp_path):
    whole = recorded(b"{}", framing="length")
    at_us = whole.track.headers_us
    chunk = Chunk(at_us=at_us, size=whole.track.chunks[0].size)
    whole = replace(whole, track=replace(whole.track, chunks=(chunk,)))
    async with played(tmp_path, whole) as url:
        answer = await raw(url)
    assert answer.endswith(b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")


async def test_a_recording_without_a_track_comes_whole(tmp_path):
    async with played(tmp_path, replace(recorded(*PIECES), track=None)) as url:
        response, reads = await read(url)
    assert response.headers["Content-Length"] == str(len(BODY))
    assert b"".join(data for _, data in reads) == BODY


# --- the head -------------------------------------------------------------------------------


async def test_status_reason_and_headers_are_the_recorded_ones(tmp_path):
    headers = (
        ("Content-Type", "application/json"),
        ("Retry-After", "7"),
        ("Set-Cookie", "[redacted]"),
        ("Via", "one"),
        ("Via", "two"),
        ("Content-Encoding", "gzip"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "keep-alive"),
        ("Server", "nginx"),
    )
    limited = recorded(b"{}", status=429, reason="Slow Down", headers=headers)
    async with played(tmp_path, limited) as url:
        response, _ = await read(url)
    assert (response.status, response.reason) == (429, "Slow Down")
    assert tuple(response.headers.items()) == (
        *headers[:5],
        ("Server", "glmbench-emulator (replaying c.yaml#1)"),
        ("X-Glmbench-Recording", "c.yaml#1"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
    )


async def test_a_recording_of_the_emulator_keeps_its_server(tmp_path):
    made = recorded(b"{}", headers=(("server", "glmbench-emulator/0.0.9"),))
    async with played(tmp_path, made) as url:
        response, _ = await read(url)
    assert response.headers.getall("Server") == ["glmbench-emulator/0.0.9"]


async def test_a_cassette_made_of_a_played_live_one_does_not_say_live(tmp_path):
    async with played(tmp_path, recorded(*PIECES)) as url:
        async with use_cassette(tmp_path / "again.yaml", mode="refresh"):
            await read(url)
    (again,) = load(tmp_path / "again.yaml")
    assert again.body == BODY
    assert again.track.origin == "emulator"


async def test_a_redirect_stays_on_this_server(tmp_path):
    away = recorded(status=307, reason="", headers=(("Location", "https://chat.example/v2?x=1"),))
    there = recorded(b"here", request=asked(url="https://other.example/v2?x=1"), seq=2)
    async with played(tmp_path, away, there) as url:
        response, reads = await read(url)
    assert response.url.path_qs == "/v2?x=1"
    assert reads[0][1] == b"here"


async def test_a_recorded_head_request_keeps_the_length_that_it_announced(tmp_path):
    head = recorded(request=asked(b"", method="HEAD"), headers=(("Content-Length", "1234"),))
    async with played(tmp_path, head) as url:
        response, reads = await read(url, method="HEAD", data=None)
    assert response.headers.getall("Content-Length") == ["1234"]
    assert reads == []


async def test_a_response_that_has_no_body_is_complete_with_its_head(tmp_path):
    async with played(tmp_path, recorded(status=204, reason="No Content")) as url:
        response, reads = await read(url)
    assert (response.status, reads) == (204, [])


# --- ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["chunked", "length"])
@pytest.mark.parametrize("end", ["truncated", "reset"])
async def test_a_broken_body_breaks_after_the_same_bytes(tmp_path, end, framing):
    came = bytearray()
    async with played(tmp_path, recorded(*PIECES, end=end, framing=framing)) as url:
        async with aiohttp.ClientSession() as session, session.post(url, data=b'{"q":1}') as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                async for data in answer.content.iter_any():
                    came += data
    assert came == BODY


async def test_a_reset_is_a_reset_and_a_truncated_body_ends_in_good_order(tmp_path):
    async with played(tmp_path, recorded(*PIECES, end="reset")) as url:
        with pytest.raises(ConnectionResetError):
            await raw(url)
    async with played(tmp_path, recorded(*PIECES, end="truncated")) as url:
        answer = await raw(url)
    assert answer.endswith(b"2\r\n\n\n\r\n")


@pytest.mark.parametrize("end", ["timeout", "closed-by-client"])
async def test_past_the_end_of_what_is_known_there_is_silence(tmp_path, end):
    limit = aiohttp.ClientTimeout(sock_read=0.1)
    came = bytearray()
    async with played(tmp_path, recorded(*PIECES, end=end)) as url:
        async with aiohttp.ClientSession(timeout=limit) as session:
            async with session.post(url, data=b'{"q":1}') as answer:
                with pytest.raises(aiohttp.SocketTimeoutError):
                    async for data in answer.content.iter_any():
                        came += data
    assert came == BODY


@pytest.mark.parametrize("until", [b"one\n\n", b"\r\n2\r\n\n\n\r\n"])
async def test_a_client_that_leaves_ends_its_answer_and_nothing_is_logged(tmp_path, caplog, until):
    caplog.set_level(logging.DEBUG)
    async with played(tmp_path, recorded(*PIECES, end="timeout")) as url:
        others = asyncio.all_tasks()
        await raw(url, until=until)
        async with asyncio.timeout(PATIENCE_S):
            while asyncio.all_tasks() > others:  # noqa: ASYNC110 -- there is no more to see of it
                await asyncio.sleep(0.001)
    assert [
        r.getMessage() for r in caplog.records if r.name in {"aiohttp.server", "glmbench.server"}
    ] == []


# --- which recording ------------------------------------------------------------------------


async def test_equal_requests_are_played_in_turn_and_again_from_the_first(tmp_path):
    save(tmp_path / "b.yaml", [recorded(b"third")])
    save(tmp_path / "a.yaml", [recorded(b"first"), recorded(b"second", seq=2)])
    answers = []
    async with serving(tmp_path) as url:
        for _ in range(4):
            response, reads = await read(url)
            answers.append((response.headers["X-Glmbench-Recording"], reads[0][1]))
    assert answers == [
        ("a.yaml#1", b"first"),
        ("a.yaml#2", b"second"),
        ("b.yaml#1", b"third"),
        ("a.yaml#1", b"first"),
    ]


async def test_a_request_without_a_recording_is_told_the_nearest_one(tmp_path):
    said = []
    async with played(tmp_path, recorded(b"x"), tell=said.append) as url:
        response, ((_, answer),) = await read(url, data=b'{"q": 2}')
    message = (
        "POST /v1/stream?a=1&b=2 is recorded with other requests only. The nearest is c.yaml#1: "
        "$.q: recorded 1, sent 2."
    )
    assert (response.status, response.headers["Server"]) == (404, SERVER_HEADER)
    assert answer.decode() == (f'{{"error":{{"code":"no_recording","message":"{message}"}}}}')
    assert said == [message]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/9.9\r\n\r\n", b"HTTP/1.0 400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: no\r\n\r\n", b"HTTP/1.0 400"),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
            b"HTTP/1.1 400",
        ),
    ],
)
async def test_what_cannot_be_read_is_answered_and_not_logged(tmp_path, caplog, sent, status):
    async with played(tmp_path, recorded(b"x")) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", URL(url).port)
        writer.write(sent)
        assert (await reader.read()).startswith(status)
        writer.close()
    assert [r.getMessage() for r in caplog.records if r.name == "glmbench.server"] == []


async def test_a_request_that_is_too_big_is_refused_under_our_own_name(tmp_path):
    async with played(tmp_path, recorded(b"x")) as url:
        response, _ = await read(url, data=BytesIO(bytes(MAX_REQUEST_BYTES + 1)))
    assert (response.status, response.headers["Server"]) == (413, SERVER_HEADER)


async def test_a_client_may_take_it_for_its_proxy(tmp_path):
    async with played(tmp_path, recorded(b"x")) as url:
        asking = "http://chat.example/v1/stream?b=2&a=1"
        response, reads = await read(asking, proxy=url.removesuffix(PATH))
    assert (response.status, reads[0][1]) == (200, b"x")


async def test_two_answers_run_at_the_same_time(tmp_path):
    silent = recorded(b"x", end="timeout")
    other = recorded(b"y", request=asked(b"[]"), seq=2)
    async with played(tmp_path, silent, other) as url:
        waiting = asyncio.create_task(raw(url))
        _, reads = await read(url, data=b"[]")
        waiting.cancel()
    assert reads[0][1] == b"y"


# --- faults ---------------------------------------------------------------------------------


async def test_a_fault_is_put_into_what_was_reframed(tmp_path):
    how = {"how": parse_reframe("event"), "fault": parse_fault("{cut_after: 2, kind: eof}")}
    async with played(tmp_path, recorded(*PIECES), **how) as url:
        _, reads = await read(url)
    assert b"".join(data for _, data in reads) == PIECES[0] + PIECES[1]


async def test_a_refused_connection_is_reset_without_an_answer(tmp_path):
    async with played(tmp_path, recorded(b"x"), fault=parse_fault("{refuse: true}")) as url:
        with pytest.raises(ConnectionResetError):
            await raw(url)


async def test_what_a_fault_does_not_fit_is_not_played_without_it(tmp_path):
    said = []
    other = recorded(b"y", request=asked(b"[]"), seq=2)
    fault = parse_fault("{cut_after: 3}")
    async with played(tmp_path, recorded(*PIECES), other, fault=fault, tell=said.append) as url:
        response, ((_, answer),) = await read(url, data=b"[]")
    why = "c.yaml#2: {cut_after: 3, kind: reset} cannot be put: the recording has 1 chunk"
    assert response.status == 500
    assert answer.decode() == f'{{"error":{{"code":"fault_does_not_fit","message":"{why}"}}}}'
    assert said == [f"Warning: {why}; it will not be played", why]


def test_a_damaged_cassette_is_refused_before_anything_is_served(tmp_path):
    (tmp_path / "c.yaml").write_text("interactions: 1\n")
    with pytest.raises(CassetteDamagedError):
        open_repertoire(tmp_path, tell=pytest.fail)
