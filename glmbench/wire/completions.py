"""Streams of the GLM API and other OpenAI-style chat completions: bytes to parts.

Sans-IO. Only the first choice is read; nothing counts as the end of the answer but its finish
reason, and usage may come behind that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glmbench.errors import (
    EmptyAnswerError,
    IncompleteStreamError,
    ProviderError,
    ServerFailedError,
)
from glmbench.parts import FinishReason, Part, Reasoning, ToolCalls, Usage
from glmbench.wire.completions_chunks import (
    Chunk,
    Delta,
    ErrorChunk,
    Function,
    ToolCallDelta,
    decode_chunk,
)
from glmbench.wire.completions_errors import error_from_body, error_from_fields
from glmbench.wire.json_object import is_whole_object, parse_object
from glmbench.wire.sse import EVENT_LIMIT, ServerSentEvent, SseDecoder
from glmbench.wire.utf8 import check_utf8

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.parts import FinishReasonName

_DONE = b"[DONE]"
# How much of a body without any event is kept to say what it was instead.
_HEAD_LIMIT = 64 * 1024

_FINISH_REASONS: Mapping[str, FinishReasonName] = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "length": "length",
    "model_context_window_exceeded": "length",
    "sensitive": "content_filter",
    "content_filter": "content_filter",
}
_FAILED = "network_error"


class ChatCompletionsDecoder:
    """Turn the body of one answer into parts.

    The calls are those of `ChatGlmDecoder`: `feed`..., `feed_eof`, `finish`. `feed` never
    raises: what is wrong with the stream is kept in `failure`, behind the parts that came
    before it, and `finish` raises it. Usage comes at the end, since some servers send a running
    count with every chunk and others one count behind the finish reason.
    """

    def __init__(self, *, event_limit: int = EVENT_LIMIT) -> None:
        self.failure: ProviderError | None = None
        self._sse = SseDecoder(event_limit, strict=True)
        self._fed = 0
        self._head = bytearray()  # of the body, until the first event
        self._has_events = False
        self._at_eof = False
        self._cut_event = False
        self._done = False
        self._delivered: list[str] = []
        self._has_content = False
        self._calls = _CallCollector()
        self._usage: Usage | None = None
        self._native: str | None = None
        self._reason: FinishReasonName | None = None
        self._reason_offset: int | None = None
        self._dropped_chars = 0

    @property
    def finished(self) -> bool:
        """A finish reason or `[DONE]` was seen, or the stream failed: only usage may be missing."""
        return self._reason is not None or self._done or self.failure is not None

    @property
    def has_reason(self) -> bool:
        """Whether the service has said why the answer may end early."""
        return False

    @property
    def text(self) -> str:
        """The answer as far as it was handed out."""
        return "".join(self._delivered)

    def feed(self, data: bytes) -> list[Part]:
        """Return the parts that these body bytes brought."""
        self._fed += len(data)
        parts: list[Part] = []
        if self.failure is None:
            try:
                for event in self._sse.feed(data):
                    self._take_event(event, parts)
            except ProviderError as error:
                self.failure = error
            if not self._has_events:
                self._head += data[: _HEAD_LIMIT - len(self._head)]
        return parts

    def feed_eof(self) -> list[Part]:
        """Return what the end of the body still brings.

        That is an event without its blank line, if its data is whole, tool calls behind the
        finish reason, and the usage.
        """
        parts: list[Part] = []
        if self._at_eof:
            return parts
        self._at_eof = True
        if self.failure is None:
            try:
                self._take_unterminated(self._sse.finish(), parts)
            except ProviderError as error:
                self.failure = error
        if self._reason is not None:
            self._hand_out_calls(parts)
        if self._usage is not None:
            parts.append(self._usage)
        return parts

    def finish(self) -> list[Part]:
        """Return the last parts, the FinishReason behind them; or raise what the stream was.

        A connection that broke or fell silent after the finish reason makes no difference: the
        caller calls this just the same.
        """
        parts = self.feed_eof()
        if self.failure is not None:
            raise self.failure
        if self._reason is None:
            raise self._unfinished()
        if self._reason == "stop" and not self._has_content:
            raise EmptyAnswerError("the answer ended normally with nothing in it")
        parts.append(
            FinishReason(
                self._reason,
                self._native,
                dropped_chars=self._dropped_chars,
                body_offset=self._reason_offset,
            )
        )
        return parts

    def _take_unterminated(self, event: ServerSentEvent | None, parts: list[Part]) -> None:
        if event is None:
            return
        if event.data.strip() == _DONE or is_whole_object(event.data):
            self._take_event(event, parts)
        else:
            self._cut_event = True

    def _take_event(self, event: ServerSentEvent, parts: list[Part]) -> None:
        self._has_events = True
        data = event.data
        if self._done:
            # Behind its own end mark the stream says nothing that counts, but it stays text.
            check_utf8(data, event.offset or 0, "a frame")
            return
        if not data.startswith(b"{"):
            data = data.strip()
            if data == _DONE:
                self._done = True
                return
            if not data:
                return  # nothing but a sign of life
        if event.event == "error":
            self._take_error(parse_object(event.data, event.offset or 0))
            return
        chunk = decode_chunk(event.data, event.offset or 0)
        if isinstance(chunk, ErrorChunk):
            self._take_error(chunk.fields)
        else:
            self._take_chunk(chunk, parts)

    def _take_error(self, fields: Mapping[str, Any]) -> None:
        # Behind a finish reason it is no more than a reset there: the answer was complete.
        if self._reason is None:
            raise error_from_fields(fields)

    def _take_chunk(self, chunk: Chunk, parts: list[Part]) -> None:
        if chunk.usage is not None:
            self._usage = chunk.usage
        for choice in chunk.choices:
            if choice.index == 0:
                if choice.delta is not None:
                    self._take_delta(choice.delta, parts)
                if choice.finish_reason:
                    self._take_finish_reason(choice.finish_reason, parts)

    def _take_delta(self, delta: Delta, parts: list[Part]) -> None:
        # Some servers send the same thought under both names.
        reasoning = delta.reasoning_content or delta.reasoning
        if self._reason == "content_filter":
            self._dropped_chars += len(delta.content or "")
            return
        if reasoning:
            self._has_content = True
            parts.append(Reasoning(reasoning))
        if delta.content:
            self._has_content = True
            self._delivered.append(delta.content)
            parts.append(delta.content)
        for call in delta.tool_calls or ():
            self._calls.take(call)
        if delta.function_call is not None:
            # The form before there were several calls to an answer.
            self._calls.take(ToolCallDelta(function=delta.function_call))

    def _take_finish_reason(self, native: str, parts: list[Part]) -> None:
        """Remember the first finish reason. Moderation outranks every other, before or after."""
        if native == _FAILED and self._reason is None:
            raise ServerFailedError("the service lost its connection to the model", code=native)
        reason = _FINISH_REASONS.get(native, "unknown")
        if self._reason is None:
            self._reason_offset = self._fed
        elif self._reason == "content_filter" or reason != "content_filter":
            return
        self._hand_out_calls(parts)
        self._reason, self._native = reason, native

    def _hand_out_calls(self, parts: list[Part]) -> None:
        calls = self._calls.collected()
        if calls:
            self._has_content = True
            parts.append(ToolCalls(calls))

    def _unfinished(self) -> ProviderError:
        """Say what a body is that ended without a finish reason: never an answer that stopped."""
        if self._fed == 0:
            return EmptyAnswerError("the body is empty")
        head = bytes(self._head).lstrip()
        if not self._has_events and head[:1] in {b"{", b"[", b"<"}:
            return error_from_body(200, "", head)
        error = IncompleteStreamError(self._how_it_ended())
        error.text = self.text
        return error

    def _how_it_ended(self) -> str:
        if self._cut_event:
            return "the stream was cut inside an event"
        if self._done:
            return "the stream said [DONE] without a finish reason"
        if not self._has_events:
            return "the stream ended without an event"
        return "the stream ended without a finish reason"


class _CallCollector:
    """Tool calls, in order of arrival, that grow by fragments until they are asked for."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._current: dict[int | None, _Call] = {}

    def take(self, delta: ToolCallDelta) -> None:
        call = self._current.get(delta.index)
        if call is None or (delta.id and call.id and delta.id != call.id):
            # Some servers give every call the index 0, or none; the id tells them apart.
            call = self._current[delta.index] = _Call()
            self._calls.append(call)
        call.extend(delta)

    def collected(self) -> tuple[dict[str, Any], ...]:
        """Return the calls, in the form of a message, and forget them."""
        calls = tuple(call.as_message() for call in self._calls)
        self._calls, self._current = [], {}
        return calls


class _Call:
    __slots__ = ("_arguments", "_name", "_type", "id")

    def __init__(self) -> None:
        self.id = ""
        self._type = ""
        self._name = ""
        self._arguments: list[str] = []

    def extend(self, delta: ToolCallDelta) -> None:
        function = delta.function or Function()
        self.id = self.id or delta.id or ""
        self._type = self._type or delta.type or ""
        self._name = self._name or function.name or ""
        self._arguments.append(function.arguments or "")

    def as_message(self) -> dict[str, Any]:
        named = {"id": self.id} if self.id else {}
        function = {"name": self._name, "arguments": "".join(self._arguments)}
        return {**named, "type": self._type or "function", "function": function}
