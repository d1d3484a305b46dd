"""Rarer endings, too, are the same live, while recording and in replay."""

from __future__ import annotations

import asyncio
import io

import aiohttp
import pytest
from cassettes.support import FRAMES, HEAD, consume, spaced, three_ways
from streamserver import KEEP, LAST, STALL, chunked, head, stream_server

from glmbench import run_virtual, use_cassette
from glmbench.cassettes.context import activate
from glmbench.cassettes.recording_tape import RecordingTape
from glmbench.cassettes.store import load
from glmbench.errors import CassetteError


@pytest.mark.parametrize("framing", ["length=1234", "chunked", "none"])
def test_an_answer_to_head_has_headers_and_no_body(tmp_path, framing):
    ways = three_ways([head("X-Kind: a", framing=framing)], tmp_path / "c.yaml", method="HEAD")
    assert ways.live == ways.recording == ways.replay == ways.instant
    assert (ways.live.status, ways.live.body, ways.live.error) == (200, b"", None)
    assert ways.live.headers["X-Kind"] == "a"


def test_a_cookie_keeps_its_name_and_loses_its_value(tmp_path):
    path = tmp_path / "c.yaml"
    cookie = "Set-Cookie: sid=0123456789abcdef; Path=/; HttpOnly"
    pages = {
        "/old": [head(cookie, "Location: /new", status="302 Found", framing="length=0"), KEEP],
        "/new": [HEAD, *spaced(map(chunked, FRAMES[:2])), LAST],
    }

    async def visit(url):
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            aiohttp.ClientSession(cookie_jar=jar) as session,
            session.get(url) as response,
        ):
            hop = response.history[0].headers["Set-Cookie"]
            return hop, [cookie.key for cookie in jar], await response.read()

    async def record():
        async with stream_server(by_path=pages) as server:
            async with use_cassette(path, mode="record"):
                return server.url("/old"), await visit(server.url("/old"))

    async def replay(url):
        async with use_cassette(path) as tape:
            return await visit(url), tape.finding().verdict

    url, (hop, names, body) = asyncio.run(record())
    (replayed_hop, *rest), verdict = run_virtual(replay(url))
    assert (rest, verdict) == ([names, body], "HIT")
    assert hop == "sid=0123456789abcdef; Path=/; HttpOnly"
    assert replayed_hop == "sid=[redacted]; Path=/; HttpOnly"
    stored = path.read_text(encoding="utf-8")
    assert "0123456789abcdef" not in stored
    assert dict(load(path)[1].request.headers)["Cookie"] == "sid=[redacted]"


def test_a_request_body_is_sent_while_it_is_made_and_recorded_as_it_was_sent(tmp_path):
    path = tmp_path / "c.yaml"
    page = [HEAD, chunked(FRAMES[0]), LAST]
    at_second = []

    def pieces(server):
        async def make():
            yield b"first, "
            while b"first" not in server.partly:  # noqa: ASYNC110 -- a look from outside
                await asyncio.sleep(0.001)
            at_second.append(server.partly)
            yield b"second"

        return make()

    async def record():
        async with stream_server(page) as server:
            url = server.url("/stream")
            async with use_cassette(path, mode="record"):
                recorded = await consume(url, json=None, data=pieces(server))
            return url, recorded

    async def again(url, *parts):
        async def make():
            for part in parts:
                yield part

        async with use_cassette(path):
            return await consume(url, json=None, data=make())

    url, recorded = asyncio.run(record())
    assert at_second[0].endswith(b"first, \r\n")
    assert load(path)[0].request.body == b"first, second"
    assert run_virtual(again(url, b"first, sec", b"ond")) == recorded
    with pytest.raises(CassetteError, match="with another request"):
        run_virtual(again(url, b"first"))


async def _pieces():
    yield b"one, "
    yield b"two"


def _upload():
    writer = aiohttp.MultipartWriter("mixed")
    writer.append(b"plain")
    writer.append(b"packed" * 9, {"Content-Encoding": "gzip"})
    writer.append(_pieces(), {"Content-Transfer-Encoding": "base64"})
    return writer


BODIES = {
    "made on the way": lambda: {"data": _pieces()},
    "made on the way, longer than announced": lambda: {
        "data": _pieces(),
        "headers": {"Content-Length": "6"},
    },
    "a file": lambda: {"data": io.BytesIO(b"file" * 99)},
    "an upload form": lambda: {"data": {"name": "x", "file": io.BytesIO(b"file" * 99)}},
    "multipart made on the way, parts encoded": lambda: {"data": _upload()},
    "packed": lambda: {"data": b"twice " * 99, "compress": "gzip"},
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("moved", [False, True])
def test_every_kind_of_request_body_is_found_again_also_by_a_redirect(tmp_path, name, moved):
    path = tmp_path / "c.yaml"
    page = [HEAD, chunked(FRAMES[0]), LAST]
    redirect = [head("Location: /b", status="307 M", framing="length=0"), KEEP]
    pages = {"/a": redirect if moved else page, "/b": page}

    async def ask(url):
        return await consume(url, json=None, **BODIES[name]())

    async def record():
        async with stream_server(by_path=pages) as server:
            url = server.url("/a")
            async with use_cassette(path, mode="record"):
                return url, await ask(url)

    async def again(url):
        async with use_cassette(path):
            return await ask(url)

    url, recorded = asyncio.run(record())
    # aiohttp follows no redirect with a body that it cannot make twice.
    refused = moved and "made on the way" in name
    assert recorded.error_type is (aiohttp.ClientPayloadError if refused else None)
    assert run_virtual(again(url)) == recorded


def test_an_answer_to_half_a_request_is_not_recorded(tmp_path):
    """Replay asks with the whole body and would never find the half that was sent."""
    path = tmp_path / "c.yaml"

    async def endless():
        while True:
            yield b"more "
            await asyncio.sleep(0.001)

    async def hasty(reader, writer):
        await reader.readuntil(b"more ")
        writer.write(head("Connection: close", status="413 Too Large", framing="length=0"))
        writer.close()

    async def record():
        async with await asyncio.start_server(hasty, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            tape = RecordingTape(path)
            with activate(tape):
                return tape, await consume(url, json=None, data=endless())

    tape, seen = asyncio.run(record())
    assert seen.status == 413
    assert tape.finding().verdict == "MISS"
    with pytest.raises(CassetteError, match=r"^A request was answered before .* sent whole"):
        tape.save()


def test_a_body_over_the_limit_passes_through_and_is_not_recorded(tmp_path):
    path = tmp_path / "c.yaml"
    page = [HEAD, *spaced(map(chunked, FRAMES)), LAST]

    async def record():
        tape = RecordingTape(path, body_limit=100)
        async with stream_server(page) as server:
            with activate(tape):
                return tape, await consume(server.url("/stream"))

    tape, seen = asyncio.run(record())
    assert seen.body == b"".join(FRAMES)
    finding = tape.finding()
    assert (finding.verdict, finding.reason) == (
        "MISS",
        "A response body has more than 9.54e-05 MiB: it passed through and was not recorded.",
    )
    ((_, served),) = tape.served()
    assert sum(chunk.size for chunk in served.interaction.track.chunks) == len(seen.body)
    with pytest.raises(CassetteError, match="more than .* MiB"):
        tape.save()
    assert not path.exists()


def test_a_cancelled_recording_is_not_saved(tmp_path):
    path = tmp_path / "c.yaml"

    async def record():
        async with stream_server([HEAD, chunked(FRAMES[0]), STALL]) as server:
            began = asyncio.Event()

            async def read():
                async with use_cassette(path, mode="record"):
                    async with aiohttp.ClientSession() as session:
                        async with session.get(server.url("/")) as response:
                            await response.content.readany()
                            began.set()
                            await response.content.readany()

            task = asyncio.create_task(read())
            await began.wait()
            task.cancel()
            await asyncio.wait([task])
            return task.cancelled()

    assert asyncio.run(record())
    assert not path.exists()
