"""The one way of providers to the network: a POST, its errors in our terms, its body as parts.

aiohttp's exceptions end here. Nothing here knows a service, and the clock is read only to bound
silences and the wait for the end of an answer that is complete.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
from aiohttp import http_exceptions

from glmbench.errors import (
    CassetteError,
    ConnectFailedError,
    IncompleteStreamError,
    ProtocolError,
    ProviderError,
    ProviderTimeoutError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from glmbench.parts import Part
    from glmbench.providers.timeouts import Phase, Timeouts

# How long an answer that is complete may keep its connection open: time for late text and
# usage, yet no stall is worth more. What it does in that time no longer counts as failure.
END_PATIENCE_S = 2.0
ERROR_BODY_LIMIT = 64 * 1024

# Not CassetteError: that is no trouble of the network and must reach the caller as it is.
TRANSPORT_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)

_PHASE_TEXT: Mapping[Phase, str] = {
    "connect": "no connection within",
    "first_byte": "no byte of the answer within",
    "idle": "the stream fell silent for",
    "total": "the answer was not complete within",
}


class StreamDecoder(Protocol):
    """What an answer needs of a wire decoder."""

    failure: ProviderError | None

    @property
    def finished(self) -> bool: ...
    @property
    def text(self) -> str: ...
    def feed(self, data: bytes) -> list[Part]: ...
    def feed_eof(self) -> list[Part]: ...
    def finish(self) -> list[Part]: ...


class Exchange:
    """One request and its response, as far as they got."""

    def __init__(self, timeouts: Timeouts) -> None:
        self.timeouts = timeouts
        self.response: aiohttp.ClientResponse | None = None
        self.has_body = False
        self.waiting_since: float | None = None  # while a read is waiting for bytes
        self._watch: asyncio.TimerHandle | None = None

    def note_body(self, response: aiohttp.ClientResponse) -> None:
        """Take note of the first byte of the body: from here on the limit is that of silence.

        aiohttp's own limit is taken off, since it cancels and makes a timer for every read,
        which costs as much as everything that is done here with what was read.
        """
        self.has_body = True
        self._arm(response, None)
        if self.timeouts.idle is not None:
            self._watch_silence(response, asyncio.get_running_loop(), self.timeouts.idle)

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    def _watch_silence(
        self, response: aiohttp.ClientResponse, loop: asyncio.AbstractEventLoop, idle: float
    ) -> None:
        """Look, once in the length of the limit, how long the read has been waiting.

        No silence can begin and reach its limit between two looks, so arming the rest of the
        limit at each look ends it at its instant.
        """
        now = loop.time()
        self._watch = loop.call_at(now + idle, self._watch_silence, response, loop, idle)
        if self.waiting_since is not None:
            self._arm(response, max(self.waiting_since + idle - now, 1e-6))

    def _arm(self, response: aiohttp.ClientResponse, seconds: float | None) -> None:
        """Make aiohttp's read timer, which also the recorder of a cassette knows, fire once.

        The next bytes cancel it, and with no limit set they do not make another.
        """
        connection = response.connection  # None when the body is complete
        if connection is not None and connection.protocol is not None:
            protocol = connection.protocol
            protocol.read_timeout = seconds
            protocol.start_timeout()
            protocol.read_timeout = None


def check_proxy(proxy: str | None) -> str | None:
    """Return a proxy that aiohttp can speak to; raise UsageError for any other."""
    if not proxy:
        return None
    scheme, separator, rest = proxy.partition("://")
    if not separator:
        raise UsageError(f'proxy "{_without_login(proxy)}" has no scheme: write "http://..."')
    scheme = scheme.lower()
    if scheme.startswith("socks"):
        # aiohttp would speak HTTP to it and report whatever comes back.
        raise UsageError(f"only http and https proxies work, not {scheme}")
    if scheme not in {"http", "https"} or not rest.strip("/"):
        raise UsageError(f'proxy "{_without_login(proxy)}" must look like "http://host:port"')
    return proxy


@asynccontextmanager
async def open_exchange(
    url: str,
    *,
    json: Any,
    headers: Mapping[str, str],
    timeouts: Timeouts,
    proxy: str | None = None,
    connector: aiohttp.BaseConnector | None = None,
) -> AsyncIterator[tuple[Exchange, aiohttp.ClientResponse]]:
    """POST, and hold the response; leaving it early closes the connection at once.

    A caller's connector stays open. Everything aiohttp raises in here leaves as an error of
    this project.
    """
    if connector is not None and connector.closed:
        raise UsageError("connector= is closed already")
    exchange = Exchange(timeouts)
    with mapped_errors(exchange):
        async with (
            _session(timeouts, connector) as session,
            session.post(url, json=json, headers=headers, proxy=proxy) as response,
        ):
            exchange.response = response
            try:
                yield exchange, response
            finally:
                # A response that is not at its end would be drained or pooled by its own
                # exit; one that is has given its connection back already.
                response.close()
                exchange.close()


class AnswerBody:
    """The body of an answer, decoded read by read.

    Not an async generator: this runs for every read of every stream, and a generator around a
    generator costs as much as decoding the frame.
    """

    def __init__(
        self, exchange: Exchange, response: aiohttp.ClientResponse, decoder: StreamDecoder
    ) -> None:
        self._exchange = exchange
        self._response = response
        self._decoder = decoder
        self._is_open = True
        self._deadline: float | None = None  # once the answer is complete
        self._broken: Exception | None = None
        self._rest = self._last_parts()
        self._now = asyncio.get_running_loop().time

    async def next_parts(self) -> list[Part] | None:
        """Return the parts of one more read, None behind the last, or raise what ended it.

        The FinishReason is the last part of all. Transport errors leave as they are:
        `mapped_errors`, outside, knows their names.
        """
        if not self._is_open:
            return next(self._rest, None)
        exchange = self._exchange
        exchange.waiting_since = self._now()
        try:
            if self._deadline is None:
                data = await self._response.content.readany()
            else:
                data = await self._read_late(self._deadline)
        except TRANSPORT_ERRORS as error:
            self._is_open = False
            if self._deadline is None:
                self._broken = error
            data = _left_over(self._response)
        exchange.waiting_since = None
        if not exchange.has_body and data:
            exchange.note_body(self._response)
        parts = self._decoder.feed(data)
        if not data or self._decoder.failure is not None:
            self._is_open = False
        elif self._deadline is None and self._decoder.finished:
            self._deadline = self._now() + END_PATIENCE_S
        return parts

    async def _read_late(self, deadline: float) -> bytes:
        """Read from an answer that is complete.

        What has arrived is handed out past the deadline too: it was the consumer who was late.
        The timeout is around the read alone, since a part must not be yielded inside it.
        """
        async with asyncio.timeout_at(deadline):
            return await self._response.content.readany()

    def _last_parts(self) -> Iterator[list[Part]]:
        yield self._decoder.feed_eof()
        if self._broken is not None and not self._decoder.finished:
            raise self._broken
        yield self._decoder.finish()


async def read_error_body(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of an error, at most 64 KiB of it, or what came before it broke off."""
    body = b""
    try:
        while len(body) < ERROR_BODY_LIMIT:
            data = await response.content.readany()
            if not data:
                break
            body += data
    except TRANSPORT_ERRORS:
        # The status of an error says enough; a success without its body says nothing.
        if not body and response.status < 400:
            raise
    return body[:ERROR_BODY_LIMIT]


@contextmanager
def mapped_errors(exchange: Exchange) -> Iterator[None]:
    """Turn everything that aiohttp and sockets raise into this project's errors."""
    try:
        yield
    except TRANSPORT_ERRORS as error:
        cassette_error = _find_cassette_error(error)
        if cassette_error is not None:
            raise cassette_error from error
        raise map_error(error, exchange) from error
    except UnicodeError as error:
        # The one thing a host name can do that aiohttp lets through: a label over 63 letters.
        if exchange.response is not None:
            raise
        raise UsageError(f"not a host name: {error}") from error


def map_error(error: Exception, exchange: Exchange) -> Exception:
    """Return the error of this project for one of aiohttp's; see the table in the tests."""
    if isinstance(error, TimeoutError) and getattr(error, "errno", None) is None:
        return _timeout_error(error, exchange)
    if isinstance(error, aiohttp.ClientPayloadError):
        if isinstance(error.__cause__, http_exceptions.ContentEncodingError):
            return ProtocolError(f"the body cannot be decompressed: {error.__cause__}")
        return IncompleteStreamError(f"the body broke off: {_said(error)}")
    if isinstance(error, aiohttp.RedirectClientError | aiohttp.TooManyRedirects):
        return ProtocolError(f"a redirect that leads nowhere: {_said(error)}")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return UsageError(f"not a URL that can be asked: {_said(error)}")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ConnectFailedError(f"the proxy refused: {error.message}", status=error.status)
    if isinstance(error, aiohttp.ClientResponseError):
        return ProtocolError(f"the response is not valid HTTP: {error.message}")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ServerFingerprintMismatch):
        return ConnectFailedError(f"no connection: {_said(error)}")
    if exchange.response is None:
        return ConnectFailedError(f"the connection ended before an answer: {_said(error)}")
    return IncompleteStreamError(f"the connection broke: {_said(error)}")


def _without_login(address: str) -> str:
    return address.rpartition("@")[2]


def _session(timeouts: Timeouts, connector: aiohttp.BaseConnector | None) -> aiohttp.ClientSession:
    owned = connector is None
    if connector is None:
        # No limit: a request that queues in the client would count as the service's latency.
        connector = aiohttp.TCPConnector(limit=0, timeout_ceil_threshold=math.inf)
    return aiohttp.ClientSession(
        connector=connector,
        connector_owner=owned,
        trust_env=False,
        timeout=aiohttp.ClientTimeout(
            total=timeouts.total,
            connect=timeouts.connect,
            sock_read=timeouts.first_byte,
            # aiohttp rounds timeouts over 5 s up to a whole second of the loop's clock, which
            # would make a recorded timeout depend on when the loop was started.
            ceil_threshold=math.inf,
        ),
    )


def _left_over(response: aiohttp.ClientResponse) -> bytes:
    """Return what had arrived before the connection broke.

    A StreamReader with an exception raises it before it hands out what it still holds, so that
    a consumer who was busy would lose text, or the finish frame itself.
    """
    content = response.content
    pieces: list[bytes] = []
    try:
        content.set_exception(None)  # type: ignore[arg-type]
        while piece := content.read_nowait():
            pieces.append(piece)
    except TRANSPORT_ERRORS:
        pass  # the time for all is up: what is in the buffer stays there
    return b"".join(pieces)


def _timeout_error(error: TimeoutError, exchange: Exchange) -> ProviderTimeoutError:
    phase: Phase = "total"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        phase = "connect"
    elif isinstance(error, aiohttp.ServerTimeoutError):
        phase = "idle" if exchange.has_body else "first_byte"
    limit = getattr(exchange.timeouts, phase)
    seconds = f"{limit:g} s" if limit is not None else "the limit"
    mapped = ProviderTimeoutError(f"{_PHASE_TEXT[phase]} {seconds}")
    mapped.phase = phase
    return mapped


def _find_cassette_error(error: BaseException | None) -> CassetteError | None:
    """Return the recording's error that aiohttp may have wrapped on its way up."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, CassetteError):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
