"""How the cassette tests talk to a server, live, recording and in replay."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass, field

import aiohttp
import brotli
from streamserver import CUT, HALF, LAST, RESET, STALL, chunked, head, stream_server

from glmbench import run_virtual, use_cassette


@dataclass
class Seen:
    """Everything a consumer can tell of one response."""

    chunks: list[bytes] = field(default_factory=list)
    status: int | None = None
    headers: dict[str, str] | None = None
    error: str | None = None
    error_type: type | None = None

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)


def no_rounding(**limits) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(**{"total": None, **limits}, ceil_threshold=float("inf"))


async def consume(url, *, pause=0.0, stop_after=None, method="POST", timeout=None, **request):
    """Read a stream chunk by chunk; keep what came and how it ended."""
    seen = Seen()
    request.setdefault("json", {"q": 1})
    async with aiohttp.ClientSession(timeout=timeout or no_rounding()) as session:
        try:
            async with session.request(method, url, **request) as response:
                seen.status, seen.headers = response.status, dict(response.headers)
                async for chunk in response.content.iter_any():
                    seen.chunks.append(chunk)
                    if len(seen.chunks) == stop_after:
                        break
                    await asyncio.sleep(pause)
        except (aiohttp.ClientError, TimeoutError) as error:
            seen.error, seen.error_type = repr(error), type(error)
    return seen


@dataclass
class ThreeWays:
    live: Seen
    recording: Seen
    replay: Seen
    instant: Seen
    url: str


def three_ways(script, path, **how) -> ThreeWays:
    """Consume a script live, while recording, in replay, and in instant replay."""

    async def on_the_wire():
        async with stream_server(script) as server:
            url = server.url("/stream")
            live = await consume(url, **how)
            async with use_cassette(path, mode="refresh"):
                recording = await consume(url, **how)
            return url, live, recording

    async def from_the_cassette(timing):
        async with use_cassette(path, timing=timing):
            return await consume(url, **how)

    url, live, recording = asyncio.run(on_the_wire())
    return ThreeWays(
        live=live,
        recording=recording,
        replay=run_virtual(from_the_cassette("recorded")),
        instant=run_virtual(from_the_cassette("instant")),
        url=url,
    )


def spaced(pieces, seconds=0.004):
    """Put a wait before each piece, so that each is a read of its own."""
    return [step for piece in pieces for step in (seconds, piece)]


FRAMES = [b'data: {"n": %d, "text": "\xe4\xbd\xa0"}\n\n' % n for n in range(12)]
HEAD = head("Content-Type: text/event-stream")


def gzip_frames():
    packer = zlib.compressobj(wbits=31)
    packed = [packer.compress(f) + packer.flush(zlib.Z_SYNC_FLUSH) for f in FRAMES]
    return [*packed, packer.flush()]


def brotli_frames():
    packer = brotli.Compressor()
    packed = [packer.process(f) + packer.flush() for f in FRAMES]
    return [*packed, packer.finish()]


WHOLE = {
    "chunked": [HEAD, *spaced(map(chunked, FRAMES)), 0.004, LAST],
    "chunked, end with the last chunk": [HEAD, 0.004, chunked(FRAMES[0]) + LAST],
    "gzip": [head("Content-Encoding: gzip"), *spaced(map(chunked, gzip_frames())), LAST],
    "brotli": [head("Content-Encoding: br"), *spaced(map(chunked, brotli_frames())), LAST],
    "length": [head(framing="length=10"), *spaced([b"01234", b"56789"])],
    "until a half-close": [head(framing="eof"), *spaced([b"one", b"two"]), 0.004, HALF],
    "until EOF": [head(framing="eof"), *spaced([b"one", b"two"]), 0.004, CUT],
    "with its head": [HEAD + chunked(FRAMES[0]), 0.004, chunked(FRAMES[1]), LAST],
    "whole with its head": [HEAD + chunked(FRAMES[0]) + LAST],
    "several HTTP chunks in a read": [HEAD, 0.004, b"".join(map(chunked, FRAMES)), 0.004, LAST],
    "empty": [head(framing="length=0")],
    "an HTTP error with a body": [head(status="429 Slow Down", framing="length=2") + b"{}"],
    "no content": [head(status="204 No Content", framing="none")],
}


def broken_gzip():
    *whole, _ = gzip_frames()
    return [*whole[:3], b"x" * 60]


CUTS = {
    "undecodable, chunked": (
        [head("Content-Encoding: gzip"), *spaced(map(chunked, broken_gzip())), LAST],
        {},
    ),
    "undecodable from the start": (
        [head("Content-Encoding: gzip", framing="length=60"), 0.004, b"x" * 60],
        {},
    ),
    "cut": ([HEAD, *spaced(map(chunked, FRAMES[:10])), CUT], {}),
    "half-closed": ([HEAD, *spaced(map(chunked, FRAMES[:10])), HALF], {}),
    "cut before the first chunk": ([HEAD, 0.004, CUT], {}),
    "reset": ([HEAD, *spaced(map(chunked, FRAMES[:10])), 0.02, RESET], {}),
    "short of its length": ([head(framing="length=99"), 0.004, b"0123", 0.004, CUT], {}),
    "packed and broken, until EOF": (
        [
            head("Content-Encoding: gzip", framing="eof"),
            *spaced([b"".join(gzip_frames()[:3]), b"\0" * 30]),
            CUT,
        ],
        {},
    ),
    "silence, then the idle limit": (
        [HEAD, *spaced(map(chunked, FRAMES[:3])), STALL],
        {"timeout": no_rounding(sock_read=0.1)},
    ),
    "silence, then the total limit": (
        [HEAD, *spaced(map(chunked, FRAMES[:3])), STALL],
        {"timeout": no_rounding(total=0.15)},
    ),
}


async def replay(path, url, **how) -> Seen:
    """Consume a URL from a cassette."""
    async with use_cassette(path):
        return await consume(url, **how)
