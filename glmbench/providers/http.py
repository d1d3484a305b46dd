"""The one way of providers to the network: a POST, its errors in our terms, its body as parts.

aiohttp's exceptions end here. Nothing here knows a service, and the clock is read only to bound
silences and the wait for the end of an answer that is complete.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import aiohttp

from glmbench.errors import ProviderError, UsageError
from glmbench.providers.error_mapping import TRANSPORT_ERRORS, mapped_errors
from glmbench.providers.proxies import is_socks, socks_connector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from ssl import SSLContext

    from glmbench.parts import Part
    from glmbench.providers.timeouts import Timeouts

SslOption: TypeAlias = "SSLContext | bool | aiohttp.Fingerprint"
"""As aiohttp takes it: True checks certificates, False does not; a context or a fingerprint."""

# How long an answer that is complete may keep its connection open: time for late text and
# usage, yet no stall is worth more. What it does in that time no longer counts as failure.
END_PATIENCE_S = 2.0
ERROR_BODY_LIMIT = 64 * 1024


class StreamDecoder(Protocol):
    """What an answer needs of a wire decoder."""

    failure: ProviderError | None

    @property
    def finished(self) -> bool: ...
    @property
    def has_reason(self) -> bool: ...
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
        self.armed = False  # aiohttp's read timer, for the rest of a silence
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
            self.armed = True
            self._arm(response, max(self.waiting_since + idle - now, 1e-6))

    def disarm(self, response: aiohttp.ClientResponse) -> None:
        """Take back what a look has armed: the read it was for has got its bytes.

        They may have come in the very round of the loop in which the look was taken.
        """
        self.armed = False
        self._arm(response, None)

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


@asynccontextmanager
async def open_exchange(
    url: str,
    *,
    json: Any,
    headers: Mapping[str, str],
    timeouts: Timeouts,
    proxy: str | None = None,
    connector: aiohttp.BaseConnector | None = None,
    session: aiohttp.ClientSession | None = None,
    ssl: SslOption = True,
    trust_env: bool = False,
) -> AsyncIterator[tuple[Exchange, aiohttp.ClientResponse]]:
    """POST, and hold the response; leaving it early closes the connection at once.

    A caller's connector or session stays open. Everything aiohttp raises in here leaves as an
    error of this project.
    """
    if connector is not None and connector.closed:
        raise UsageError("connector= is closed already")
    if session is not None and session.closed:
        raise UsageError("session= is closed already")
    if session is not None and connector is not None:
        raise UsageError("a session has its connector: pass session= or connector=, not both")
    exchange = Exchange(timeouts)
    with mapped_errors(exchange):
        async with (
            _session(proxy, connector, session, trust_env=trust_env) as used,
            used.post(
                url,
                json=json,
                headers=headers,
                proxy=None if is_socks(proxy) else proxy,
                ssl=ssl,
                timeout=_client_timeout(timeouts),
                # A redirected POST would take the caller's own headers to another host.
                allow_redirects=False,
            ) as response,
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
        self._is_broken = False
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
            if self._is_broken:
                data = self._left_over()
            elif self._deadline is None:
                data = await self._response.content.readany()
            else:
                data = await self._read_late(self._deadline)
        except TRANSPORT_ERRORS as error:
            if self._deadline is None:
                self._broken = error
            self._is_broken = True
            data = self._left_over()
        exchange.waiting_since = None
        if exchange.armed:
            exchange.disarm(self._response)
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

    def _left_over(self) -> bytes:
        """Return what had arrived before the connection broke: read by read under a tape.

        A StreamReader with an exception raises it before it hands out what it still holds, so
        that a consumer who was busy would lose text, or the finish frame itself.
        """
        content = self._response.content
        try:
            content.set_exception(None)  # type: ignore[arg-type]
            return content.read_nowait()
        except TRANSPORT_ERRORS:
            return b""  # the time for all is up: what is in the buffer stays there

    def _last_parts(self) -> Iterator[list[Part]]:
        yield self._decoder.feed_eof()
        if self._broken is None or self._decoder.finished:
            yield self._decoder.finish()
        elif self._decoder.has_reason and not isinstance(self._broken, TimeoutError):
            # The service said why before the connection broke, which says more than the break.
            try:
                self._decoder.finish()
            except ProviderError as reason:
                raise reason from self._broken
        else:
            raise self._broken


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


@asynccontextmanager
async def _session(
    proxy: str | None,
    connector: aiohttp.BaseConnector | None,
    session: aiohttp.ClientSession | None,
    *,
    trust_env: bool,
) -> AsyncIterator[aiohttp.ClientSession]:
    """Give the session to use, and close of it what was made here."""
    if is_socks(proxy):
        if connector is not None or session is not None:
            raise UsageError(
                "a SOCKS proxy needs a connector of its own: leave connector= and session= out"
            )
        connector, owned = socks_connector(proxy or ""), True
    else:
        owned = connector is None
    if session is not None:
        yield session
        return
    if connector is None:
        # No limit: a request that queues in the client would count as the service's latency.
        connector = aiohttp.TCPConnector(limit=0, timeout_ceil_threshold=math.inf)
    async with aiohttp.ClientSession(
        connector=connector, connector_owner=owned, trust_env=trust_env
    ) as made:
        yield made


def _client_timeout(timeouts: Timeouts) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=timeouts.total,
        connect=timeouts.connect,
        sock_read=timeouts.first_byte,
        # aiohttp rounds timeouts over 5 s up to a whole second of the loop's clock, which would
        # make a recorded timeout depend on when the loop was started.
        ceil_threshold=math.inf,
    )
