"""The same bytes in other chunks: how a recorded body might have been cut by another network. Pure.

A new chunk arrives when its last byte did in the recording. Chunks that would share an instant
follow each other a microsecond apart, for two reads never share one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from glmbench.cassettes.faults import put_fault, track_of
from glmbench.cassettes.track import Chunk
from glmbench.errors import UsageError
from glmbench.problems import did_you_mean, printable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from glmbench.cassettes.faults import EditingFault
    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.track import Track

ReframeKind: TypeAlias = Literal["whole", "event", "byte", "random"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reframe:
    """Where the body is cut; `str` gives the word that it was parsed from.

    `seed` counts for `random` only.
    """

    kind: ReframeKind
    seed: int = 0

    def __str__(self) -> str:
        return f"random:{self.seed}" if self.kind == "random" else self.kind


_PLAIN: dict[str, Reframe] = {
    "whole": Reframe(kind="whole"),
    "event": Reframe(kind="event"),
    "byte": Reframe(kind="byte"),
}
_KNOWN = (*_PLAIN, "random:SEED")

# One spelling for each seed, so that a report repeats what was typed.
_RANDOM = re.compile("random:(0|[1-9][0-9]{0,18})")


def parse_reframe(text: str) -> Reframe:
    """Parse `whole`, `event`, `byte` or `random:SEED`.

    Raises:
        UsageError: the text is none of them.
    """
    if text in _PLAIN:
        return _PLAIN[text]
    if seeded := _RANDOM.fullmatch(text):
        return Reframe(kind="random", seed=int(seeded[1]))
    said = f'"{printable(shortened(text))}" is no framing'
    if text.partition(":")[0] == "random":
        raise UsageError(f"{said}: SEED is a whole number of at most 19 digits, as in random:1")
    hint = did_you_mean(text, _KNOWN)
    raise UsageError(f"{said}; {hint + ' It is ' if hint else 'it is '}one of: {', '.join(_KNOWN)}")


def edit(interaction: Interaction, fault: EditingFault | None, how: Reframe | None) -> Interaction:
    """Put a fault into an interaction, which counts recorded chunks, and then cut it into others.

    Raises:
        FaultError: it is none that they fit.
    """
    interaction = interaction if fault is None else put_fault(interaction, fault)
    return interaction if how is None else reframe(interaction, how)


def reframe(interaction: Interaction, how: Reframe) -> Interaction:
    """Return the interaction with the same body in other chunks.

    Raises:
        FaultError: there is no stream track, so nobody knows when the bytes came.
    """
    track = track_of(interaction, f"the framing {how}")
    if not interaction.body:
        return interaction
    chunks = tuple(_arrivals(track, _ends(interaction.body, how)))
    end = replace(track.end, at_us=max(track.end.at_us, chunks[-1].at_us))
    return replace(interaction, track=replace(track, chunks=chunks, end=end))


def _arrivals(track: Track, ends: Iterable[int]) -> Iterator[Chunk]:
    """Turn the offsets where chunks end into chunks with instants."""
    recorded = iter(track.chunks)
    current = next(recorded)
    current_end = current.size
    at_us, start = -1, 0
    for end in ends:
        while end > current_end:
            current = next(recorded)
            current_end += current.size
        at_us = max(current.at_us, at_us + 1)
        yield Chunk(at_us=at_us, size=end - start)
        start = end


# --- where to cut ---------------------------------------------------------------------------

# The line end that closes an event's last line, and the blank lines behind it. A lone CR ends a
# line too, but one before LF is half of a line end.
_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2,}")


def _ends(body: bytes, how: Reframe) -> list[int]:
    """Return the offsets where chunks end, in order; the last is the length of the body."""
    match how.kind:
        case "whole":
            inner: Iterable[int] = ()
        case "event":
            inner = (blank.end() for blank in _BLANK_LINE.finditer(body))
        case "byte":
            inner = range(1, len(body))
        case "random":
            inner = _random_ends(body, how.seed)
        case _:
            assert_never(how.kind)
    return [*(end for end in inner if end < len(body)), len(body)]


def _random_ends(body: bytes, seed: int) -> Iterator[int]:
    end = 0
    for size in _random_sizes(hashlib.sha256(body).digest(), seed):
        end += size
        if end >= len(body):
            return
        yield end


def _random_sizes(salt: bytes, seed: int) -> Iterator[int]:
    """Draw sizes of 1 to 256 bytes without end, about as many tiny as large.

    From a hash, not from `random`: its sequences may change between versions of Python.
    """
    counter = 0
    while True:
        block = hashlib.sha256(b"%b:%d:%d" % (salt, seed, counter)).digest()
        for magnitude, value in zip(block[::2], block[1::2], strict=True):
            yield 1 + value % (1 << magnitude % 9)
        counter += 1
