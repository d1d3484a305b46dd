"""What the emulator answers to which prompt: plain data. Pure: no file, no clock, no socket.

`script_file` reads it from YAML, `composition` turns an answer into timed writes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, assert_never

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from glmbench.server.completions_frames import ReasoningKey, TokenCounts
    from glmbench.server.frames import Framing, LineEnd, PartStatus

Dialect: TypeAlias = Literal["chatglm", "completions"]
Mode: TypeAlias = Literal["snapshot", "delta"]
FinishBrings: TypeAlias = Literal["none", "last", "all"]
CallArguments: TypeAlias = Literal["whole", "fragments"]
UsageIn: TypeAlias = Literal["last", "separate"]
EndingKind: TypeAlias = Literal["finish", "intervene", "error", "eof", "cut", "reset", "stall"]
BodyEnd: TypeAlias = Literal["eof", "cut", "reset", "stall"]
MatchKind: TypeAlias = Literal["equals", "contains", "matches"]

# The endings for which the service itself writes a last frame.
SPOKEN_ENDINGS: tuple[EndingKind, ...] = ("finish", "intervene", "error")

# The services' own codes for an internal error.
DEFAULT_CODES: Mapping[Dialect, int | str] = {"chatglm": 10025, "completions": "500"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptMatch:
    """Which prompts an answer is for; blanks around the whole text never matter."""

    kind: MatchKind
    pattern: str

    def accepts(self, prompt: str) -> bool:
        match self.kind:
            case "equals":
                return prompt.strip() == self.pattern.strip()
            case "contains":
                return self.pattern in prompt
            case "matches":
                return re.search(self.pattern, prompt) is not None
            case _:
                assert_never(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an answer is spelled and paced; every delay is in seconds.

    The response head is written `head_delay_s` after the request, the opening frame
    `opening_delay_s` after the head, the first piece of the answer `first_delay_s` after that, and
    each following frame `delay_s` after the one before. All are added up from the request's
    arrival, so a late write does not push the rest.

    A dialect looks at its own options and at the common ones.
    """

    dialect: Dialect = "chatglm"
    line_end: LineEnd = "lf"
    head_delay_s: float = 0.0
    opening_delay_s: float = 0.0
    first_delay_s: float = 0.0
    delay_s: float = 0.0
    piece: int = 4
    coalesce: int = 1
    gzip: bool = False
    with_head: bool = False
    bom: bool = False
    comment: str | None = None
    done: bool = False
    # chatglm
    framing: Framing = "2025"
    mode: Mode = "snapshot"
    finish_brings: FinishBrings = "last"
    push_flag: bool = True
    # completions
    reasoning_key: ReasoningKey = "reasoning_content"
    call_arguments: CallArguments = "whole"
    usage: TokenCounts | None = None
    usage_in: UsageIn = "last"
    nulls: bool = False

    @classmethod
    def usual(cls, dialect: Dialect) -> Options:
        """Return what holds in a dialect where nothing is said."""
        return cls(dialect=dialect, done=dialect == "completions")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Text of one kind (a key of `frames.TEXT_KEYS`), cut into the fragments that are sent."""

    kind: str
    text: str | tuple[str, ...]
    piece: int | None = None
    status: PartStatus = "finish"
    first_delay_s: float | None = None
    delay_s: float | None = None

    def fragments(self, default_piece: int) -> tuple[str, ...]:
        """Cut the text: as it is listed, or every `piece` characters."""
        return _cut(self.text, self.piece or default_piece)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPart:
    """A tool call that a chat-completions answer asks for; without an id it is given one."""

    name: str
    arguments: str | tuple[str, ...]
    id: str | None = None
    piece: int | None = None
    first_delay_s: float | None = None
    delay_s: float | None = None

    def fragments(self, default_piece: int) -> tuple[str, ...]:
        """Cut the arguments: as they are listed, or every `piece` characters."""
        return _cut(self.arguments, self.piece or default_piece)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPart:
    """A part that comes whole in one frame: a tool call, search results, pictures."""

    item: Mapping[str, Any]
    meta_data: Mapping[str, Any] = field(default_factory=dict)
    status: PartStatus = "finish"
    first_delay_s: float | None = None


Part: TypeAlias = TextPart | CallPart | ItemPart


def _cut(text: str | tuple[str, ...], size: int) -> tuple[str, ...]:
    if not isinstance(text, str):
        return text
    return tuple(text[at : at + size] for at in range(0, len(text), size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the answer ends.

    Only the first `after` frames of the answer are written before it (the opening one counts;
    None is all of them), then `partial` bytes of the next. `delay_s` is between the last frame and
    the end of the body or connection. `message` is the moderation notice or the text of the error;
    `in_part` puts the moderation into a part, and the stream then finishes as if nothing had been.
    `finish_reason` is the word of a chat-completions answer for its end.
    """

    kind: EndingKind = "finish"
    after: int | None = None
    partial: int = 0
    delay_s: float = 0.0
    message: str = ""
    code: int | str = DEFAULT_CODES["chatglm"]
    in_part: bool = False
    finish_reason: str = "stop"

    @property
    def of_body(self) -> BodyEnd:
        """What becomes of the connection once the last frame is out."""
        match self.kind:
            case "finish" | "intervene" | "error":
                return "eof"
            case _:
                return self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """An answer that is told by its parts.

    `delays_s`, where given, holds one delay for each fragment of all parts, before it. `echo` puts
    the prompt in place of `{prompt}` in every text.
    """

    parts: tuple[Part, ...]
    options: Options = field(default_factory=Options)
    ending: Ending = field(default_factory=Ending)
    delays_s: tuple[float, ...] | None = None
    echo: bool = False

    def frame_count(self) -> int:
        """Frames up to the ending: the opening one, one a fragment, in chatglm one a whole text."""
        completed = self.options.dialect == "chatglm"
        texts = sum(isinstance(part, TextPart) for part in self.parts)
        return 1 + self.fragment_count() + (texts if completed else 0)

    def fragment_count(self) -> int:
        """How many delays `delays_s` needs."""
        return sum(self._fragments_of(part) for part in self.parts)

    def _fragments_of(self, part: Part) -> int:
        match part:
            case TextPart():
                return len(part.fragments(self.options.piece))
            case CallPart() if self.options.call_arguments == "fragments":
                # The name has a chunk of its own before them.
                return 1 + len(part.fragments(self.options.piece))
            case _:
                return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFrame:
    """One write of the low-level form: a JSON object to be framed, or bytes as they are."""

    content: Mapping[str, Any] | bytes
    delay_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFrames:
    """An answer told frame by frame; nothing is added, so its ending writes no frame."""

    frames: tuple[RawFrame, ...]
    options: Options = field(default_factory=Options)
    ending: Ending = field(default_factory=lambda: Ending(kind="eof"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A plain HTTP response in place of a stream."""

    status: int = 200
    reason: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None
    body: bytes = b""
    delay_s: float = 0.0


Reply: TypeAlias = Speech | RawFrames | HttpAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A named reply and the prompts it is for; without a match it is for every prompt."""

    name: str
    reply: Reply
    match: PromptMatch | None = None

    def accepts(self, prompt: str) -> bool:
        return self.match is None or self.match.accepts(prompt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Answers in order: the first that accepts a prompt is given, else `otherwise`."""

    dialect: Dialect = "chatglm"
    answers: tuple[Answer, ...] = ()
    otherwise: Answer | None = None

    def find_answer(self, prompt: str) -> Answer | None:
        """Find the answer to a prompt; None when the script says nothing about it."""
        return next((answer for answer in self._in_order() if answer.accepts(prompt)), None)

    def _in_order(self) -> Iterator[Answer]:
        yield from self.answers
        if self.otherwise is not None:
            yield self.otherwise


def echo_script(dialect: Dialect) -> Script:
    """Make what `glmbench serve` says without a script: one sentence that repeats the prompt."""
    options = replace(
        Options.usual(dialect),
        head_delay_s=0.05,
        opening_delay_s=0.01,
        first_delay_s=0.25,
        delay_s=0.03,
    )
    parts = (
        TextPart(kind="think", text="The emulator repeats what it was asked."),
        TextPart(kind="text", text="Thank you for your message. You wrote: {prompt}"),
    )
    reply = Speech(parts=parts, options=options, echo=True)
    return Script(dialect=dialect, otherwise=Answer(name="echo", reply=reply))
