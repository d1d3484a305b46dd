"""What was seen of one turn: reads, stamped parts, and how it ended. Plain data, no clock.

All instants are integer microseconds since the turn's time zero (the entry of `connect()` for its
first request); None means "never happened".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from glmbench.parts import FinishReason, Part, Reasoning

TimingSource: TypeAlias = Literal["live", "consumer", "recorded", "edited", "none"]
Origin: TypeAlias = Literal["live", "emulator", "import"]
"""Who answered when it was measured or recorded: the service, our emulator, or a foreign file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One network read that brought body bytes; `events` is how many events ended in it."""

    at_us: int
    size: int
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedPart:
    """A part with the instant of the read it came from; None when there is no timing."""

    at_us: int | None
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The exception that ended a turn, as data. `type` is its class name."""

    type: str
    message: str
    status: int | None = None
    code: str | None = None
    expected_kind: bool = False
    """True for a ProviderError: only those can satisfy `expect.error`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One turn. `finish_us` is the finish frame, `end_us` the end of the stream."""

    source: TimingSource
    origin: Origin | None = None
    reads: tuple[Read, ...] = ()
    parts: tuple[StampedPart, ...] = ()
    failure: Failure | None = None
    finish_us: int | None = None
    end_us: int | None = None
    connection_reused: bool = False
    paused: bool = False
    client_lag_us: tuple[int, ...] | None = None

    @property
    def text(self) -> str:
        return "".join(stamped.part for stamped in self.parts if isinstance(stamped.part, str))

    @property
    def reasoning(self) -> str:
        return "".join(
            stamped.part.token for stamped in self.parts if isinstance(stamped.part, Reasoning)
        )

    @property
    def finish(self) -> FinishReason | None:
        finishes = [s.part for s in self.parts if isinstance(s.part, FinishReason)]
        return finishes[-1] if finishes else None
