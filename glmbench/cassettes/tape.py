"""A cassette in use in one task: recording, passing through, or playing.

A tape knows the requests of its task in order, how each was answered, and how far the consumer has
got; from it come the verdict and all instants. Providers and decoders know nothing of it.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from glmbench.about import __version__
from glmbench.cassettes.exchange import LiveExchange
from glmbench.cassettes.interaction import Interaction, fitting_headers
from glmbench.cassettes.matching import RequestShape, first_difference
from glmbench.cassettes.plan import plan_response
from glmbench.cassettes.player import PlayedExchange, Player, connect_played
from glmbench.cassettes.recorder import connect_recorded
from glmbench.cassettes.store import save
from glmbench.cassettes.verdict import Finding
from glmbench.errors import CassetteError, CassetteMissError, CassetteStaleError
from glmbench.redaction import redact_headers, redact_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aiohttp import BaseConnector, ClientRequest
    from aiohttp.client import ClientTimeout
    from aiohttp.connector import Connection

    from glmbench.cassettes.track import Track


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


async def request_shape(request: ClientRequest) -> RequestShape:
    """Take from an aiohttp request what is matched and stored, redacted."""
    body = request.body
    return RequestShape(
        method=request.method,
        url=redact_url(str(request.url)),
        headers=tuple(redact_headers([(str(k), str(v)) for k, v in request.headers.items()])),
        body=body if isinstance(body, bytes) else await body.as_bytes(),
    )


class RecordingTape:
    """Lets requests through and keeps what comes back; `save` writes it.

    Args:
        path: where to save; None keeps everything in memory (a live run).
        connect_to: send the bytes there in plain HTTP while the request keeps its URL.
    """

    def __init__(self, path: Path | None, *, connect_to: tuple[str, int] | None = None) -> None:
        self.path = path
        self.last: LiveExchange | None = None
        self._connect_to = connect_to
        self._exchanges: list[LiveExchange] = []
        self._zero: float | None = None

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
            await request_shape(request),
            seq=len(self._exchanges) + 1,
            zero=self._zero,
            now=now,
        )
        exchange.on_took = self._took
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

    def save(self) -> None:
        """Write the cassette; without an answered request there is nothing to write."""
        interactions = [served.interaction for _, served in self.served()]
        if self.path is not None and interactions:
            save(self.path, interactions)

    @property
    def asked(self) -> bool:
        """Whether any request was made."""
        return bool(self._exchanges)

    def finding(self) -> Finding:
        if self.path is None:
            return Finding(verdict="LIVE")
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
        headers=fitting_headers(exchange.head.headers, len(exchange.body)),
        body=exchange.body,
        track=track,
    )


class PlayingTape:
    """Answers requests from a cassette, and nothing else.

    Args:
        name: what messages call the file.
        interactions: what is recorded; None when there is no file.
        speed: of the loop's clock; 0 plays each chunk when the one before was read.
    """

    def __init__(
        self, name: str, interactions: tuple[Interaction, ...] | None, *, speed: float = 1.0
    ) -> None:
        self.name = name
        self.last: PlayedExchange | None = None
        self._missing = interactions is None
        self._speed = speed
        self._interactions = interactions or ()
        self._played: list[PlayedExchange] = []
        self._zero: float | None = None
        self._problem: CassetteError | None = None
        # Looked up by hash, so that a request costs the same however many are recorded.
        self._waiting: dict[str, deque[Interaction]] = defaultdict(deque)
        self._unplayed: dict[tuple[str, str], dict[int, Interaction]] = defaultdict(dict)
        for interaction in self._interactions:
            self._waiting[interaction.request.fingerprint()].append(interaction)
            self._unplayed[interaction.request.place][id(interaction)] = interaction

    async def connect(
        self, connector: BaseConnector, request: ClientRequest, timeout: ClientTimeout
    ) -> Connection:
        loop = asyncio.get_running_loop()
        entered = loop.time()
        if self._zero is None:
            self._zero = entered
        shape = await request_shape(request)
        interaction = self._take(shape)
        exchange = PlayedExchange(shape, interaction)
        exchange.on_took = self._took
        self._played.append(exchange)
        plan = plan_response(
            interaction.track,
            status=interaction.status,
            reason=interaction.reason,
            headers=interaction.headers,
            body=interaction.body,
            method=request.method,
        )
        player = Player(loop, exchange, plan, speed=self._speed)
        return await connect_played(connector, request, timeout, player=player, zero=self._zero)

    def _take(self, shape: RequestShape) -> Interaction:
        waiting = self._waiting.get(shape.fingerprint())
        if waiting:
            interaction = waiting.popleft()
            del self._unplayed[interaction.request.place][id(interaction)]
            return interaction
        error = self._no_match(shape)
        if self._problem is None:
            self._problem = error
        raise error

    def _no_match(self, shape: RequestShape) -> CassetteError:
        method, url = shape.place
        if self._missing:
            return CassetteMissError(
                f"{method} {url} has no recording: there is no file {self.name}. "
                "Record it with --mode record."
            )
        candidates = list(self._unplayed.get(shape.place, {}).values())
        if candidates:
            difference = first_difference(candidates[0].request.body, shape.body)
            return CassetteStaleError(
                f"{method} {url} is recorded in {self.name} with another request: {difference}. "
                "Record it again with --mode refresh if the new request is right."
            )
        recorded = len(self._interactions)
        played = len(self._played)
        return CassetteMissError(
            f"{method} {url} is not in {self.name} ({recorded} recorded, {played} played). "
            f"{self._nearest()} Record it again with --mode refresh."
        )

    def _nearest(self) -> str:
        left = [i for waiting in self._unplayed.values() for i in waiting.values()]
        if not left:
            return "Everything recorded was played already."
        method, url = left[0].request.place
        return f"Next unplayed: {method} {url}."

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
        return bool(self._played) or self._problem is not None

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
        if not self._played:
            what = f"there is no file {self.name}" if self._missing else "nothing of it was played"
            return Finding(verdict="MISS", reason=f"No request was made: {what}.")
        left = sum(len(waiting) for waiting in self._unplayed.values())
        if left:
            return Finding(
                verdict="UNUSED",
                reason=f"{left} of {len(self._interactions)} interactions in {self.name} were not "
                f"played. {self._nearest()} Record it again with --mode refresh.",
            )
        return Finding(verdict="HIT")


Tape: TypeAlias = RecordingTape | PlayingTape
