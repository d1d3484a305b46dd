"""A tape that lets requests through and keeps what comes back."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from glmbench.about import __version__
from glmbench.cassettes.exchange import BODY_LIMIT, LiveExchange
from glmbench.cassettes.interaction import Interaction, fitting_headers
from glmbench.cassettes.recorder import connect_recorded, record_body
from glmbench.cassettes.scrub import scrub
from glmbench.cassettes.store import save
from glmbench.cassettes.tape import Position, Served, TapeBase, request_shape
from glmbench.cassettes.verdict import Finding
from glmbench.errors import CassetteError
from glmbench.redaction.redactor import NOTHING_SECRET

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aiohttp import BaseConnector, ClientRequest
    from aiohttp.client import ClientTimeout
    from aiohttp.connector import Connection

    from glmbench.cassettes.track import Track
    from glmbench.redaction.redactor import Redactor


class RecordingTape(TapeBase):
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
            request_shape(request, b""),
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
