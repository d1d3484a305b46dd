"""A cassette in use in one task: recording, passing through, or playing.

A tape knows the requests of its task in order, how each was answered, and how far the consumer has
got; from it come the verdict and all instants. Providers and decoders know nothing of it.
"""

from __future__ import annotations

import asyncio
import errno
import os
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from aiohttp import ClientConnectorError

from glmbench.about import __version__
from glmbench.cassettes.exchange import BODY_LIMIT, LiveExchange
from glmbench.cassettes.faults import FaultError
from glmbench.cassettes.interaction import Interaction, fitting_headers
from glmbench.cassettes.library import Library
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.plan import plan_response
from glmbench.cassettes.player import PlayedExchange, Player, connect_played
from glmbench.cassettes.recorder import collect_body, connect_recorded, record_body
from glmbench.cassettes.reframe import edit
from glmbench.cassettes.scrub import scrub, scrub_request
from glmbench.cassettes.store import save
from glmbench.cassettes.verdict import Finding
from glmbench.errors import CassetteError, CassetteStaleError
from glmbench.redaction.redactor import NOTHING_SECRET
from glmbench.suites.faults import Refuse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aiohttp import BaseConnector, ClientRequest
    from aiohttp.client import ClientTimeout
    from aiohttp.connector import Connection

    from glmbench.cassettes.reframe import Reframe
    from glmbench.cassettes.track import Track
    from glmbench.jsonpath import JsonPath
    from glmbench.redaction.redactor import Redactor
    from glmbench.suites.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One answered request of a turn, as integers: the same live, recorded and replayed.

    `interaction.track` is None for a cassette of stock vcrpy. `handed_out` is the index of the
    last chunk that the consumer got.
    """

    interaction: Interaction
    lags: tuple[float, ...] | None


class Position:
    """Where in the stream of a turn the consumer is: an exchange and a chunk of it."""

    __slots__ = ("chunk", "exchange")

    def __init__(self, exchange: LiveExchange | PlayedExchange, chunk: int) -> None:
        self.exchange = exchange
        self.chunk = chunk


def _shape(request: ClientRequest, body: bytes) -> RequestShape:
    return RequestShape(
        method=request.method,
        url=str(request.url),
        headers=tuple((str(name), str(value)) for name, value in request.headers.items()),
        body=body,
    )


class _Tape:
    """What both kinds of tape keep: which turn it is, and where its time began."""

    def __init__(self) -> None:
        self.requests = 0
        self._turn = 1
        self._attempt = 1
        self._zero: float | None = None

    def begin(self, turn: int, attempt: int) -> None:
        """Let the next requests be of this turn and attempt; the next one is their time zero."""
        self._turn = turn
        self._attempt = attempt
        self._zero = None

    def _enter(self, exchange: LiveExchange | PlayedExchange) -> None:
        exchange.turn = self._turn
        exchange.attempt = self._attempt


class RecordingTape(_Tape):
    """Lets requests through and keeps what comes back; `save` writes it.

    Args:
        path: where to save; None keeps everything in memory (a live run).
        connect_to: send the bytes there in plain HTTP while the request keeps its URL.
        redactor: knows what may not be saved.
        body_limit: bytes; a larger body passes through and is not kept.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        connect_to: tuple[str, int] | None = None,
        redactor: Redactor = NOTHING_SECRET,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        super().__init__()
        self.path = path
        self.last: LiveExchange | None = None
        self._connect_to = connect_to
        self._redactor = redactor
        self._body_limit = body_limit
        self._exchanges: list[LiveExchange] = []

    async def connect(
        self,
        original: Callable[..., Awaitable[Connection]],
        connector: BaseConnector,
        request: ClientRequest,
        traces: list[Any],
        timeout: ClientTimeout,
    ) -> Connection:
        now = time.perf_counter()
        if self._zero is None:
            self._zero = now
        if request.url.scheme in {"ws", "wss"}:
            raise CassetteError("WebSockets cannot be recorded")
        exchange = LiveExchange(
            _shape(request, b""),
            seq=len(self._exchanges) + 1,
            zero=self._zero,
            now=now,
            body_limit=self._body_limit,
        )
        exchange.on_took = self._took
        self._enter(exchange)
        self.requests += 1
        await record_body(request, exchange)
        self._exchanges.append(exchange)
        return await connect_recorded(
            original,
            connector,
            request,
            traces,
            timeout,
            exchange=exchange,
            owner=self,
            connect_to=self._connect_to,
        )

    def _took(self, exchange: LiveExchange) -> None:
        self.last = exchange

    def position(self) -> Position | None:
        """Return the last chunk of which any byte was handed out; None before the first."""
        chunk = self.last.flow.last_chunk() if self.last else None
        return None if self.last is None or chunk is None else Position(self.last, chunk)

    def served(self) -> list[tuple[LiveExchange, Served]]:
        """Return every exchange that got a response head, in order, with its track."""
        recorded_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        answered = [e for e in self._exchanges if e.head is not None]
        pairs = []
        for seq, exchange in enumerate(answered, start=1):
            # A response that nobody closed ends with the tape.
            exchange.end("closed-by-client")
            track = exchange.track(recorded_at=recorded_at, by=f"glmbench {__version__}")
            interaction = _recorded(exchange, replace(track, seq=seq))
            pairs.append((exchange, Served(interaction=interaction, lags=tuple(exchange.lags))))
        return pairs

    def recorded(self) -> tuple[Interaction, ...]:
        """Return what `save` writes: every answered exchange, without its secrets."""
        return tuple(scrub(served.interaction, self._redactor) for _, served in self.served())

    def save(self) -> None:
        """Write the cassette; without an answered request there is nothing to write.

        Raises:
            CassetteError: it could not be replayed, or what would be written does not read back.
        """
        if self.path is None:
            return
        flaw = self._flaw()
        if flaw is not None:
            raise CassetteError(flaw)
        interactions = self.recorded()
        if interactions:
            save(self.path, interactions)

    def _flaw(self) -> str | None:
        """Say why there is nothing to save that could be replayed."""
        if any(exchange.over_limit for exchange in self._exchanges):
            limit = f"{self._body_limit / 2**20:.3g} MiB"
            return f"A response body has more than {limit}: it passed through and was not recorded."
        if any(exchange.request_cut and exchange.head for exchange in self._exchanges):
            return (
                "A request was answered before its body was sent whole: replay could not tell it "
                "from another, and it was not recorded."
            )
        return None

    @property
    def asked(self) -> bool:
        """Whether any request was made."""
        return bool(self._exchanges)

    def finding(self) -> Finding:
        if self.path is None:
            return Finding(verdict="LIVE")
        flaw = self._flaw()
        if flaw is not None:
            return Finding(verdict="MISS", reason=flaw)
        if any(exchange.head is not None for exchange in self._exchanges):
            return Finding(verdict="RECORDED")
        return Finding(verdict="LIVE", reason="No response came that could be recorded.")

    def problem(self) -> CassetteError | None:
        """A recording has nothing to complain of; what fails, fails at the caller."""
        return None


def _recorded(exchange: LiveExchange, track: Track) -> Interaction:
    assert exchange.head is not None
    return Interaction(
        request=exchange.request,
        status=exchange.head.status,
        reason=exchange.head.reason,
        headers=fitting_headers(exchange.head.headers, exchange.flow.received),
        body=exchange.body,
        track=track,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """How a recording is played.

    `speed` is that of the loop's clock; 0 plays each chunk when the one before was read. `ignore`
    names what does not count in JSON requests. A fault is put on the last response, a framing on
    all of them.
    """

    speed: float = 1.0
    ignore: tuple[JsonPath, ...] = ()
    fault: Fault | None = None
    reframe: Reframe | None = None

    @property
    def edits(self) -> bool:
        """Whether what is played is not what was recorded."""
        return self.fault is not None or self.reframe is not None


AS_RECORDED = Playback()


class PlayingTape(_Tape):
    """Answers requests from a cassette, and nothing else.

    Args:
        name: what messages call the file.
        interactions: what is recorded; None when there is no file.
        playback: how it is played.
        redactor: knows what was not recorded, so that requests find what they made.

    Raises:
        CassetteStaleError: the recording is not one that the fault or the framing fits.
    """

    def __init__(
        self,
        name: str,
        interactions: tuple[Interaction, ...] | None,
        playback: Playback = AS_RECORDED,
        *,
        redactor: Redactor = NOTHING_SECRET,
    ) -> None:
        super().__init__()
        self.name = name
        self.last: PlayedExchange | None = None
        self.edited = playback.edits
        self._playback = playback
        self._redactor = redactor
        if interactions and playback.edits:
            interactions = _edited(name, interactions, playback)
        self._refused = interactions[-1] if interactions else None
        self._interactions = interactions or ()
        self._library = Library(name, interactions, ignore=playback.ignore)
        self._played: list[PlayedExchange] = []
        self._asked = False
        self._problem: CassetteError | None = None

    async def connect(
        self, connector: BaseConnector, request: ClientRequest, timeout: ClientTimeout
    ) -> Connection:
        loop = asyncio.get_running_loop()
        entered = loop.time()
        if self._zero is None:
            self._zero = entered
        shape = scrub_request(_shape(request, await collect_body(request)), self._redactor)
        interaction = self._take(shape)
        if isinstance(self._playback.fault, Refuse) and interaction is self._refused:
            refused = ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
            raise ClientConnectorError(request.connection_key, refused)
        exchange = PlayedExchange(shape, interaction)
        exchange.on_took = self._took
        self._enter(exchange)
        self._played.append(exchange)
        plan = plan_response(
            interaction.track,
            status=interaction.status,
            reason=interaction.reason,
            headers=interaction.headers,
            body=interaction.body,
            method=request.method,
        )
        player = Player(loop, exchange, plan, speed=self._playback.speed, entered=entered)
        return await connect_played(connector, request, timeout, player=player, zero=self._zero)

    def find(self, shape: RequestShape) -> Interaction:
        """Find the recording of a request, which is then played.

        Raises:
            CassetteMissError, CassetteStaleError: there is none, or one of another request.
        """
        return self._library.take(shape)

    def _take(self, shape: RequestShape) -> Interaction:
        self._asked = True
        try:
            return self.find(shape)
        except CassetteError as error:
            if self._problem is None:
                self._problem = error
            raise

    def _took(self, exchange: PlayedExchange) -> None:
        self.last = exchange

    def position(self) -> Position | None:
        """Return the last chunk of which any byte was handed out; None before the first."""
        chunk = self.last.flow.last_chunk() if self.last else None
        return None if self.last is None or chunk is None else Position(self.last, chunk)

    def served(self) -> list[tuple[PlayedExchange, Served]]:
        """Return every exchange that was played, in order, with its recorded track."""
        return [
            (exchange, Served(interaction=exchange.interaction, lags=None))
            for exchange in self._played
        ]

    def save(self) -> None:
        """Replay writes nothing."""

    def problem(self) -> CassetteError | None:
        """Return what the recording could not answer, also when the caller swallowed it."""
        finding = self.finding()
        if self._problem is None and finding.verdict == "STALE":
            return CassetteStaleError(finding.reason or "")
        return self._problem

    @property
    def asked(self) -> bool:
        """Whether any request was made."""
        return self._asked

    def attempts(self, turn: int) -> int:
        """How many attempts of a turn are recorded; 1 where nobody knows."""
        tracks = [interaction.track for interaction in self._interactions]
        return max((track.attempt for track in tracks if track and track.turn == turn), default=1)

    @property
    def offsets_s(self) -> tuple[float, ...]:
        """How late each chunk was played, by the loop's clock: the replay's own error."""
        return tuple(late for exchange in self._played for late in exchange.offsets_s)

    @property
    def recorded_at(self) -> str | None:
        """When the oldest response was recorded; None without a stream track."""
        tracks = [exchange.interaction.track for exchange in self._played]
        return min((track.recorded_at for track in tracks if track), default=None)

    def finding(self) -> Finding:
        problem = self._problem
        if problem is not None:
            stale = isinstance(problem, CassetteStaleError)
            return Finding(verdict="STALE" if stale else "MISS", reason=str(problem))
        if any(exchange.read_past_end for exchange in self._played):
            return Finding(
                verdict="STALE",
                reason=f"{self.name} ends where its consumer walked away, and this one reads on. "
                "Record it again with --mode refresh.",
            )
        if not self._asked:
            missing = self._library.missing
            what = f"there is no file {self.name}" if missing else "nothing of it was played"
            return Finding(verdict="MISS", reason=f"No request was made: {what}.")
        if self._library.left:
            reason = f"{self._library.describe_left()} Record it again with --mode refresh."
            return Finding(verdict="UNUSED", reason=reason)
        return Finding(verdict="HIT")


def _edited(
    name: str, interactions: tuple[Interaction, ...], playback: Playback
) -> tuple[Interaction, ...]:
    """Put the fault on the last response and the framing on all."""
    fault = None if isinstance(playback.fault, Refuse) else playback.fault
    *others, last = interactions
    try:
        return (
            *(edit(each, None, playback.reframe) for each in others),
            edit(last, fault, playback.reframe),
        )
    except FaultError as problem:
        raise CassetteStaleError(f"{name}: {problem}.") from None


Tape: TypeAlias = RecordingTape | PlayingTape
