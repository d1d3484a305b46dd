"""The chunks of the official GLM API and its OpenAI-style relatives. Pure, as `frames` is.

Written from the documentation and captures, and never from the decoder: a fault that both had in
common would be invisible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from glmbench.server.frames import Identity, JsonObject

ReasoningKey: TypeAlias = Literal["reasoning_content", "reasoning"]

# 2026-01-01 00:00:00 UTC. A constant, because a real clock would make no two recordings equal.
_CREATED = 1767225600


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCounts:
    """Tokens of a request and its answer; the last two are parts of the first two."""

    input: int
    output: int
    reasoning: int | None = None
    cached: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkFrames:
    """The chunks of one answer, as JSON objects.

    `nulls` writes keys that hold nothing as null, in OpenAI's manner, where GLM leaves them out.
    """

    identity: Identity
    reasoning_key: ReasoningKey = "reasoning_content"
    nulls: bool = False

    def opening(self) -> JsonObject:
        """Build the first chunk, which names the role and brings nothing."""
        return self._chunk(self._delta({"role": "assistant"}))

    def text(self, fragment: str) -> JsonObject:
        return self._chunk({"content": fragment})

    def reasoning(self, fragment: str) -> JsonObject:
        return self._chunk(self._delta({self.reasoning_key: fragment}))

    def call(self, index: int, call_id: str | None, name: str, arguments: str) -> JsonObject:
        """Build a chunk with a tool call: whole, or its head when the arguments are yet to come."""
        call = {
            "index": index,
            "id": call_id or self.identity.call_id(index),
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        return self._chunk(self._delta({"tool_calls": [call]}))

    def call_arguments(self, index: int, fragment: str) -> JsonObject:
        """Build a chunk with more of a call's arguments; only the index says of which."""
        more = {"index": index, "function": {"arguments": fragment}}
        return self._chunk({"tool_calls": [more]})

    def finish(self, reason: str, counts: TokenCounts | None) -> JsonObject:
        """Build the chunk that ends the answer, with the usage in it where there is one."""
        return self._chunk({"content": ""}, reason=reason, counts=counts)

    def usage(self, counts: TokenCounts) -> JsonObject:
        """Build the chunk of its own in which OpenAI's API says the usage."""
        return self._frame([], usage(counts))

    def _delta(self, delta: JsonObject) -> JsonObject:
        return {"content": None, **delta} if self.nulls else delta

    def _chunk(
        self, delta: JsonObject, *, reason: str | None = None, counts: TokenCounts | None = None
    ) -> JsonObject:
        choice: JsonObject = {"index": 0, "delta": delta}
        if reason is not None or self.nulls:
            choice["finish_reason"] = reason
        return self._frame([choice], None if counts is None else usage(counts))

    def _frame(
        self, choices: Sequence[Mapping[str, Any]], counted: JsonObject | None
    ) -> JsonObject:
        frame: JsonObject = {
            "id": self.identity.message_id,
            "created": _CREATED,
            "model": self.identity.model,
            "choices": list(choices),
        }
        if counted is not None or self.nulls:
            frame["usage"] = counted
        return frame


def usage(counts: TokenCounts) -> JsonObject:
    """Build the `usage` object; its details are there only where they were counted."""
    counted: JsonObject = {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
    }
    if counts.cached is not None:
        counted["prompt_tokens_details"] = {"cached_tokens": counts.cached}
    if counts.reasoning is not None:
        counted["completion_tokens_details"] = {"reasoning_tokens": counts.reasoning}
    return counted


def error(code: int | str, message: str) -> JsonObject:
    """Build an error: the body of an HTTP answer, or a frame in mid-stream."""
    return {"error": {"code": code, "message": message}}
