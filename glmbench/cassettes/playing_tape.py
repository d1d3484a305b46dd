"""A tape that answers requests from a recording, perhaps with a fault or in other chunks."""

from __future__ import annotations

import asyncio
import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import ClientConnectorError

from glmbench.cassettes.faults import FaultError
from glmbench.cassettes.library import Library
from glmbench.cassettes.plan import plan_response
from glmbench.cassettes.player import PlayedExchange, Player, connect_played
from glmbench.cassettes.recorder import collect_body
from glmbench.cassettes.reframe import edit
from glmbench.cassettes.scrub import scrub_request
from glmbench.cassettes.tape import Position, Served, TapeBase, request_shape
from glmbench.cassettes.verdict import Finding
from glmbench.errors import CassetteError, CassetteStaleError
from glmbench.redaction.redactor import NOTHING_SECRET
from glmbench.suites.faults import Refuse

if TYPE_CHECKING:
    from aiohttp import BaseConnector, ClientRequest
    from aiohttp.client import ClientTimeout
    from aiohttp.connector import Connection

    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.matching import RequestShape
    from glmbench.cassettes.reframe import Reframe
    from glmbench.jsonpath import JsonPath
    from glmbench.redaction.redactor import Redactor
    from glmbench.suites.faults import Fault


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


class PlayingTape(TapeBase):
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
        shape = scrub_request(request_shape(request, await collect_body(request)), self._redactor)
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
