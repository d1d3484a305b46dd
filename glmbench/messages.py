"""Chat messages as callers write them: checked, and flattened for services that read only one.

Pure. The caller's list and dicts are read, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from glmbench.errors import UsageError

Messages: TypeAlias = Sequence[Mapping[str, Any]]


def normalise_messages(messages: Messages) -> list[dict[str, str]]:
    """Return `{"role", "content"}` dicts whose content is a plain string.

    Content may be a string, a list of `{"type": "text", "text": ...}` items (joined as they
    come), or None, which is the empty string. Other keys of a message are left out. Raises
    UsageError, naming the message, for anything else and for an empty list.
    """
    if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Sequence):
        raise UsageError(f"messages must be a list of dicts, not {type(messages).__name__}")
    if not messages:
        raise UsageError("messages is empty: there is nothing to send")
    return [_normalise(index, message) for index, message in enumerate(messages)]


def flatten_messages(messages: Messages) -> str:
    """Return one user text that stands for the whole history.

    A single user message is passed as it is. Otherwise every turn that has text becomes
    `Role: text` ("System: ...", "User: ...", "Assistant: ..."), the turns separated by one
    blank line, in their order.
    """
    turns = normalise_messages(messages)
    if len(turns) == 1 and turns[0]["role"] == "user":
        return turns[0]["content"]
    return "\n\n".join(
        # An assistant turn that only called tools has no text; its bare label would read as
        # an invitation to fill it in.
        f"{turn['role'].capitalize()}: {turn['content']}"
        for turn in turns
        if turn["content"]
    )


def _normalise(index: int, message: object) -> dict[str, str]:
    where = f"messages[{index}]"
    if not isinstance(message, Mapping):
        raise UsageError(f"{where} must be a dict, not {type(message).__name__}")
    role = message.get("role")
    if not isinstance(role, str) or not role:
        raise UsageError(f'{where} needs a "role" such as "user", "assistant" or "system"')
    if "content" not in message:
        raise UsageError(f'{where} has no "content"')
    return {"role": role, "content": _text(f"{where}.content", message["content"])}


def _text(where: str, content: object) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list | tuple):
        return "".join(_item_text(f"{where}[{n}]", item) for n, item in enumerate(content))
    raise UsageError(f"{where} must be a string, a list of text items or None")


def _item_text(where: str, item: object) -> str:
    if isinstance(item, Mapping) and item.get("type") == "text":
        text = item.get("text")
        if isinstance(text, str):
            return text
    kind = item.get("type") if isinstance(item, Mapping) else type(item).__name__
    raise UsageError(f'{where} must be {{"type": "text", "text": "..."}}, not {kind!r}')
