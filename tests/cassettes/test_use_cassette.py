"""Live, while recording and in replay a consumer sees the same: chunks, head, and how it ends."""

from __future__ import annotations

import asyncio
import socket
import zlib

import aiohttp
import pytest
from cassettes.support import consume, no_rounding, spaced, three_ways
from streamserver import CUT, KEEP, LAST, RESET, STALL, chunked, head, stream_server

from glmbench import run_virtual, use_cassette
from glmbench.cassettes.store import load
from glmbench.errors import (
    CassetteDamagedError,
    CassetteMissError,
    CassetteStaleError,
    RecordingEndsError,
    UsageError,
)

FRAMES = [b'data: {"n": %d, "text": "\xe4\xbd\xa0"}\n\n' % n for n in range(12)]
HEAD = head("Content-Type: text/event-stream")


def gzip_frames():
    packer = zlib.compressobj(wbits=31)
    packed = [packer.compress(f) + packer.flush(zlib.Z_SYNC_FLUSH) for f in FRAMES]
    return [*packed, packer.flush()]


WHOLE = {
    "chunked": [HEAD, *spaced(map(chunked, FRAMES)), 0.004, LAST],
    "chunked, end with the last chunk": [HEAD, 0.004, chunked(FRAMES[0]) + LAST],
    "gzip": [head("Content-Encoding: gzip"), *spaced(map(chunked, gzip_frames())), LAST],
    "length": [head(framing="length=10"), *spaced([b"01234", b"56789"])],
    "until EOF": [head(framing="eof"), *spaced([b"one", b"two"]), 0.004, CUT],
    "with its head": [HEAD + chunked(FRAMES[0]), 0.004, chunked(FRAMES[1]), LAST],
    "whole with its head": [HEAD + chunked(FRAMES[0]) + LAST],
    "several HTTP chunks in a read": [HEAD, 0.004, b"".join(map(chunked, FRAMES)), 0.004, LAST],
    "empty": [head(framing="length=0")],
    "an HTTP error with a body": [head(status="429 Slow Down", framing="length=2") + b"{}"],
    "no content": [head(status="204 No Content", framing="none")],
}

CUTS = {
    "cut": ([HEAD, *spaced(map(chunked, FRAMES[:10])), CUT], {}),
    "cut before the first chunk": ([HEAD, 0.004, CUT], {}),
    "reset": ([HEAD, *spaced(map(chunked, FRAMES[:10])), 0.02, RESET], {}),
    "short of its length": ([head(framing="length=99"), 0.004, b"0123", 0.004, CUT], {}),
    "silence, then the idle limit": (
        [HEAD, *spaced(map(chunked, FRAMES[:3])), STALL],
        {"timeout": no_rounding(sock_read=0.1)},
    ),
    "silence, then the total limit": (
        [HEAD, *spaced(map(chunked, FRAMES[:3])), STALL],
        {"timeout": no_rounding(total=0.15)},
    ),
}


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


def test_a_redirect_is_recorded_and_followed_in_replay(tmp_path):
    path = tmp_path / "c.yaml"
    pages = {
        "/old": [head("Location: /new", status="307 Moved", framing="length=0"), KEEP],
        "/new": [HEAD, *spaced(map(chunked, FRAMES[:2])), LAST],
    }

    async def record():
        async with stream_server(by_path=pages) as server:
            async with use_cassette(path, mode="record"):
                return server.url("/old"), await consume(server.url("/old"))

    async def replay(url):
        async with use_cassette(path) as tape:
            return await consume(url), tape.finding().verdict

    url, recorded = asyncio.run(record())
    assert recorded.chunks == FRAMES[:2]
    assert run_virtual(replay(url)) == (recorded, "HIT")
    first, second = load(path)
    assert (first.status, second.status) == (307, 200)
    assert second.track.reused
    assert second.track.started_us > first.track.headers_us


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


def test_overlapping_tapes_over_one_session_do_not_see_each_other(tmp_path):
    """Same URL and body, chunk by chunk in turn, one redirected and one cancelled."""
    names = ("a", "b", "redirected", "cancelled")

    async def main():
        turns = asyncio.Semaphore(1)
        served = {}

        async def serve(reader, writer):
            request = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in request.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            await reader.readexactly(length)
            who = request.split(b"X-Who: ")[1].split(b"\r\n")[0].decode()
            if who == "redirected" and b"POST /same " in request:
                moved = ("Location: /moved", "Connection: close")
                writer.write(head(*moved, status="307 Moved", framing="length=0"))
            else:
                writer.write(HEAD)
                for n in range(5):
                    async with turns:
                        writer.write(chunked(f"{who}{n};".encode()))
                        await asyncio.sleep(0.002)
                writer.write(LAST)
            writer.close()

        async def one(who, session, url):
            async with use_cassette(tmp_path / f"{who}.yaml", mode="record"):
                got = served.setdefault(who, [])
                async with session.post(url, json={"q": 1}, headers={"X-Who": who}) as response:
                    async for chunk in response.content.iter_any():
                        got.append(chunk)
                        if who == "cancelled" and len(got) == 2:
                            asyncio.current_task().cancel()
                            await asyncio.sleep(0)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/same"
        async with server, aiohttp.ClientSession() as session:
            results = await asyncio.gather(
                *(one(who, session, url) for who in names), return_exceptions=True
            )
        assert [type(result) for result in results] == [type(None)] * 3 + [asyncio.CancelledError]
        return served

    served = asyncio.run(main())
    for who in ("a", "b", "redirected"):
        interaction = load(tmp_path / f"{who}.yaml")[-1]
        assert interaction.body.decode() == "".join(f"{who}{n};" for n in range(5))
        assert [c.size for c in interaction.track.chunks] == [len(c) for c in served[who]]
    assert len(load(tmp_path / "redirected.yaml")) == 2
    # What was cancelled is not saved: nobody knows how it would have gone on.
    assert not (tmp_path / "cancelled.yaml").exists()


def test_overlapping_tapes_replay_side_by_side(tmp_path):
    pages = {"/a": [HEAD, *spaced(map(chunked, FRAMES[:4])), LAST]}
    pages["/b"] = [HEAD, *spaced(map(chunked, FRAMES[4:9]), 0.003), LAST]

    async def record():
        async with stream_server(by_path=pages) as server:
            for name in "ab":
                async with use_cassette(tmp_path / f"{name}.yaml", mode="record"):
                    await consume(server.url(f"/{name}"))
            return server.url()

    async def replay(base):
        order = []

        async def one(name, session):
            async with use_cassette(tmp_path / f"{name}.yaml"):
                async with session.post(f"{base}{name}", json={"q": 1}) as response:
                    async for chunk in response.content.iter_any():
                        order.append((name, chunk))

        async with aiohttp.ClientSession() as session:
            await asyncio.gather(one("a", session), one("b", session))
        return order

    order = run_virtual(replay(asyncio.run(record())))
    assert [chunk for name, chunk in order if name == "a"] == FRAMES[:4]
    assert [chunk for name, chunk in order if name == "b"] == FRAMES[4:9]
    assert [name for name, _ in order] != sorted(name for name, _ in order)


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


async def _replay(path, url, **how):
    async with use_cassette(path):
        return await consume(url, **how)


def test_a_missing_file_is_a_miss_that_says_how_to_record(tmp_path):
    with pytest.raises(
        CassetteMissError,
        match=r"^POST http://127\.0\.0\.1:1/x has no recording: there is no file .*absent\.yaml\. "
        r"Record it with --mode record\.$",
    ):
        run_virtual(_replay(tmp_path / "absent.yaml", "http://127.0.0.1:1/x"))


def test_another_body_is_stale_and_the_first_difference_is_named(tmp_path):
    ways = three_ways(WHOLE["chunked"], tmp_path / "c.yaml")
    with pytest.raises(CassetteStaleError, match=r"\$\.q: recorded 1, sent 2"):
        run_virtual(_replay(tmp_path / "c.yaml", ways.url, json={"q": 2}))


def test_another_url_is_a_miss_that_names_what_is_left(tmp_path):
    ways = three_ways(WHOLE["chunked"], tmp_path / "c.yaml")
    with pytest.raises(CassetteMissError, match=r"Next unplayed: POST http://127.*/stream\."):
        run_virtual(_replay(tmp_path / "c.yaml", ways.url.replace("/stream", "/other")))


def test_what_was_played_once_is_not_played_again(tmp_path):
    ways = three_ways(WHOLE["chunked"], tmp_path / "c.yaml")

    async def twice():
        async with use_cassette(tmp_path / "c.yaml"):
            await consume(ways.url)
            await consume(ways.url)

    with pytest.raises(CassetteMissError, match="Everything recorded was played already"):
        run_virtual(twice())


def test_a_swallowed_miss_is_raised_when_the_context_ends(tmp_path):
    async def swallows():
        async with use_cassette(tmp_path / "absent.yaml"), aiohttp.ClientSession() as session:
            try:
                await session.get("http://127.0.0.1:1/")
            except Exception:  # noqa: BLE001 -- this is the kind of provider it is about
                pass

    with pytest.raises(CassetteMissError):
        run_virtual(swallows())


def test_identical_requests_play_in_the_order_of_recording(tmp_path):
    path = tmp_path / "c.yaml"
    answers = [[head(framing="length=1") + b"%d" % n] for n in range(3)]

    async def ask(url):
        return [(await consume(url)).body for _ in range(3)]

    async def record():
        async with stream_server(*answers) as server:
            async with use_cassette(path, mode="record"):
                return server.url(), await ask(server.url())

    async def replay(url):
        async with use_cassette(path):
            return await ask(url)

    url, recorded = asyncio.run(record())
    assert recorded == [b"0", b"1", b"2"]
    assert run_virtual(replay(url)) == recorded


def test_record_replays_a_file_that_is_there_and_refresh_replaces_it(tmp_path):
    path = tmp_path / "c.yaml"
    answers = [[head(framing="length=1") + b"%d" % n] for n in range(2)]

    async def main():
        bodies = []
        async with stream_server(*answers) as server:
            for mode in ("record", "record", "refresh", "replay"):
                async with use_cassette(path, mode=mode):
                    bodies.append((await consume(server.url())).body)
            return bodies, len(server.requests)

    assert asyncio.run(main()) == ([b"0", b"0", b"1", b"1"], 2)


def test_record_with_a_file_present_fails_closed(tmp_path):
    path = tmp_path / "c.yaml"

    async def main():
        async with stream_server([head(framing="length=1") + b"0"]) as server:
            async with use_cassette(path, mode="record"):
                await consume(server.url())
            with pytest.raises(CassetteStaleError):
                async with use_cassette(path, mode="record"):
                    await consume(server.url(), json={"other": 1})
            return len(server.requests)

    assert asyncio.run(main()) == 1


def test_live_writes_nothing(tmp_path):
    async def main():
        async with stream_server(WHOLE["chunked"]) as server:
            async with use_cassette(tmp_path / "c.yaml", mode="live") as tape:
                seen = await consume(server.url())
            return seen.chunks, tape.finding().verdict

    assert asyncio.run(main()) == (FRAMES, "LIVE")
    assert list(tmp_path.iterdir()) == []


def test_it_is_a_sync_context_manager_too(tmp_path):
    ways = three_ways(WHOLE["chunked"], tmp_path / "c.yaml")
    with use_cassette(tmp_path / "c.yaml") as tape:
        seen = run_virtual(consume(ways.url))
    assert seen == ways.recording
    assert tape.finding().verdict == "HIT"


def test_outside_the_context_the_network_is_as_it_was(tmp_path):
    async def main():
        async with stream_server(WHOLE["whole with its head"]) as server:
            async with use_cassette(tmp_path / "c.yaml", mode="record"):
                await consume(server.url())
            return (await consume(server.url())).chunks, len(server.requests)

    assert asyncio.run(main()) == (FRAMES[:1], 2)


@pytest.mark.parametrize("timing", ["fast", "0x", "x", "-1x", ""])
def test_an_unknown_timing_is_refused(tmp_path, timing):
    with pytest.raises(UsageError, match=f"^timing is '{timing}'; it is `recorded`, `instant`"):
        use_cassette(tmp_path / "c.yaml", timing=timing)


def test_an_unknown_mode_is_refused(tmp_path):
    with pytest.raises(UsageError, match="^mode is 'reply'; it is one of replay, record, refresh"):
        use_cassette(tmp_path / "c.yaml", mode="reply")


def test_a_damaged_file_is_refused_when_the_context_begins(tmp_path):
    path = tmp_path / "c.yaml"
    three_ways(WHOLE["chunked"], path)
    path.write_text(path.read_text().replace('"n": 3', '"n": 4'))
    with pytest.raises(CassetteDamagedError, match="interaction 1 .*does not fit its stream track"):
        run_virtual(_replay(path, "http://127.0.0.1:1/stream"))


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
