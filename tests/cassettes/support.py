"""How the cassette tests talk to a server, live, recording and in replay."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import aiohttp
from streamserver import stream_server

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
