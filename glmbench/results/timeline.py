"""What came when, of one turn: small enough for every result, exact to the microsecond. Pure.

Texts are in the turn already, so a timeline only counts how many of their characters each read
brought.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.parts import Reasoning, describe_part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glmbench.measure.observation import Observation, Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The reads of a turn, and what else than text they brought.

    `reads` has a word for each read, as in the stream track of a cassette: microseconds since the
    read before (of the first: since time zero), bytes, events that ended in it, characters of text
    and characters of reasoning, as in `101300/212/1/5/0`. Where the provider itself was stamped,
    there is a word for each instant at which it yielded, with no bytes and no events. `others` are
    parts such as a finish reason: the number of the read, counted from 1, and words.

    Where a secret was taken out of a text, nobody can say which read brought which character, and
    the counts of that text are 0.
    """

    reads: str = ""
    others: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRead:
    """One read and what came of it; instants in microseconds since the turn's time zero."""

    at_us: int
    gap_us: int
    size: int
    events: int
    text: str
    reasoning: str
    others: tuple[str, ...] = ()


def make_timeline(observation: Observation) -> Timeline:
    """Fold a turn into its timeline; without a timing source there is none."""
    if observation.source == "none":
        return Timeline()
    reads = {read.at_us: read for read in observation.reads}
    instants = sorted({*reads, *(s.at_us for s in observation.parts if s.at_us is not None)})
    place = {at_us: index for index, at_us in enumerate(instants)}
    chars = [[0, 0] for _ in instants]
    others: list[tuple[int, str]] = []
    for stamped in observation.parts:
        if stamped.at_us is None:
            continue
        index, part = place[stamped.at_us], stamped.part
        if isinstance(part, str):
            chars[index][0] += len(part)
        elif isinstance(part, Reasoning):
            chars[index][1] += len(part.token)
        else:
            others.append((index + 1, describe_part(part)))
    return Timeline(reads=" ".join(_words(instants, reads, chars)), others=tuple(others))


def _words(instants: list[int], reads: dict[int, Read], chars: list[list[int]]) -> Iterable[str]:
    before_us = 0
    for at_us, (text, reasoning) in zip(instants, chars, strict=True):
        read = reads.get(at_us)
        size, events = (read.size, read.events) if read else (0, 0)
        yield f"{at_us - before_us}/{size}/{events}/{text}/{reasoning}"
        before_us = at_us


def read_timeline(timeline: Timeline, text: str, reasoning: str) -> tuple[TimelineRead, ...]:
    """Unfold a timeline with the texts of its turn.

    Raises:
        ValueError: it is none.
    """
    others: dict[int, tuple[str, ...]] = {}
    for number, words in timeline.others:
        others[number] = (*others.get(number, ()), words)
    unfolded = []
    at_us = texts = thoughts = 0
    for number, word in enumerate(timeline.reads.split(), start=1):
        gap_us, size, events, chars, thought_chars = map(int, word.split("/"))
        at_us += gap_us
        unfolded.append(
            TimelineRead(
                at_us=at_us,
                gap_us=gap_us,
                size=size,
                events=events,
                text=text[texts : texts + chars],
                reasoning=reasoning[thoughts : thoughts + thought_chars],
                others=others.get(number, ()),
            )
        )
        texts, thoughts = texts + chars, thoughts + thought_chars
    return tuple(unfolded)
