"""Stamp and tee a live connection.

Reads are stamped on entry of `data_received`, before aiohttp's parser runs: the parser pauses and
resumes with the consumer, so the instant at which it hands data on says nothing of the network.
"""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any, cast

from aiohttp.client_proto import ResponseHandler
from aiohttp.payload import BytesPayload
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from yarl import URL

from glmbench.cassettes.exchange import LiveExchange, read_head
from glmbench.cassettes.reader import adopt
from glmbench.errors import CassetteError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from aiohttp import BaseConnector, ClientRequest
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.client import ClientTimeout
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage
    from aiohttp.payload import Payload

Connect = (
    "Callable[[BaseConnector, ClientRequest, list[Any], ClientTimeout], Awaitable[Connection]]"
)


class RecordingHandler(ResponseHandler):
    """aiohttp's client protocol, stamped. Without an exchange it is aiohttp's own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, owner: object) -> None:
        super().__init__(loop=loop)
        self.owner = owner
        self.served = 0
        self._exchange: LiveExchange | None = None
        self._watched: StreamReader | None = None

    def begin(self, exchange: LiveExchange) -> None:
        """Let the next response be recorded as `exchange`."""
        exchange.reused = self.served > 0
        self.served += 1
        self._exchange = exchange
        self._watched = None

    def data_received(self, data: bytes) -> None:
        exchange = self._open_exchange()
        if data and exchange is not None:
            exchange.read_came(time.perf_counter())
        super().data_received(data)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        message, payload = data
        exchange = self._open_exchange()
        # Interim answers (100-continue) come before the one that counts.
        if exchange is not None and message.code >= 200:
            exchange.head_came(read_head(message))
            if payload is EMPTY_PAYLOAD:
                exchange.body_ended()
            else:
                self._watched = payload
                adopt(payload, exchange)
        super().feed_data(data, size)

    def connection_lost(self, exc: BaseException | None) -> None:
        exchange = self._open_exchange()
        if exchange is not None:
            exchange.event_came(time.perf_counter())
            if exc is not None and exchange.head is not None and exchange.head.framing != "eof":
                # aiohttp takes a reset after a body that ends with the connection for its end.
                exchange.end("reset")
        super().connection_lost(exc)

    def close(self) -> None:
        self._left_by_client()
        super().close()

    def abort(self) -> None:
        self._left_by_client()
        super().abort()

    def pause_reading(self) -> None:
        if self._exchange is not None:
            self._exchange.paused = True
        super().pause_reading()

    def _on_read_timeout(self) -> None:
        exchange = self._open_exchange()
        if exchange is not None:
            exchange.event_came(time.perf_counter())
            exchange.end("timeout", "sock_read")
        super()._on_read_timeout()

    def _left_by_client(self) -> None:
        exchange = self._open_exchange()
        if exchange is None:
            return
        exchange.event_came(time.perf_counter())
        timer = getattr(self._watched, "_timer", None)
        if getattr(timer, "_cancelled", False):
            exchange.end("timeout", "total")
        else:
            exchange.end("closed-by-client")

    def _open_exchange(self) -> LiveExchange | None:
        """Return the exchange under way; one that has ended is let go.

        A pooled connection may serve somebody who has no tape, and what comes then is not for
        the recording.
        """
        if self._exchange is not None and self._exchange.ended:
            self._exchange = self._watched = None
        return self._exchange


async def connect_recorded(
    original: Callable[..., Awaitable[Connection]],
    connector: BaseConnector,
    request: ClientRequest,
    traces: list[Any],
    timeout: ClientTimeout,
    *,
    exchange: LiveExchange,
    owner: object,
    connect_to: tuple[str, int] | None,
) -> Connection:
    """Open a connection whose reads are stamped into `exchange`.

    Idle connections of the pool that `owner` did not make are closed instead of reused: on uvloop
    the `data_received` of a connection in use cannot be replaced.

    Raises:
        CassetteError: the connector makes connections that cannot be watched.
    """
    target = _redirected(request, connect_to) if connect_to else request
    idle = len(connector._conns.get(target.connection_key, ()))
    for _ in range(idle + 1):
        connection = await original(connector, target, traces, timeout)
        handler = connection.protocol
        if isinstance(handler, RecordingHandler) and handler.owner is owner:
            exchange.connected = time.perf_counter()
            handler.begin(exchange)
            return connection
        connection.close()
    raise CassetteError(
        f"{type(connector).__name__} makes its connections in a way that cannot be recorded; "
        "use aiohttp.TCPConnector or a subclass that keeps its protocol factory"
    )


class _Tee:
    """Passes on what is written, and keeps a copy; everything else is the writer's own."""

    def __init__(self, writer: AbstractStreamWriter, sink: Callable[[bytes], None]) -> None:
        self._writer = writer
        self._sink = sink

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        self._sink(bytes(chunk))
        await self._writer.write(chunk)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


async def record_body(request: ClientRequest, exchange: LiveExchange) -> None:
    """Note the body of a request; what is made while it is sent is copied on its way."""
    if isinstance(request.body, BytesPayload):
        exchange.request_sent(await request.body.as_bytes())
    elif request.body:
        _tee_body(request.body, exchange)


def _tee_body(body: Payload, exchange: LiveExchange) -> None:
    """Copy a body while it is written.

    The payload stays the same object, because aiohttp asks it for more than its bytes; only its
    way to the writer is led through us. A payload that is sent again (a redirect) is led anew.
    """
    write = type(body).write_with_length
    exchange.request_cut = True

    async def write_with_length(writer: AbstractStreamWriter, content_length: int | None) -> None:
        tee = _Tee(writer, exchange.request_sent)
        await write(body, cast("AbstractStreamWriter", tee), content_length)
        exchange.request_cut = False

    body.write_with_length = write_with_length  # type: ignore[method-assign]


class _Collector:
    """The writer of a body that goes nowhere."""

    def __init__(self) -> None:
        self.written = bytearray()

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        self.written += chunk


async def collect_body(request: ClientRequest) -> bytes:
    """Return what `record_body` would have noted.

    A body that is made while it is sent is used up by that, as by sending it: a redirect asks
    whether it can be sent again. And only the way to a writer encodes the parts of a multipart
    body; `as_bytes` does not.
    """
    body, length = request.body, request.headers.get("Content-Length")
    if isinstance(body, BytesPayload):
        return await body.as_bytes()
    collector = _Collector()
    if body:
        writer = cast("AbstractStreamWriter", collector)
        await body.write_with_length(writer, int(length) if length else None)
    return bytes(collector.written)


def _redirected(request: ClientRequest, connect_to: tuple[str, int]) -> ClientRequest:
    """Return the request as the connector shall see it; what is sent keeps its URL."""
    host, port = connect_to
    target = copy.copy(request)
    target.url = URL.build(scheme="http", host=host, port=port, path="/")
    target.proxy = None
    return target
