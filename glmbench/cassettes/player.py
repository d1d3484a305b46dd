"""Feed a recorded response to aiohttp's own response parser, at its recorded pace.

The connection is real but for its transport: the real `ResponseHandler`, parser, `ClientResponse`,
timers and exceptions run. Three paces exist: by the loop's clock (virtual or real) at a speed, or
`instant`, where the next chunk comes when the consumer asks for it.
"""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

from aiohttp import ClientPayloadError, SocketTimeoutError
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.helpers import ceil_timeout
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import ContentEncodingError
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from multidict import CIMultiDict, CIMultiDictProxy

from glmbench.cassettes.flow import BodyFlow
from glmbench.cassettes.reader import adopt
from glmbench.errors import RecordingEndsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import BaseConnector, ClientRequest
    from aiohttp.client import ClientTimeout

    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.matching import RequestShape
    from glmbench.cassettes.plan import Plan

# How long a consumer that reads on is kept waiting where the recorded one walked away.
GRACE_S = 1.0
GRACE_SHARE = 0.1

INSTANT = 0.0
"""The speed that stands for "as fast as it is read"."""


class PlayedExchange:
    """A recorded response in replay: which chunks came, and how far the consumer has got."""

    def __init__(self, request: RequestShape, interaction: Interaction) -> None:
        self.request = request
        self.interaction = interaction
        self.turn = 1
        self.attempt = 1
        self.flow = BodyFlow()
        self.read_past_end = False
        self.offsets_s: list[float] = []
        self.on_took: Callable[[PlayedExchange], None] | None = None
        self.on_wait: Callable[[], None] | None = None

    def body_came(self, data: bytes) -> None:
        self.flow.bytes_came(len(data))

    def body_ended(self) -> None:
        """The recording says how it ended."""

    def body_failed(self, error: BaseException) -> None:
        """The recording says how it ended."""

    def consumer_took(self) -> None:
        if self.on_took is not None:
            self.on_took(self)

    def consumer_waits(self) -> None:
        if self.on_wait is not None:
            self.on_wait()


class FakeTransport(asyncio.Transport):
    """A connection that swallows what is written and tells its player what the client does."""

    def __init__(self, player: Player) -> None:
        super().__init__()
        self._player = player
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """The request was matched before the connection was opened."""

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        self._player.hold()

    def resume_reading(self) -> None:
        self._player.go_on()

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._player.stop()

    def abort(self) -> None:
        self.close()


class ReplayHandler(ResponseHandler):
    """aiohttp's client protocol over a recording."""

    def __init__(self, loop: asyncio.AbstractEventLoop, exchange: PlayedExchange) -> None:
        super().__init__(loop=loop)
        self.exchange = exchange
        self.reader: StreamReader | None = None
        # A recorded connection is never pooled.
        self.force_close()

    def data_received(self, data: bytes) -> None:
        if data:
            self.exchange.flow.read_begins()
        super().data_received(data)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        message, payload = data
        if payload is not EMPTY_PAYLOAD:
            self.reader = payload
            adopt(payload, self.exchange)
        super().feed_data((self._as_recorded(message), payload), size)

    def _as_recorded(self, message: RawResponseMessage) -> RawResponseMessage:
        """Give the caller the recorded headers; those parsed only framed the body."""
        headers = self.exchange.interaction.all_headers
        return RawResponseMessage(
            message.version,
            message.code,
            message.reason,
            CIMultiDictProxy(CIMultiDict(headers)),
            tuple((_raw(name), _raw(value)) for name, value in headers),
            message.should_close,
            message.compression,
            message.upgrade,
            message.chunked,
        )


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class Player:
    """Carries out one plan. At most one timer is armed: equal deadlines may fire in any order."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        exchange: PlayedExchange,
        plan: Plan,
        *,
        speed: float,
        entered: float,
    ) -> None:
        self._loop = loop
        self._plan = plan
        self._speed = speed
        self._exchange = exchange
        # Not now: on a real clock, finding the recording took time.
        self._base = entered
        self._next = 0
        self._held = False
        self._stopped = False
        self._timer: asyncio.Handle | None = None
        self.handler = ReplayHandler(loop, exchange)
        if speed == INSTANT:
            exchange.on_wait = self._wanted
        self.handler.connection_made(FakeTransport(self))

    async def connect(self, timeout: ClientTimeout) -> None:
        """Let the recorded connection set-up pass, within the client's connect timeouts."""
        plan = self._plan
        took = (plan.connected_us - plan.started_us) / 1e6
        if self._speed != INSTANT and took > 0:
            limits = [t for t in (timeout.connect, timeout.sock_connect) if t]
            async with ceil_timeout(min(limits, default=None), timeout.ceil_threshold):
                await asyncio.sleep(took / self._speed)

    def start(self, zero: float) -> None:
        """Begin to deliver. `zero` is the loop's time at the turn's time zero."""
        # The instants of a later request of a turn count from the turn's first; if this run got
        # here later than the recorded one, everything moves by as much.
        entered = self._base
        if self._speed == INSTANT:
            self._timer = self._loop.call_soon(self._deliver)
            return
        self._base = max(zero, entered - self._plan.started_us / 1e6 / self._speed)
        self._arm()

    def hold(self) -> None:
        self._held = True
        self._disarm()

    def go_on(self) -> None:
        if self._held:
            self._held = False
            self._arm()

    def stop(self) -> None:
        """The client closed the connection."""
        if not self._stopped:
            self._stopped = True
            self._disarm()
            self._loop.call_soon(self.handler.connection_lost, None)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._stopped or self._held or self._timer is not None:
            return
        deliveries = self._plan.deliveries
        if self._speed == INSTANT:
            if self._next == 0:
                self._timer = self._loop.call_soon(self._deliver)
        elif self._next < len(deliveries):
            self._timer = self._at(deliveries[self._next].at_us, self._deliver)
        else:
            self._timer = self._at(self._plan.end.at_us, self._end)

    def _at(self, at_us: int, action: Callable[[], None]) -> asyncio.Handle:
        return self._loop.call_at(self._base + at_us / 1e6 / self._speed, action)

    def _deliver(self) -> None:
        self._timer = None
        delivery = self._plan.deliveries[self._next]
        self._next += 1
        if self._speed != INSTANT:
            due = self._base + delivery.at_us / 1e6 / self._speed
            self._exchange.offsets_s.append(self._loop.time() - due)
        self.handler.data_received(delivery.data)
        self._arm()

    def _wanted(self) -> None:
        """The consumer has read everything that came (`instant` only)."""
        if self._stopped or self._timer is not None:
            return
        more = self._next < len(self._plan.deliveries)
        self._timer = self._loop.call_soon(self._deliver if more else self._end)

    def _end(self) -> None:
        self._timer = None
        if self._stopped:
            return
        kind = self._plan.end.kind
        if kind == "timeout":
            self._time_out()
        elif kind == "closed-by-client":
            self._end_of_recording()
        else:
            self._lose_connection(kind)

    def _time_out(self) -> None:
        """Past a recorded timeout nothing is known: stay silent until a client timer fires."""
        if self._speed == INSTANT:
            total = self._plan.end.limit == "total"
            self._fail(
                TimeoutError()
                if total
                else SocketTimeoutError("Timeout on reading data from socket")
            )

    def _end_of_recording(self) -> None:
        """Past this point nothing is known: whoever waits for more, now or later, is told so.

        Not at once: a deadline of the consumer's own may be what ended the recording, and on
        another clock, or with other work before it, it comes a little later.
        """
        self._exchange.on_wait = self._read_on
        reader = self.handler.reader
        if reader is None or reader._waiter is not None:
            self._read_on()

    def _read_on(self) -> None:
        if self._timer is None and not self._stopped:
            grace_s = max(GRACE_S, GRACE_SHARE * self._plan.end.at_us / 1e6)
            self._timer = self._loop.call_later(grace_s, self._refuse_more)

    def _refuse_more(self) -> None:
        self._timer = None
        reader = self.handler.reader
        if reader is not None and reader._waiter is None:
            return
        self._exchange.read_past_end = True
        self._fail(
            RecordingEndsError(
                "The consumer reads on, but the recorded one stopped here; record it again"
            )
        )

    def _fail(self, error: BaseException) -> None:
        self.handler.set_exception(error)
        if self.handler.reader is not None:
            self.handler.reader.set_exception(error)

    def _lose_connection(self, kind: str) -> None:
        self._stopped = True
        reader = self.handler.reader
        if kind == "undecodable" and reader is not None:
            # First, or the end of the connection would be another error, or none.
            reader.set_exception(_not_decoded(self._exchange.interaction))
        lost = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        self.handler.connection_lost(lost if kind == "reset" else None)


def _not_decoded(interaction: Interaction) -> ClientPayloadError:
    """Make the error of a broken compressed stream, of which only unpacked bytes are stored."""
    headers = {name.lower(): value for name, value in interaction.all_headers}
    cause = ContentEncodingError(
        f"Can not decode content-encoding: {headers.get('content-encoding', '')}"
    )
    error = ClientPayloadError(str(cause))
    error.__cause__ = cause
    return error


async def connect_played(
    connector: BaseConnector,
    request: ClientRequest,
    timeout: ClientTimeout,
    *,
    player: Player,
    zero: float,
) -> Connection:
    """Return a connection that plays a recording instead of talking to anybody."""
    await player.connect(timeout)
    loop = asyncio.get_running_loop()
    # Known to the connector, so that closing the session closes it.
    connector._acquired.add(player.handler)
    player.start(zero)
    return Connection(connector, request.connection_key, player.handler, loop)
