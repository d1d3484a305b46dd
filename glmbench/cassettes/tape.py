"""What every tape keeps of its task: requests, answers, turns, and how far the consumer has got.

A tape is a cassette in use: recording or passing through (`recording_tape`), or playing
(`playing_tape`). From it come the verdict and all instants; providers and decoders know nothing of
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.cassettes.matching import RequestShape

if TYPE_CHECKING:
    from aiohttp import ClientRequest

    from glmbench.cassettes.exchange import LiveExchange
    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.player import PlayedExchange


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


def request_shape(request: ClientRequest, body: bytes) -> RequestShape:
    """Take from a request what is matched and stored."""
    return RequestShape(
        method=request.method,
        url=str(request.url),
        headers=tuple((str(name), str(value)) for name, value in request.headers.items()),
        body=body,
    )


class TapeBase:
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
