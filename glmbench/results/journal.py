"""The journal of a run: what it is in the first line, then a line for each trial that ended. Pure.

A line is a JSON document. The first one has a mark for everything that the rows depend on: only a
run with the same marks may go on with them. A run may be killed at any moment, so the last line may
be a piece of one; it counts only with its line end.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from glmbench.errors import UsageError
from glmbench.results.model import TrialResult

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "glmbench.journal/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A finished trial, and what is kept out of its row because it differs from run to run.

    `detail` is the text of a foreign exception. `recorded_at` is when the oldest response that was
    played was recorded. `offsets_s` tells how late each chunk was played on a real clock.
    """

    result: TrialResult
    detail: str | None = None
    recorded_at: datetime | None = None
    offsets_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the run is: `marks` by what they are marks of, plain words or a digest.

    The environment is for readers only.
    """

    environment: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalContent:
    """What a journal holds, outcomes by their full ids. Its whole lines are `size` bytes long."""

    header: Header
    outcomes: dict[str, Outcome]
    size: int


class _HeaderLine(msgspec.Struct, kw_only=True):
    schema: str
    environment: dict[str, Any] = {}
    marks: dict[str, str] = {}


class _OutcomeLine(msgspec.Struct, kw_only=True, omit_defaults=True):
    trial: TrialResult
    detail: str | None = None
    # As text: a date of RFC 3339 has no room for every offset that Python reads.
    recorded_at: str | None = None
    offsets_s: tuple[float, ...] = ()


def encode_header(header: Header) -> bytes:
    """Encode the first line."""
    return msgspec.json.encode({"schema": SCHEMA, **asdict(header)}) + b"\n"


def encode_outcome(outcome: Outcome) -> bytes:
    """Encode what a trial left as one line."""
    at = outcome.recorded_at
    line = _OutcomeLine(
        trial=outcome.result,
        detail=outcome.detail,
        recorded_at=at.isoformat() if at is not None else None,
        offsets_s=outcome.offsets_s,
    )
    return msgspec.json.encode(line) + b"\n"


def decode_journal(content: bytes, name: str) -> JournalContent:
    """Decode a journal, without a last line that has no end; `name` is what messages call it.

    Raises:
        UsageError: it is of another version, or a whole line of it cannot be read.
    """
    # Not splitlines: it cuts at characters that a text may hold.
    *lines, torn = content.split(b"\n")
    header = _decode_header(lines, name)
    outcomes: dict[str, Outcome] = {}
    for number, line in enumerate(lines[1:], start=2):
        try:
            outcome = _decode_outcome(line)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise _damaged(name, number, error) from None
        if outcome.result.full_id in outcomes:
            raise _damaged(name, number, f"{outcome.result.full_id} is in it twice")
        outcomes[outcome.result.full_id] = outcome
    return JournalContent(header=header, outcomes=outcomes, size=len(content) - len(torn))


def _decode_header(lines: list[bytes], name: str) -> Header:
    if not lines:
        raise UsageError(f"{name} is no journal of glmbench: it has no whole line")
    try:
        line = msgspec.json.decode(lines[0], type=_HeaderLine)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"{name} is no journal of glmbench: {error}") from None
    if line.schema != SCHEMA:
        raise UsageError(f"{name} is a {line.schema!r}, and this glmbench reads {SCHEMA!r}")
    return Header(environment=line.environment, marks=line.marks)


def _decode_outcome(text: bytes) -> Outcome:
    line = msgspec.json.decode(text, type=_OutcomeLine)
    at = line.recorded_at
    return Outcome(
        result=line.trial,
        detail=line.detail,
        recorded_at=datetime.fromisoformat(at) if at is not None else None,
        offsets_s=line.offsets_s,
    )


def _damaged(name: str, number: int, reason: object) -> UsageError:
    return UsageError(f"{name} is damaged in line {number}: {reason}")


DIGEST = "sha256:"


def find_differences(before: Header, now: Header) -> tuple[str, ...]:
    """Say in words what a run is not any more; nothing when it is the same."""
    return tuple(_differences(before.marks, now.marks))


def _differences(before: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    for name, value in before.items():
        if name not in now:
            yield f"{name} is gone"
        elif now[name] == value:
            continue
        elif value.startswith(DIGEST):
            yield f"{name} has changed"
        else:
            yield f"{name} was {value} and is {now[name]}"
    yield from (f"{name} is new" for name in now if name not in before)
