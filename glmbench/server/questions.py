"""The body of a request as chatglm.cn reads it. Pure.

Only the first message counts, as reported by every client that merges its history for that reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from glmbench.server.frames import ASSISTANT_ID, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a request asks; an empty `conversation_id` starts a conversation."""

    prompt: str
    conversation_id: str
    assistant_id: str


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    text: str = ""


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    role: str
    content: list[_Item]


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    messages: list[_Message]
    assistant_id: str = ASSISTANT_ID
    conversation_id: str = ""
    meta_data: dict[str, Any] = {}


def parse_question(body: bytes) -> Question:
    """Read a request body; raises ValueError with a message in the service's manner."""
    request = msgspec.json.decode(body, type=_Body)
    if not request.messages:
        raise ValueError("Expected at least one message - at `$.messages`")
    texts = [item.text for item in request.messages[0].content if item.type == "text"]
    if not "".join(texts).strip():
        raise ValueError("Expected a text that is not blank - at `$.messages[0].content`")
    return Question(
        prompt="".join(texts),
        conversation_id=request.conversation_id,
        assistant_id=request.assistant_id,
    )


def validation_error(message: str) -> JsonObject:
    """Build the service's answer to a body that it does not understand."""
    text, _, place = message.partition(" - at `$.")
    location = [step for step in place.rstrip("`").split(".") if step]
    problem = {"loc": location or ["body"], "msg": text, "type": "value_error"}
    return {"validation_error": {"body_params": [problem]}}
