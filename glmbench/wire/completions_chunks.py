"""Chunks of OpenAI-style streams: JSON bytes to a `Chunk`, fast when it fits, else piece by piece.

Pure. msgspec stops at the first field that does not fit, so a chunk that fails is taken apart
as plain JSON and everything valid is kept: many servers have this shape, few have it exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from glmbench.parts import Usage
from glmbench.wire.completions_errors import is_error
from glmbench.wire.json_object import NOT_JSON, parse_object
from glmbench.wire.utf8 import check_utf8


class Function(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    name: str | None = None
    arguments: str | None = None


class ToolCallDelta(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tool call or a fragment of one; later fragments have the index and arguments only."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: Function | None = None


class Delta(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: Sequence[ToolCallDelta] | None = None
    function_call: Function | None = None


class Choice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    index: int = 0
    delta: Delta | None = None
    finish_reason: str | None = None


class _CachedTokens(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    cached_tokens: int | None = None


class _ReasoningTokens(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    reasoning_tokens: int | None = None


class _Counts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    prompt_tokens_details: _CachedTokens | None = None
    completion_tokens_details: _ReasoningTokens | None = None


class Chunk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    choices: Sequence[Choice] = ()
    usage: Usage | None = None


# What the fast path takes. An error, or a chunk without choices, must not fit.
class _WireChunk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    choices: Sequence[Choice]
    usage: _Counts | None = None
    error: None = None


class ErrorChunk(msgspec.Struct, frozen=True):
    """An error body that came as an event."""

    fields: Mapping[str, Any]


_decode = msgspec.json.Decoder(_WireChunk).decode


def decode_chunk(data: bytes, offset: int) -> Chunk | ErrorChunk:
    """Decode the data of one event, which begins at body byte `offset`.

    Raises ProtocolError, with the body byte, for invalid UTF-8, for what is not JSON and for
    JSON that is no object.
    """
    # msgspec does not look into what it skips: a key that broke would count as an unknown one
    # and its text be lost in silence. A chunk is short enough to be checked whole.
    check_utf8(data, offset, "a frame")
    try:
        chunk = _decode(data)
    except NOT_JSON:
        return _salvage(parse_object(data, offset))
    usage = None if chunk.usage is None else _usage(chunk.usage)
    return Chunk(choices=chunk.choices, usage=usage)


def _usage(counts: _Counts) -> Usage | None:
    """Return the counts under our names, None when there are none.

    Some servers put the detail counts beside the others instead of in their details.
    """
    prompt, completion = counts.prompt_tokens_details, counts.completion_tokens_details
    usage = Usage(
        input_tokens=counts.prompt_tokens,
        output_tokens=counts.completion_tokens,
        reasoning_tokens=_first(
            None if completion is None else completion.reasoning_tokens, counts.reasoning_tokens
        ),
        cached_tokens=_first(
            None if prompt is None else prompt.cached_tokens, counts.cached_tokens
        ),
    )
    return None if usage == Usage() else usage


def _first(inner: int | None, outer: int | None) -> int | None:
    return outer if inner is None else inner


def _salvage(value: Mapping[str, Any]) -> Chunk | ErrorChunk:
    if is_error(value):
        return ErrorChunk(value)
    return Chunk(
        choices=[_salvage_choice(choice) for choice in _objects(value.get("choices"))],
        usage=_usage(_salvage_counts(_object(value.get("usage")))),
    )


def _salvage_choice(value: Mapping[str, Any]) -> Choice:
    index = _integer(value.get("index"))
    delta = _object(value.get("delta"))
    return Choice(
        index=index or 0,
        delta=Delta(
            content=_content(delta.get("content")),
            reasoning_content=_string(delta.get("reasoning_content")),
            reasoning=_string(delta.get("reasoning")),
            tool_calls=[_salvage_call(call) for call in _objects(delta.get("tool_calls"))],
            function_call=_salvage_function(delta.get("function_call")),
        ),
        finish_reason=_word(value.get("finish_reason")),
    )


def _content(value: object) -> str | None:
    """Return text that may also stand as a list of `{"type": "text", "text": ...}` items."""
    if isinstance(value, list):
        return "".join(_string(item.get("text")) or "" for item in _objects(value))
    return _string(value)


def _salvage_call(value: Mapping[str, Any]) -> ToolCallDelta:
    return ToolCallDelta(
        index=_integer(value.get("index")),
        id=_word(value.get("id")),
        type=_string(value.get("type")),
        function=_salvage_function(value.get("function")),
    )


def _salvage_function(value: object) -> Function | None:
    if not isinstance(value, dict):
        return None
    arguments = value.get("arguments")
    if isinstance(arguments, dict | list):
        # A server that sends the arguments decoded sends them whole.
        arguments = msgspec.json.encode(arguments).decode()
    return Function(name=_string(value.get("name")), arguments=_string(arguments))


def _salvage_counts(value: Mapping[str, Any]) -> _Counts:
    prompt = _object(value.get("prompt_tokens_details"))
    completion = _object(value.get("completion_tokens_details"))
    return _Counts(
        prompt_tokens=_integer(value.get("prompt_tokens")),
        completion_tokens=_integer(value.get("completion_tokens")),
        reasoning_tokens=_first(
            _integer(completion.get("reasoning_tokens")), _integer(value.get("reasoning_tokens"))
        ),
        cached_tokens=_first(
            _integer(prompt.get("cached_tokens")), _integer(value.get("cached_tokens"))
        ),
    )


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _word(value: object) -> str | None:
    """Return an identifier or a reason, which some servers send as a number, as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _string(value)


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
