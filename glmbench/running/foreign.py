"""Parts of other people's providers, taken by their shape.

A provider may come from anywhere, g4f's own classes included: what it yields need not be ours. A
part is known by what it has (`reason`, `token`, ...), never by its class or its module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from glmbench.parts import (
    FINISH_REASONS,
    Conversation,
    FinishReason,
    ImageResponse,
    Part,
    Reasoning,
    Source,
    Sources,
    ToolCalls,
    Usage,
)

_OURS = get_args(Part)

# What services and clients call the same ends; anything else is `unknown` beside its own word.
_SYNONYMS = {
    "end_turn": "stop",
    "eos": "stop",
    "function_call": "tool_calls",
    "max_tokens": "length",
    "safety": "content_filter",
    "sensitive": "content_filter",
}


def as_part(item: object) -> Part | None:
    """Return the part of ours that an item is, or None for one that is nothing to us."""
    if isinstance(item, str):
        return str(item)
    if isinstance(item, _OURS):
        return cast("Part", item)
    for reader in (_finish, _reasoning, _usage, _images, _conversation, _tool_calls, _sources):
        part = reader(item)
        if part is not None:
            return part
    return None


def _finish(item: object) -> FinishReason | None:
    reason = getattr(item, "reason", None)
    if not isinstance(reason, str):
        return None
    known = _SYNONYMS.get(reason, reason)
    for name in FINISH_REASONS:
        if known == name:
            return FinishReason(name, native=reason)
    return FinishReason("unknown", native=reason)


def _reasoning(item: object) -> Reasoning | None:
    token = getattr(item, "token", None)
    return Reasoning(token) if isinstance(token, str) else None


def _usage(item: object) -> Usage | None:
    counts = {
        field: _count(item, *names)
        for field, names in (
            ("input_tokens", ("prompt_tokens", "input_tokens")),
            ("output_tokens", ("completion_tokens", "output_tokens")),
        )
    }
    return Usage(**counts) if any(value is not None for value in counts.values()) else None


def _count(item: object, *names: str) -> int | None:
    for name in names:
        value = getattr(item, name, None)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _images(item: object) -> ImageResponse | None:
    urls = getattr(item, "urls", None)
    if isinstance(urls, str):
        urls = [urls]
    if not (isinstance(urls, list | tuple) and all(isinstance(url, str) for url in urls)):
        return None
    alt = getattr(item, "alt", "")
    return ImageResponse(tuple(urls), alt if isinstance(alt, str) else "")


def _conversation(item: object) -> Conversation | None:
    conversation_id = getattr(item, "conversation_id", None)
    return Conversation(conversation_id) if isinstance(conversation_id, str) else None


def _tool_calls(item: object) -> ToolCalls | None:
    calls = _mappings(item)
    if calls is None or not all("function" in call or "arguments" in call for call in calls):
        return None
    return ToolCalls(calls)


def _sources(item: object) -> Sources | None:
    pages = _mappings(item)
    if pages is None or not all(isinstance(page.get("url"), str) for page in pages):
        return None
    return Sources(
        tuple(Source(url=page["url"], title=str(page.get("title") or "")) for page in pages)
    )


def _mappings(item: object) -> list[Mapping[str, Any]] | None:
    """Return the non-empty list of mappings that an item holds, under the name g4f gives it."""
    held = getattr(item, "list", None)
    if isinstance(held, list) and held and all(isinstance(entry, Mapping) for entry in held):
        return held
    return None
