"""What a provider yields besides text: frozen, and text only for what a person would read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, assert_never

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FinishReasonName: TypeAlias = Literal["stop", "length", "content_filter", "tool_calls", "unknown"]
FINISH_REASONS: tuple[FinishReasonName, ...] = (
    "stop",
    "length",
    "content_filter",
    "tool_calls",
    "unknown",
)


@dataclass(frozen=True, slots=True)
class FinishReason:
    """The end of an answer: exactly one, last.

    `native` is the service's own word. `message` is the text of a moderation notice. `rewritten`
    is the service's final text where it does not extend what was delivered, and `dropped_chars`
    counts text that came after moderation and was not delivered. `body_offset` is the number of
    body bytes fed when the finish frame was seen, so that its instant can be looked up.
    """

    reason: FinishReasonName
    native: str | None = None
    message: str | None = field(default=None, kw_only=True)
    rewritten: str | None = field(default=None, kw_only=True)
    dropped_chars: int = field(default=0, kw_only=True)
    body_offset: int | None = field(default=None, kw_only=True, compare=False, repr=False)

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the model's thinking; `str()` of it is empty, `token` is the text."""

    token: str

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts as the service said them; None where it did not."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """Tool calls the answer asks for, or that the service ran itself (`executed`)."""

    calls: Sequence[Mapping[str, Any]]
    executed: bool = field(default=False, kw_only=True)

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class ImageResponse:
    """Images of the answer, by URL."""

    urls: tuple[str, ...]
    alt: str = ""

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Source:
    """One page that the answer cites."""

    url: str
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """Pages that the answer cites or a search brought up."""

    sources: tuple[Source, ...]

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a caller passes back to go on with this conversation."""

    conversation_id: str

    def __str__(self) -> str:
        return ""


Part: TypeAlias = (
    str | FinishReason | Reasoning | Usage | ToolCalls | ImageResponse | Sources | Conversation
)


def describe_part(part: Part) -> str:
    """Word a part for a person who looks at a stream: a text is itself, all else is named."""
    match part:
        case str():
            return part
        case Reasoning():
            return f"reasoning {part.token}"
        case FinishReason():
            native = "" if part.native in {None, part.reason} else f" ({part.native})"
            return f"finish {part.reason}{native}"
        case Usage():
            return f"usage {_count(part.input_tokens)}/{_count(part.output_tokens)}"
        case ToolCalls():
            return _plural(len(part.calls), "tool call") + (" executed" if part.executed else "")
        case ImageResponse():
            return _plural(len(part.urls), "image")
        case Sources():
            return _plural(len(part.sources), "source")
        case Conversation():
            return "conversation"
        case _:
            assert_never(part)


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)


def _plural(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
