"""An answer of the script to timed writes: what is sent, and when. Pure: the clock is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.server.frames import (
    BOM,
    DONE,
    AnswerFrames,
    Identity,
    JsonObject,
    WireStyle,
    failure,
    moderation,
)
from glmbench.server.script import (
    SPOKEN_ENDINGS,
    BodyEnd,
    Ending,
    ItemPart,
    Options,
    RawFrame,
    RawFrames,
    Speech,
    TextPart,
)

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
    """The frames of a told answer, in both modes."""

    def __init__(self, speech: Speech, identity: Identity, prompt: str) -> None:
        self._speech = speech
        self._options = speech.options
        self._style = _style(speech.options)
        self._prompt = prompt
        self._frames = AnswerFrames(
            identity=identity, framing=self._options.framing, flagged=self._options.push_flag
        )
        self._delays = iter(speech.delays_s or ())
        self._whole: list[JsonObject] = []

    def all(self) -> Iterator[_Step]:
        ending = self._speech.ending
        body = [self._step(self._options.opening_delay_s, self._frames.opening()), *self._body()]
        if ending.kind in SPOKEN_ENDINGS:
            yield from body[: ending.after]
            yield from self._last_frames(ending)
        else:
            finish = self._step(self._options.delay_s, self._finish_frame())
            yield from _broken_off([*body, finish], len(body), ending)
        if self._options.done and (ending.kind in SPOKEN_ENDINGS or ending.kind == "eof"):
            yield _Step(delay_s=0.0, data=self._style.event(DONE))

    def _step(self, delay_s: float, frame: JsonObject) -> _Step:
        return _Step(delay_s=delay_s, data=self._style.frame(frame))

    def _body(self) -> Iterator[_Step]:
        for index, part in enumerate(self._speech.parts):
            if isinstance(part, TextPart):
                yield from self._text_steps(index, part)
            else:
                yield self._item_step(index, part)

    def _text_steps(self, index: int, part: TextPart) -> Iterator[_Step]:
        """Fragments while the part grows, then the frame that completes it with its whole text."""
        fragment_mode = self._options.mode == "delta"
        so_far = ""
        for number, fragment in enumerate(self._fragments(part)):
            so_far += fragment
            text = fragment if fragment_mode else so_far
            growing = self._frames.text_part(index, part.kind, text, status="init")
            frame = self._frames.running(growing, fragment=fragment_mode)
            yield self._step(self._delay(index, number, part), frame)
        whole = self._frames.text_part(index, part.kind, so_far, status=part.status)
        self._whole.append(whole)
        delay_s = self._options.delay_s if part.delay_s is None else part.delay_s
        yield self._step(delay_s, self._frames.running(whole, fragment=False))

    def _fragments(self, part: TextPart) -> tuple[str, ...]:
        if not self._speech.echo:
            return part.fragments(self._options.piece)
        # The prompt may be longer than its place in the script, so the text is cut after it is in.
        text = part.text if isinstance(part.text, str) else "".join(part.text)
        return TextPart(
            kind=part.kind, text=text.replace("{prompt}", self._prompt), piece=part.piece
        ).fragments(self._options.piece)

    def _item_step(self, index: int, part: ItemPart) -> _Step:
        whole = self._frames.part(index, [part.item], status=part.status, meta_data=part.meta_data)
        self._whole.append(whole)
        return self._step(self._delay(index, 0, part), self._frames.running(whole, fragment=False))

    def _delay(self, index: int, number: int, part: TextPart | ItemPart) -> float:
        """Find the delay before a fragment: listed, else the part's own, else the answer's."""
        if self._speech.delays_s is not None:
            return next(self._delays)
        own = part.delay_s if isinstance(part, TextPart) else None
        default = self._options.delay_s if own is None else own
        if number:
            return default
        if part.first_delay_s is not None:
            return part.first_delay_s
        return default if index else self._options.first_delay_s

    def _last_frames(self, ending: Ending) -> Iterator[_Step]:
        delay_s = self._options.delay_s
        match ending.kind:
            case "intervene" if ending.in_part:
                part = self._frames.part(max(len(self._whole) - 1, 0), [], status="intervene")
                part["error"] = {"intervene_text": ending.message}
                yield self._step(delay_s, self._frames.running(part, fragment=False))
                yield self._step(delay_s, self._frames.ending("finish"))
            case "intervene":
                error = moderation(ending.message)
                yield self._step(delay_s, self._frames.ending("intervene", last_error=error))
            case "error":
                error = failure(ending.code, ending.message)
                yield self._step(delay_s, self._frames.ending("error", last_error=error))
            case _:
                yield self._step(delay_s, self._finish_frame())

    def _finish_frame(self) -> JsonObject:
        match self._options.finish_brings:
            case "none":
                return self._frames.ending("finish")
            case "last":
                return self._frames.ending("finish", parts=self._whole[-1:])
            case "all":
                return self._frames.ending("finish", parts=self._whole)
