"""A tape answers what was recorded and nothing else, and tapes do not see each other."""

from __future__ import annotations

import asyncio
import contextvars

import aiohttp
import pytest
from cassettes.support import (
    FRAMES,
    HEAD,
    WHOLE,
    consume,
    replay,
    spaced,
    three_ways,
)
from streamserver import KEEP, LAST, chunked, head, stream_server

from glmbench import run_virtual, use_cassette
from glmbench.cassettes.store import load
from glmbench.errors import (
    CassetteMissError,
    CassetteStaleError,
)


def test_a_redirect_is_recorded_and_followed_inreplay(tmp_path):
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


def test_a_missing_file_is_a_miss_that_says_how_to_record(tmp_path):
    with pytest.raises(
        CassetteMissError,
        match=r"^POST http://127\.0\.0\.1:1/x has no recording: there is no file .*absent\.yaml\. "
        r"Record it with --mode record\.$",
    ):
        run_virtual(replay(tmp_path / "absent.yaml", "http://127.0.0.1:1/x"))


def test_another_body_is_stale_and_the_first_difference_is_named(tmp_path):
    ways = three_ways(WHOLE["chunked"], tmp_path / "c.yaml")
    with pytest.raises(CassetteStaleError, match=r"\$\.q: recorded 1, sent 2"):
        run_virtual(replay(tmp_path / "c.yaml", ways.url, json={"q": 2}))


def test_another_url_is_a_miss_that_names_the_nearest_recording(tmp_path):
    ways = three_ways(WHOLE["chunked"], tmp_path / "c.yaml")
    with pytest.raises(
        CassetteMissError, match=r"nearest that is left is POST http://127.*/stream;"
    ):
        run_virtual(replay(tmp_path / "c.yaml", ways.url.replace("/stream", "/other")))


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


def test_what_comes_later_over_a_pooled_connection_is_not_in_the_recording(tmp_path):
    answers = [[head(framing="length=3") + b"one", KEEP], [head(framing="length=3") + b"TWO", KEEP]]

    async def main():
        async with stream_server(*answers) as server, aiohttp.ClientSession() as session:

            async def fetch():
                async with session.get(server.url()) as response:
                    return await response.read()

            async with use_cassette(tmp_path / "c.yaml", mode="record"):
                first = await fetch()
                elsewhere = contextvars.Context()
                second = await asyncio.create_task(fetch(), context=elsewhere)
            return first, second, server.connections

    assert asyncio.run(main()) == (b"one", b"TWO", 1)
    (interaction,) = load(tmp_path / "c.yaml")
    assert interaction.body == b"one"


def test_reading_on_past_a_recording_is_stale_also_when_swallowed_and_late(tmp_path):
    path = tmp_path / "c.yaml"
    ways = three_ways([HEAD, *spaced(map(chunked, FRAMES)), LAST], path, stop_after=3)

    async def greedy(pause):
        got = []
        async with use_cassette(path) as tape:
            try:
                async with aiohttp.ClientSession() as session:
                    async with session.post(ways.url, json={"q": 1}) as response:
                        async for chunk in response.content.iter_any():
                            got.append(chunk)
                            await asyncio.sleep(pause)
            except Exception:  # noqa: BLE001 -- this is the kind of provider it is about
                pass
            findings.append(tape.finding().verdict)
            chunks.append(got)

    for pause in (0, 5):
        findings, chunks = [], []
        with pytest.raises(CassetteStaleError, match="this one reads on"):
            run_virtual(greedy(pause))
        assert (findings, chunks) == (["STALE"], [FRAMES[:3]])
