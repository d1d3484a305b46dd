"""Writing a performance to a connection, each write at its own instant.

Every write is due at the request's arrival plus its delay, never at the end of the write before:
a late wake-up is not carried on to the rest of the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from aiohttp import web

from glmbench.server.connection import keep_silent, reset, transport_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glmbench.server.composition import Performance, Write
    from glmbench.server.script import HttpAnswer
    from glmbench.server.truth import TruthLog

WriteKind: TypeAlias = Literal["head", "frame", "end"]

# zlib's way to say "with a gzip header"; it holds no date, so equal bodies are equal on the wire.
_GZIP_WBITS = 31


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The truth lines of one request; `at` is always `time.perf_counter()`."""

    log: TruthLog
    request: int
    case: str | None = None
    _index: int = 0

    def arrived(self, at: float) -> None:
        self._append(what="arrived", at=at)

    def wrote(self, what: WriteKind, at: float, **fields: Any) -> None:
        self._append(what=what, at=at, index=self._index, **fields)
        self._index += 1

    def left(self) -> None:
        """Note that the client went away, or that the emulator was stopped, before the end."""
        self._append(what="left", at=time.perf_counter())

    def _append(self, **fields: Any) -> None:
        self.log.append(request=self.request, case=self.case, **fields)


class _HeadFirst(web.StreamResponse):
    """A response whose head is a write of its own, which is what aiohttp does by default."""


class _HeadWithBody(web.StreamResponse):
    """A response whose head waits for the first write of its body."""

    # The switch by which aiohttp's own Response joins the two. There is no public one; if it goes
    # away, the test that reads head and frame from one segment fails.
    _send_headers_immediately = False


async def respond(
    request: web.Request, answer: HttpAnswer, ledger: Ledger, arrived: float
) -> web.StreamResponse:
    """Give a plain HTTP answer."""
    response = web.Response(
        status=answer.status, reason=answer.reason, headers=answer.headers, body=answer.body
    )
    named = {name.lower() for name in answer.headers}
    if answer.content_type is not None and "content-type" not in named:
        response.headers["Content-Type"] = answer.content_type
    with _noting_departure(ledger):
        await wait_until(arrived + answer.delay_s)
        at = time.perf_counter()
        await response.prepare(request)
        await response.write_eof()
        ledger.wrote("head", at, frames=0, bytes=len(answer.body), sent=len(answer.body))
        ledger.wrote("end", at, end="eof", bytes=0, sent=0)
    return response


async def deliver(
    request: web.Request, performance: Performance, ledger: Ledger, arrived: float
) -> web.StreamResponse:
    """Stream a performance to the client, to its end or until the client leaves."""
    delivery = _Delivery(request, performance, ledger, arrived)
    with _noting_departure(ledger):
        await delivery.run()
    return delivery.response


@contextlib.contextmanager
def _noting_departure(ledger: Ledger) -> Iterator[None]:
    """Note a client that leaves, which shows as cancellation or at the next write."""
    try:
        yield
    except asyncio.CancelledError:
        ledger.left()
        raise
    except ConnectionError:
        # Not raised on: aiohttp would try to answer with a status 500, and log it.
        ledger.left()


class _Delivery:
    """One streamed response on its way out."""

    def __init__(
        self, request: web.Request, performance: Performance, ledger: Ledger, arrived: float
    ) -> None:
        self._request = request
        self._performance = performance
        self._ledger = ledger
        self._arrived = arrived
        self._gzip = zlib.compressobj(wbits=_GZIP_WBITS) if performance.gzip else None
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        if performance.gzip:
            headers["Content-Encoding"] = "gzip"
        kind = _HeadWithBody if performance.with_head else _HeadFirst
        self.response = kind(headers=headers)

    async def run(self) -> None:
        writes = self._performance.writes
        if self._performance.with_head:
            first, *writes_left = writes
            await self._write("head", first)
        else:
            writes_left = list(writes)
            await self._write_head()
        for write in writes_left:
            await self._write("frame", write)
        await self._end()

    async def _write_head(self) -> None:
        await self._until(self._performance.head_at_s)
        at = time.perf_counter()
        await self.response.prepare(self._request)
        self._ledger.wrote("head", at, frames=0, bytes=0, sent=0)

    async def _write(self, what: WriteKind, write: Write) -> None:
        sent = self._encoded(write.data)
        await self._until(write.at_s)
        at = time.perf_counter()
        await self.response.prepare(self._request)
        await self.response.write(sent)
        self._ledger.wrote(what, at, frames=write.frames, bytes=len(write.data), sent=len(sent))

    def _encoded(self, data: bytes) -> bytes:
        if self._gzip is None:
            return data
        # Flushed each time, as a streaming server does: else the client would see nothing
        # until the compressor's window is full.
        return self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)

    async def _end(self) -> None:
        await self._until(self._performance.end_at_s)
        at = time.perf_counter()
        tail = b""
        match self._performance.end:
            case "eof":
                tail = self._gzip.flush() if self._gzip is not None else b""
                await self.response.write_eof(tail)
            case "cut":
                transport_of(self._request).close()
            case "reset":
                reset(transport_of(self._request))
            case "stall":
                pass
        self._ledger.wrote("end", at, end=self._performance.end, bytes=0, sent=len(tail))
        if self._performance.end == "stall":
            await keep_silent()

    async def _until(self, delay_s: float) -> None:
        await wait_until(self._arrived + delay_s)
