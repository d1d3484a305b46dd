"""An answer of the script to timed writes: what is sent, and when. Pure: the clock is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glmbench.server.frames import BOM, DONE, Identity, JsonObject, WireStyle
from glmbench.server.script import (
    SPOKEN_ENDINGS,
    BodyEnd,
    Ending,
    ItemPart,
    Options,
    Part,
    RawFrame,
    RawFrames,
    Speech,
    TextPart,
)
from glmbench.server.voices import find_voice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Bytes of the body that go out together; `at_s` counts from the request's arrival."""

    at_s: float
    data: bytes
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """One response: its head, its writes in order of time, and how the body ends."""

    head_at_s: float
    writes: tuple[Write, ...]
    end: BodyEnd
    end_at_s: float
    gzip: bool = False
    with_head: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One frame and the delay before it."""

    delay_s: float
    data: bytes


def compose(reply: Speech | RawFrames, identity: Identity, prompt: str) -> Performance:
    """Lay out a reply in time; the same arguments give the same bytes."""
    options = reply.options
    if isinstance(reply, Speech):
        steps = list(_SpeechSteps(reply, identity, prompt).all())
        # The opening frame is never held back for its group: it says that the answer began.
        groups = [*_grouped(steps[:1], 1), *_grouped(steps[1:], options.coalesce)]
    else:
        steps = _raw_steps(reply)
        groups = list(_grouped(steps, options.coalesce))
    writes = tuple(_timed(groups, options))
    last_at_s = writes[-1].at_s if writes else options.head_delay_s
    return Performance(
        head_at_s=options.head_delay_s,
        writes=writes,
        end=reply.ending.of_body,
        end_at_s=last_at_s + reply.ending.delay_s,
        gzip=options.gzip,
        with_head=options.with_head and bool(writes),
    )


def _timed(groups: Sequence[Sequence[_Step]], options: Options) -> Iterator[Write]:
    """Put each group at the time of its last frame, because nothing can be sent before it is."""
    at_s = options.head_delay_s
    before = _preamble(options)
    for group in groups:
        at_s += sum(step.delay_s for step in group)
        data = b"".join(step.data for step in group)
        yield Write(at_s=at_s, data=before + data, frames=len(group))
        before = b""


def _preamble(options: Options) -> bytes:
    comment = b"" if options.comment is None else _style(options).comment(options.comment)
    return (BOM if options.bom else b"") + comment


def _grouped(steps: Sequence[_Step], size: int) -> Iterator[Sequence[_Step]]:
    for at in range(0, len(steps), size):
        yield steps[at : at + size]


def _style(options: Options) -> WireStyle:
    return WireStyle(framing=options.framing, line_end=options.line_end)


def _raw_steps(reply: RawFrames) -> list[_Step]:
    style = _style(reply.options)
    steps = []
    for index, frame in enumerate(reply.frames):
        default = reply.options.delay_s if index else reply.options.first_delay_s
        delay_s = default if frame.delay_s is None else frame.delay_s
        steps.append(_Step(delay_s=delay_s, data=_raw_bytes(frame, style)))
    return _broken_off(steps, len(steps), reply.ending)


def _raw_bytes(frame: RawFrame, style: WireStyle) -> bytes:
    return frame.content if isinstance(frame.content, bytes) else style.frame(frame.content)


def _broken_off(steps: list[_Step], length: int, ending: Ending) -> list[_Step]:
    """Keep the frames that the ending lets through; `length` of them where it names no number."""
    kept = length if ending.after is None else ending.after
    begun = steps[kept : kept + 1] if ending.partial else []
    return steps[:kept] + [
        _Step(delay_s=step.delay_s, data=step.data[: ending.partial]) for step in begun
    ]


class _SpeechSteps:
    """The frames of a told answer, each with the delay before it."""

    def __init__(self, speech: Speech, identity: Identity, prompt: str) -> None:
        self._speech = speech
        self._options = speech.options
        self._style = _style(speech.options)
        self._prompt = prompt
        self._voice = find_voice(speech.options, identity)
        self._delays = iter(speech.delays_s or ())

    def all(self) -> Iterator[_Step]:
        ending = self._speech.ending
        opening = self._step(self._options.opening_delay_s, self._voice.opening())
        body = [opening, *self._body()]
        if ending.kind in SPOKEN_ENDINGS:
            yield from body[: ending.after]
            yield from self._last(ending)
        else:
            yield from _broken_off([*body, *self._last(Ending())], len(body), ending)
        if self._options.done and (ending.kind in SPOKEN_ENDINGS or ending.kind == "eof"):
            yield _Step(delay_s=0.0, data=self._style.event(DONE))

    def _step(self, delay_s: float, frame: JsonObject) -> _Step:
        return _Step(delay_s=delay_s, data=self._style.frame(frame))

    def _body(self) -> Iterator[_Step]:
        for index, part in enumerate(self._speech.parts):
            told = self._with_prompt(part)
            for number, frame in enumerate(self._voice.fragments(index, told)):
                yield self._step(self._delay(index, number, part), frame)
            whole = self._voice.completion(index, told)
            if whole is not None:
                yield self._step(self._own_delay(part), whole)

    def _with_prompt(self, part: Part) -> Part:
        """Fill in the prompt of an echo; the text is cut after that, as it may be of any length."""
        if not self._speech.echo or not isinstance(part, TextPart):
            return part
        text = part.text if isinstance(part.text, str) else "".join(part.text)
        return replace(part, text=text.replace("{prompt}", self._prompt))

    def _delay(self, index: int, number: int, part: Part) -> float:
        """Find the delay before a fragment: listed, else the part's own, else the answer's."""
        if self._speech.delays_s is not None:
            return next(self._delays)
        if number:
            return self._own_delay(part)
        if part.first_delay_s is not None:
            return part.first_delay_s
        return self._own_delay(part) if index else self._options.first_delay_s

    def _own_delay(self, part: Part) -> float:
        own = None if isinstance(part, ItemPart) else part.delay_s
        return self._options.delay_s if own is None else own

    def _last(self, ending: Ending) -> Iterator[_Step]:
        for frame in self._voice.last(ending):
            yield self._step(self._options.delay_s, frame)
