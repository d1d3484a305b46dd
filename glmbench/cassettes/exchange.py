"""One request and its response under a tape, while it happens.

Every exchange, live or replayed, keeps the same things: the request, the head, where the chunks of
the body end, and how far the consumer has got. What differs is where the instants come from.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aiohttp import ClientPayloadError
from aiohttp.http_exceptions import ContentEncodingError

from glmbench.cassettes.flow import BodyFlow
from glmbench.cassettes.interaction import misfits
from glmbench.cassettes.track import Chunk, End, EndKind, Framing, TimeLimit, Track

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.http import RawResponseMessage

    from glmbench.cassettes.matching import RequestShape
    from glmbench.measure.observation import Origin

# The emulator names itself here, so that what was recorded from it says so.
EMULATOR_SERVER = "glmbench-emulator"

# A long answer's snapshots add up to some MB; beyond this a body is a download, and a cassette of
# it no text that anybody keeps.
BODY_LIMIT = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The response head as the caller sees it."""

    http: str
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    framing: Framing

    @property
    def origin(self) -> Origin:
        server = next((v for n, v in self.headers if n.lower() == "server"), "")
        return "emulator" if server.startswith(EMULATOR_SERVER) else "live"


def read_head(message: RawResponseMessage) -> Head:
    """Take what is recorded from a parsed response head."""
    raw = message.raw_headers
    headers = tuple((_text(name), _text(value)) for name, value in raw)
    names = {name.lower() for name, _ in headers}
    framing: Framing = "eof"
    if message.chunked:
        framing = "chunked"
    elif "content-length" in names:
        framing = "length"
    version = message.version
    return Head(
        http=f"{version.major}.{version.minor}",
        status=message.code,
        reason=message.reason or "",
        headers=headers,
        framing=framing,
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


class LiveExchange:
    """A response as it comes over the network: every read stamped, every byte kept.

    `zero` and all instants are seconds of `time.perf_counter`.
    """

    def __init__(
        self,
        request: RequestShape,
        *,
        seq: int,
        zero: float,
        now: float,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self._request = request
        self.seq = seq
        self.zero = zero
        self.started = now
        self.connected = now
        self.reused = False
        self.turn = 1
        self.attempt = 1
        self.paused = False
        self.over_limit = False
        self.request_cut = False
        self.head: Head | None = None
        self.headers_at = now
        self.flow = BodyFlow()
        self.lags: list[float] = []
        self.on_took: Callable[[LiveExchange], None] | None = None
        self._at = now
        self._arrivals: list[float] = []
        self._body_limit = body_limit
        self._pieces: list[bytes] = []
        self._sent: list[bytes] = []
        self._lagged = 0
        self._end: tuple[EndKind, float, TimeLimit | None] | None = None

    @property
    def request(self) -> RequestShape:
        """The request, with as much of its body as was sent."""
        return replace(self._request, body=b"".join(self._sent))

    @property
    def ended(self) -> bool:
        return self._end is not None

    @property
    def body(self) -> bytes:
        """The body so far, joined once: it may be large. Empty when it is over the limit."""
        self._pieces = [b"".join(self._pieces)]
        return self._pieces[0]

    def request_sent(self, data: bytes) -> None:
        """A piece of the request's body goes out."""
        self._sent.append(data)

    def read_came(self, at: float) -> None:
        """A network read with data was stamped."""
        self._at = at
        self.flow.read_begins()

    def head_came(self, head: Head) -> None:
        self.head = head
        self.headers_at = self._at

    def event_came(self, at: float) -> None:
        """Something other than data happened to the connection."""
        self._at = at

    def body_came(self, data: bytes) -> None:
        if self.flow.bytes_came(len(data)):
            self._arrivals.append(self._at)
        self.over_limit = self.over_limit or self.flow.received > self._body_limit
        if self.over_limit:
            self._pieces.clear()
        else:
            self._pieces.append(data)

    def body_ended(self) -> None:
        self.end("eof")

    def body_failed(self, error: BaseException) -> None:
        # Other errors on a reader say what the client did: its timers, and the "Connection
        # closed" that aiohttp leaves on the reader of a response released early. Those are told
        # by the handler, which sees the connection.
        if isinstance(error, ClientPayloadError):
            undecodable = isinstance(error.__cause__, ContentEncodingError)
            self.end("undecodable" if undecodable else "truncated")

    def end(self, kind: EndKind, limit: TimeLimit | None = None) -> None:
        """Note how the body ended; the first word counts."""
        if self._end is None:
            self._end = (kind, self._at, limit)

    def consumer_took(self) -> None:
        taken = self.flow.last_chunk()
        if taken is not None and taken >= self._lagged:
            self._lagged = taken + 1
            self.lags.append(time.perf_counter() - self._arrivals[taken])
        if self.on_took is not None:
            self.on_took(self)

    def consumer_waits(self) -> None:
        """A live stream comes when it comes."""

    def track(self, *, recorded_at: str, by: str) -> Track:
        """Turn the stamps into the integers that everything is computed from."""
        assert self.head is not None
        headers_us = self._us(self.headers_at)
        chunks = self._chunks(headers_us)
        return Track(
            origin=self.head.origin,
            recorded_at=recorded_at,
            by=by,
            seq=self.seq,
            turn=self.turn,
            attempt=self.attempt,
            started_us=self._us(self.started),
            connected_us=self._us(self.connected),
            reused=self.reused,
            headers_us=headers_us,
            http=self.head.http,
            framing=self.head.framing,
            dropped=misfits(self.head.headers, self.flow.received),
            paused=self.paused,
            chunks=chunks,
            end=self._track_end(headers_us, chunks),
        )

    def _us(self, at: float) -> int:
        return round((at - self.zero) * 1e6)

    def _chunks(self, headers_us: int) -> tuple[Chunk, ...]:
        chunks: list[Chunk] = []
        previous_end = 0
        for at, end in zip(self._arrivals, self.flow.ends, strict=True):
            # Two reads never share an instant, or replay would merge them; only the head may
            # share one with the chunk that came in the same read.
            earliest = chunks[-1].at_us + 1 if chunks else headers_us + (at > self.headers_at)
            chunks.append(Chunk(at_us=max(earliest, self._us(at)), size=end - previous_end))
            previous_end = end
        return tuple(chunks)

    def _track_end(self, headers_us: int, chunks: tuple[Chunk, ...]) -> End:
        assert self._end is not None
        kind, at, limit = self._end
        last_us = chunks[-1].at_us if chunks else headers_us
        last_at = self._arrivals[-1] if self._arrivals else self.headers_at
        end_us = last_us if at == last_at else max(last_us + 1, self._us(at))
        return End(kind=kind, at_us=end_us, limit=limit)
