"""How each service tells an answer: its parts to frames, in the order of the script. Pure.

A voice knows the frames of its service and nothing of time; `composition` paces them and breaks
them off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, assert_never

from glmbench.server import completions_frames
from glmbench.server.completions_frames import ChunkFrames
from glmbench.server.frames import AnswerFrames, Identity, JsonObject, failure, moderation
from glmbench.server.script import CallPart, Ending, ItemPart, Options, Part, TextPart

if TYPE_CHECKING:
    from collections.abc import Iterator


class Voice(Protocol):
    """One answer, told once: the methods are called in this order, the middle two for each part."""

    def opening(self) -> JsonObject:
        """Build the frame that says that the answer began."""

    def fragments(self, index: int, part: Part) -> Iterator[JsonObject]:
        """Build the frames that bring a part, one for each delay that a script may list."""

    def completion(self, index: int, part: Part) -> JsonObject | None:
        """Build the frame that says that a part is whole, where the service has one."""

    def last(self, ending: Ending) -> Iterator[JsonObject]:
        """Build the frames of an ending that the service itself writes; at least one."""


def find_voice(options: Options, identity: Identity) -> Voice:
    """Return the voice of the options' dialect."""
    match options.dialect:
        case "chatglm":
            return _ChatGlmVoice(options, identity)
        case "completions":
            return _CompletionsVoice(options, identity)
        case _:
            assert_never(options.dialect)


class _ChatGlmVoice:
    """Snapshots or fragments of parts, then each part once more, whole."""

    def __init__(self, options: Options, identity: Identity) -> None:
        self._options = options
        self._frames = AnswerFrames(
            identity=identity, framing=options.framing, flagged=options.push_flag
        )
        self._whole: list[JsonObject] = []

    def opening(self) -> JsonObject:
        return self._frames.opening()

    def fragments(self, index: int, part: Part) -> Iterator[JsonObject]:
        match part:
            case TextPart():
                yield from self._growing(index, part)
            case ItemPart():
                whole = self._frames.part(
                    index, [part.item], status=part.status, meta_data=part.meta_data
                )
                self._whole.append(whole)
                yield self._frames.running(whole, fragment=False)
            case CallPart():
                raise ValueError("chatglm has no calls that its caller must answer")
            case _:
                assert_never(part)

    def _growing(self, index: int, part: TextPart) -> Iterator[JsonObject]:
        fragment_mode = self._options.mode == "delta"
        so_far = ""
        for fragment in part.fragments(self._options.piece):
            so_far += fragment
            text = fragment if fragment_mode else so_far
            growing = self._frames.text_part(index, part.kind, text, status="init")
            yield self._frames.running(growing, fragment=fragment_mode)

    def completion(self, index: int, part: Part) -> JsonObject | None:
        if not isinstance(part, TextPart):
            return None
        text = "".join(part.fragments(self._options.piece))
        whole = self._frames.text_part(index, part.kind, text, status=part.status)
        self._whole.append(whole)
        return self._frames.running(whole, fragment=False)

    def last(self, ending: Ending) -> Iterator[JsonObject]:
        match ending.kind:
            case "intervene" if ending.in_part:
                part = self._frames.part(max(len(self._whole) - 1, 0), [], status="intervene")
                part["error"] = {"intervene_text": ending.message}
                yield self._frames.running(part, fragment=False)
                yield self._frames.ending("finish")
            case "intervene":
                yield self._frames.ending("intervene", last_error=moderation(ending.message))
            case "error":
                error = failure(ending.code, ending.message)
                yield self._frames.ending("error", last_error=error)
            case _:
                yield self._finish()

    def _finish(self) -> JsonObject:
        match self._options.finish_brings:
            case "none":
                return self._frames.ending("finish")
            case "last":
                return self._frames.ending("finish", parts=self._whole[-1:])
            case "all":
                return self._frames.ending("finish", parts=self._whole)


class _CompletionsVoice:
    """Fragments only; whoever reads them puts them together."""

    def __init__(self, options: Options, identity: Identity) -> None:
        self._options = options
        self._frames = ChunkFrames(
            identity=identity, reasoning_key=options.reasoning_key, nulls=options.nulls
        )
        self._calls = 0

    def opening(self) -> JsonObject:
        return self._frames.opening()

    def fragments(self, index: int, part: Part) -> Iterator[JsonObject]:  # noqa: ARG002 -- as in Voice
        match part:
            case TextPart():
                say = self._frames.reasoning if part.kind == "think" else self._frames.text
                yield from map(say, part.fragments(self._options.piece))
            case CallPart():
                yield from self._call(self._calls, part)
                self._calls += 1
            case ItemPart():
                raise ValueError("a chat completion has no items")
            case _:
                assert_never(part)

    def _call(self, index: int, part: CallPart) -> Iterator[JsonObject]:
        arguments = part.fragments(self._options.piece)
        if self._options.call_arguments == "whole":
            yield self._frames.call(index, part.id, part.name, "".join(arguments))
            return
        yield self._frames.call(index, part.id, part.name, "")
        for fragment in arguments:
            yield self._frames.call_arguments(index, fragment)

    def completion(self, index: int, part: Part) -> JsonObject | None:  # noqa: ARG002 -- as in Voice
        return None

    def last(self, ending: Ending) -> Iterator[JsonObject]:
        if ending.kind == "error":
            yield completions_frames.error(ending.code, ending.message)
            return
        counts = self._options.usage
        together = self._options.usage_in == "last"
        yield self._frames.finish(ending.finish_reason, counts if together else None)
        if counts is not None and not together:
            yield self._frames.usage(counts)
