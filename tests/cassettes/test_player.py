"""Replay keeps the recorded pace on the loop's clock, and client timers fire as they would have."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest
from cassettes.support import FRAMES, HEAD, WHOLE, consume, no_rounding, spaced, three_ways
from streamserver import LAST, STALL, chunked, stream_server

from glmbench import run_virtual, use_cassette
from glmbench.cassettes.store import load
from glmbench.errors import (
    RecordingEndsError,
)


def test_a_consumer_that_walks_away_is_replayed_up_to_there_and_not_further(tmp_path):
    path = tmp_path / "c.yaml"
    ways = three_ways([HEAD, *spaced(map(chunked, FRAMES)), LAST], path, stop_after=3)
    assert ways.recording.chunks == ways.replay.chunks == FRAMES[:3]

    async def read_on():
        async with use_cassette(path) as tape:
            try:
                await consume(ways.url)
            finally:
                verdicts.append(tape.finding().verdict)

    verdicts = []
    with pytest.raises(RecordingEndsError, match="^The consumer reads on"):
        run_virtual(read_on())
    assert verdicts == ["STALE"]


def test_a_consumers_own_timeout_fires_in_replay_where_it_fired_before(tmp_path):
    path = tmp_path / "c.yaml"

    async def impatient(url):
        got = []
        async with aiohttp.ClientSession() as session, session.post(url, json={}) as response:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    async for chunk in response.content.iter_any():
                        got.append(chunk)
        return got

    async def record():
        async with stream_server([HEAD, *spaced(map(chunked, FRAMES[:2])), STALL]) as server:
            async with use_cassette(path, mode="record"):
                return server.url(), await impatient(server.url())

    async def replay(url):
        async with use_cassette(path):
            return await impatient(url)

    url, recorded = asyncio.run(record())
    assert recorded == FRAMES[:2]
    assert run_virtual(replay(url)) == recorded


def test_a_client_timer_shorter_than_the_recorded_silence_fires_in_virtual_time(tmp_path):
    path = tmp_path / "c.yaml"

    async def record():
        async with stream_server([HEAD, chunked(FRAMES[0]), 0.15, LAST]) as server:
            async with use_cassette(path, mode="record"):
                return server.url(), await consume(server.url())

    async def replay(sock_read):
        async with use_cassette(path):
            return await consume(url, timeout=no_rounding(sock_read=sock_read))

    url, recorded = asyncio.run(record())
    assert recorded.error is None
    assert run_virtual(replay(0.2)) == recorded
    assert run_virtual(replay(0.1)).error_type is aiohttp.SocketTimeoutError


def test_a_connect_timeout_shorter_than_the_recorded_connect_fires(tmp_path):
    path = tmp_path / "c.yaml"
    three_ways(WHOLE["whole with its head"], path)
    text = path.read_text()
    (interaction,) = load(path)
    connected = interaction.track.connected_us
    # A slow connection set-up cannot be had on loopback: it is written into the file.
    for key, value in (("connected_us", connected), ("headers_us", interaction.track.headers_us)):
        text = text.replace(f"{key}: {value}\n", f"{key}: {value + 5_000_000}\n")
    chunk = interaction.track.chunks[0]
    text = text.replace(f"chunks: {chunk.at_us}/", f"chunks: {chunk.at_us + 5_000_000}/")
    text = text.replace(f"at_us: {interaction.track.end.at_us}\n", "at_us: 9000000\n")
    path.write_text(text)

    async def replay(limit):
        async with use_cassette(path):
            return await consume(interaction.request.url, timeout=no_rounding(connect=limit))

    assert run_virtual(replay(6)).chunks == FRAMES[:1]
    assert run_virtual(replay(4)).error_type is aiohttp.ConnectionTimeoutError


def test_replay_opens_no_socket(tmp_path, monkeypatch):
    path = tmp_path / "c.yaml"
    ways = three_ways(WHOLE["chunked"], path)

    def refuse(*args, **kwargs):
        raise AssertionError("replay made a socket")

    async def replay():
        # The loop has its own pair of sockets already; from here on there is none to be had.
        monkeypatch.setattr(socket, "socket", refuse)
        async with use_cassette(path):
            return await consume(ways.url)

    try:
        assert run_virtual(replay()) == ways.recording
    finally:
        monkeypatch.undo()


def test_a_speed_scales_the_recorded_pace(tmp_path):
    path = tmp_path / "c.yaml"
    ways = three_ways(WHOLE["chunked"], path)
    (interaction,) = load(path)
    last = interaction.track.end.at_us / 1e6

    async def replay(timing):
        async with use_cassette(path, timing=timing):
            await consume(ways.url)
            return asyncio.get_running_loop().time()

    assert run_virtual(replay("recorded")) == pytest.approx(last, abs=1e-9)
    assert run_virtual(replay("4x")) == pytest.approx(last / 4, abs=1e-9)
    assert run_virtual(replay("instant")) == 0.0
