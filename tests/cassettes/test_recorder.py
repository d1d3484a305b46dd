"""Live, while recording and in replay a consumer sees the same: chunks, head, and how it ends."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
import uvloop
from cassettes.support import CUTS, FRAMES, HEAD, WHOLE, consume, replay, three_ways
from streamserver import KEEP, LAST, chunked, head, stream_server

from glmbench import run_virtual, use_cassette
from glmbench.cassettes.store import load


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_body_is_seen_the_same_three_ways(name, tmp_path):
    ways = three_ways(WHOLE[name], tmp_path / "c.yaml")
    assert ways.live.error is None
    assert ways.recording == ways.live
    assert ways.replay == ways.recording
    assert ways.instant == ways.recording


@pytest.mark.parametrize("name", CUTS)
def test_a_broken_body_breaks_the_same_three_ways(name, tmp_path):
    script, how = CUTS[name]
    ways = three_ways(script, tmp_path / "c.yaml", **how)
    assert ways.live.error is not None
    assert ways.recording == ways.live
    assert ways.replay == ways.recording
    assert ways.instant == ways.recording


def test_on_uvloop_a_recording_is_the_same(tmp_path):
    async def record():
        async with stream_server(WHOLE["gzip"]) as server:
            async with use_cassette(tmp_path / "c.yaml", mode="record"):
                return server.url(), await consume(server.url(), pause=0.006)

    url, recorded = uvloop.run(record())
    assert recorded.chunks == FRAMES
    assert run_virtual(replay(tmp_path / "c.yaml", url)) == recorded
    assert uvloop.run(replay(tmp_path / "c.yaml", url)) == recorded


def test_a_cut_after_ten_chunks_delivers_ten_chunks_and_the_same_exception_class(tmp_path):
    ways = three_ways(CUTS["cut"][0], tmp_path / "c.yaml")
    for seen in (ways.live, ways.recording, ways.replay):
        assert seen.chunks == FRAMES[:10]
        assert seen.error_type is aiohttp.ClientPayloadError


def test_a_slow_consumer_sees_each_read_as_its_own_chunk_while_recording(tmp_path):
    ways = three_ways(WHOLE["chunked"], tmp_path / "c.yaml", pause=0.02)
    assert ways.recording.chunks == FRAMES
    assert ways.replay.chunks == FRAMES


def test_the_first_chunk_is_handed_on_before_the_last_one_was_sent(tmp_path):
    async def main():
        proceed = asyncio.Event()

        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(HEAD + chunked(FRAMES[0]))
            await proceed.wait()
            writer.write(chunked(FRAMES[1]) + LAST)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with (
            server,
            use_cassette(tmp_path / "c.yaml", mode="record"),
            aiohttp.ClientSession() as session,
            session.get(url) as response,
        ):
            first = await response.content.readany()
            # The server sends the rest only now: a recorder that reads ahead would hang here.
            proceed.set()
            return first, await response.content.readany()

    assert asyncio.run(main()) == (FRAMES[0], FRAMES[1])


def test_the_track_keeps_the_edges_of_the_reads(tmp_path):
    three_ways(WHOLE["gzip"], tmp_path / "c.yaml")
    (interaction,) = load(tmp_path / "c.yaml")
    assert [chunk.size for chunk in interaction.track.chunks] == [len(f) for f in FRAMES]
    assert interaction.body == b"".join(FRAMES)
    assert ("Content-Encoding", "gzip") in interaction.track.dropped
    instants = [chunk.at_us for chunk in interaction.track.chunks]
    assert instants == sorted(set(instants))


def test_readers_by_byte_line_and_chunk_work_as_always(tmp_path):
    script = WHOLE["chunked"]
    path = tmp_path / "c.yaml"

    async def read_variously(url):
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json={}) as response:
                got = [
                    await response.content.readexactly(3),
                    await response.content.readline(),
                    await response.content.read(5),
                    await response.content.readuntil(b"\n\n"),
                    (await response.content.readchunk())[0],
                ]
                return got, await response.read()

    async def record():
        async with stream_server(script) as server:
            async with use_cassette(path, mode="record"):
                return server.url(), await read_variously(server.url())

    async def replay(url):
        async with use_cassette(path):
            return await read_variously(url)

    url, recorded = asyncio.run(record())
    assert run_virtual(replay(url)) == recorded
    assert b"".join(recorded[0]) + recorded[1] == b"".join(FRAMES)


def test_a_connection_that_the_tape_did_not_make_is_not_reused_under_it(tmp_path):
    script = [head(framing="length=2") + b"ok", KEEP]

    async def main():
        async with stream_server(script) as server, aiohttp.ClientSession() as session:

            async def fetch():
                async with session.get(server.url()) as response:
                    return await response.read()

            await fetch()
            async with use_cassette(tmp_path / "c.yaml", mode="record"):
                assert await fetch() == await fetch() == b"ok"
            assert await fetch() == b"ok"
            return server.connections

    # One before, one for the tape (kept by it for both requests), and the one after may use that.
    assert asyncio.run(main()) == 2
    first, second = load(tmp_path / "c.yaml")
    assert not first.track.reused
    assert second.track.reused
