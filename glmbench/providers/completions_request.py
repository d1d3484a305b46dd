"""The request of a chat completion, checked before anything is sent. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from glmbench.errors import UsageError
from glmbench.messages import normalise_messages
from glmbench.redaction.redactor import redact_url

if TYPE_CHECKING:
    from glmbench.messages import Messages

EXAMPLE = "http://localhost:8000/v1"


def endpoint(provider: str, base_url: str) -> str:
    """Return the URL to ask; a query of `base_url` stays behind it."""
    if not base_url:
        raise UsageError(f'{provider} needs base_url=, such as "{EXAMPLE}"')
    try:
        parts = urlsplit(base_url)
        is_complete = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        raise UsageError("base_url is not a URL") from None
    if not is_complete:
        raise UsageError(f'base_url "{redact_url(base_url)}" must look like "{EXAMPLE}"')
    if parts.username is not None or parts.password is not None:
        raise UsageError("base_url must not hold a login: pass api_key= or headers=")
    path = f"{parts.path.rstrip('/')}/chat/completions"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def history(messages: Messages) -> list[dict[str, Any]]:
    """Return copies of the messages as this API takes them, the system's among them.

    Every key is kept, so that tool calls and their results go out. Text in a list of items is
    joined, since models without vision take strings only; a list with anything else in it goes
    out as it is. None is the empty string, except beside tool calls.
    """
    is_list = isinstance(messages, list | tuple)
    stand_ins: Any = [_checkable(message) for message in messages] if is_list else messages
    checked = normalise_messages(stand_ins)
    return [
        _sent(message, text["content"]) for message, text in zip(messages, checked, strict=True)
    ]


def body(fields: Mapping[str, Any], extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the fields that are set, `extra` over them; raise UsageError for what cannot work."""
    if extra is not None and not isinstance(extra, Mapping):
        raise UsageError(f"extra_body must be a mapping, not {type(extra).__name__}")
    merged = {name: value for name, value in fields.items() if value is not None}
    merged.update(extra or {})
    if merged.get("stream") is not True:
        raise UsageError("extra_body must not change stream: the answer is read as a stream")
    if merged.get("n", 1) not in (None, 1):
        raise UsageError("n must be 1: only the first choice is read")
    try:
        json.dumps(merged, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the request cannot be written as JSON: {error}") from error
    return merged


def _checkable(message: Any) -> Any:
    """Return a message with an empty text where it rightly has none, so that the rest is judged."""
    if isinstance(message, Mapping) and _has_no_text(message):
        return {**message, "content": ""}
    return message


def _sent(message: Mapping[str, Any], text: str) -> dict[str, Any]:
    return {**message, "content": message.get("content") if _has_no_text(message) else text}


def _has_no_text(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    return _is_mixed(content) or (content is None and bool(message.get("tool_calls")))


def _is_mixed(content: object) -> bool:
    """Tell a list of items of which one is no text, an image perhaps."""
    return (
        isinstance(content, list | tuple)
        and all(isinstance(item, Mapping) and isinstance(item.get("type"), str) for item in content)
        and any(item["type"] != "text" for item in content)
    )
