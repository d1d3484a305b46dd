"""Two recordings of the same requests to what changed between them. Pure.

Drift is what a client's code would notice: the shape of frames, the finish reason, the status and
the kinds of headers. Other words and other times are no drift: a model answers anew every time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, TypeAlias

from glmbench.cassettes.matching import describe_differences
from glmbench.checks.excerpts import first_difference
from glmbench.inspection.reading import describe_finish, media_type, read_stream
from glmbench.inspection.shape import differences, shape_of
from glmbench.parts import Conversation, FinishReason, Reasoning, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glmbench.cassettes.interaction import Interaction
    from glmbench.inspection.reading import StreamReading

Aspect: TypeAlias = Literal[
    "requests", "status", "headers", "frames", "finish", "request", "content", "end"
]

# Another number of requests is another conversation: a redirect more, or an answer that was refused
# and asked for again.
DRIFTING: frozenset[Aspect] = frozenset({"requests", "status", "headers", "frames", "finish"})

# How much of two texts is shown around their first difference, and how much of it is before that.
EXCERPT_LENGTH = 50
EXCERPT_LEAD = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that changed, as a sentence; `base` and `head` quote both sides where they help."""

    aspect: Aspect
    sentence: str
    base: str | None = None
    head: str | None = None

    @property
    def drifts(self) -> bool:
        return self.aspect in DRIFTING


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The figures of one response; None where they are not known."""

    ttft_s: float | None
    total_s: float | None
    chunks: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request of both sides. `number` counts from 1, `request` is the method and the URL."""

    number: int
    request: str
    differences: tuple[Difference, ...]
    base: Measures
    head: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What changed between two cassettes: in their number of requests, and in each of them."""

    exchanges: tuple[Exchange, ...]
    surplus: tuple[Difference, ...] = ()

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Everything that changed but the timing."""
        found = (d for exchange in self.exchanges for d in exchange.differences)
        return (*self.surplus, *found)

    @property
    def drifted(self) -> bool:
        """Whether the shape of frames, a finish reason, a status or the headers changed."""
        return any(difference.drifts for difference in self.differences)

    @property
    def same_timing(self) -> bool:
        return all(exchange.base == exchange.head for exchange in self.exchanges)


def compare(base: Sequence[Interaction], head: Sequence[Interaction]) -> Comparison:
    """Compare two cassettes request by request, in the order of their recording."""
    exchanges = []
    surplus = []
    for number, (before, after) in enumerate(zip_longest(base, head), start=1):
        if before is not None and after is not None:
            exchanges.append(_compare(number, before, after))
        elif before is not None:
            surplus.append(_surplus(f"request {number} is gone: {_place(before)}"))
        else:
            surplus.append(_surplus(f"request {number} is new: {_place(after)}"))
    return Comparison(exchanges=tuple(exchanges), surplus=tuple(surplus))


def _surplus(sentence: str) -> Difference:
    return Difference(aspect="requests", sentence=sentence)


def _place(interaction: Interaction) -> str:
    return " ".join(interaction.request.place)


def _compare(number: int, base: Interaction, head: Interaction) -> Exchange:
    before, after = read_stream(base), read_stream(head)
    found = [
        *_request_differences(base, head),
        *_status_differences(base, head),
        *_header_differences(base, head),
        *_sentences("frames", differences(shape_of(base.body), shape_of(head.body))),
        *_finish_differences(before, after),
        *_end_differences(before, after),
        *_content_differences(base, head, before, after),
    ]
    return Exchange(
        number=number,
        request=_place(head),
        differences=tuple(found),
        base=_measures(base, before),
        head=_measures(head, after),
    )


def _sentences(aspect: Aspect, sentences: Iterable[str]) -> list[Difference]:
    return [Difference(aspect=aspect, sentence=sentence) for sentence in sentences]


def _request_differences(base: Interaction, head: Interaction) -> list[Difference]:
    if base.request.place != head.request.place:
        return _sentences("request", [f"was {_place(base)}, is {_place(head)}"])
    if base.request.fingerprint() == head.request.fingerprint():
        return []
    # What it calls recorded is the base here, and what is sent the head.
    return _sentences(
        "request", [describe_differences(base.request.comparable, head.request.comparable)]
    )


def _status_differences(base: Interaction, head: Interaction) -> list[Difference]:
    if base.status == head.status:
        return []
    return _sentences("status", [f"was {base.status}, is {head.status}"])


def _header_differences(base: Interaction, head: Interaction) -> list[Difference]:
    """Compare the names of the headers and the media type; other values change all the time."""
    before, after = _header_names(base), _header_names(head)
    sentences = [f"{name} is gone" for name in sorted(before - after)]
    sentences += [f"{name} is new" for name in sorted(after - before)]
    if media_type(base) != media_type(head) and "content-type" in before & after:
        sentences.append(f"content-type was {media_type(base)}, is {media_type(head)}")
    return _sentences("headers", sentences)


def _header_names(interaction: Interaction) -> frozenset[str]:
    return frozenset(name.lower() for name, _ in interaction.all_headers)


def _finish_differences(base: StreamReading, head: StreamReading) -> list[Difference]:
    before, after = describe_finish(base), describe_finish(head)
    return _sentences("finish", [f"was {before}, is {after}"] if before != after else [])


def _end_differences(base: StreamReading, head: StreamReading) -> list[Difference]:
    before = base.end.kind if base.end else "unknown"
    after = head.end.kind if head.end else "unknown"
    return _sentences("end", [f"was {before}, is {after}"] if before != after else [])


def _content_differences(
    base: Interaction, head: Interaction, before: StreamReading, after: StreamReading
) -> list[Difference]:
    """Compare what was answered; without a decoder on both sides, the bodies."""
    if before.dialect is None or after.dialect is None:
        texts = (body.decode("utf-8", "replace") for body in (base.body, head.body))
        return _text_differences("the body", *texts)
    return [
        *_text_differences("the text", before.text, after.text),
        *_text_differences("the reasoning", before.reasoning, after.reasoning),
        *_kind_differences(_other_parts(before), _other_parts(after)),
        *_text_differences("the error's message", _failure_text(before), _failure_text(after)),
    ]


def _text_differences(noun: str, base: str, head: str) -> list[Difference]:
    if base == head:
        return []
    if not (base and head):
        which, text = ("gone", base) if base else ("new", head)
        return _sentences("content", [f"{noun} is {which} ({len(text)} characters)"])
    at = first_difference(base, head)
    return [
        Difference(
            aspect="content",
            sentence=f"{noun} differs from character {at + 1} on",
            base=_excerpt(base, at),
            head=_excerpt(head, at),
        )
    ]


def _excerpt(text: str, at: int) -> str:
    start = max(0, at - EXCERPT_LEAD)
    piece = text[start : start + EXCERPT_LENGTH]
    tail = "…" if start + EXCERPT_LENGTH < len(text) else ""
    return f"{'…' if start else ''}{piece}{tail}"


def _other_parts(reading: StreamReading) -> Counter[str]:
    """Count the parts that are no text by kind. Ids and counts of tokens change every time."""
    told_elsewhere = (str, Reasoning, FinishReason, Conversation, Usage)
    parts = (part for part in reading.parts if not isinstance(part, told_elsewhere))
    return Counter(type(part).__name__ for part in parts)


def _kind_differences(base: Counter[str], head: Counter[str]) -> list[Difference]:
    return _sentences(
        "content",
        [
            f"parts of kind {kind}: were {base[kind]}, are {head[kind]}"
            for kind in sorted({*base, *head})
            if base[kind] != head[kind]
        ],
    )


def _failure_text(reading: StreamReading) -> str:
    return reading.failure.message if reading.failure else ""


def _measures(interaction: Interaction, reading: StreamReading) -> Measures:
    return Measures(
        ttft_s=reading.timing.ttft_s,
        total_s=reading.timing.total_s,
        chunks=len(reading.chunks),
        size=len(interaction.body),
    )
