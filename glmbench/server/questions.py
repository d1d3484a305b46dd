"""The body of a request as each service reads it, and how it refuses one. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from glmbench.server import completions_frames
from glmbench.server.frames import ASSISTANT_ID, JsonObject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from glmbench.server.script import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a request asks; an empty `conversation_id` starts a conversation."""

    prompt: str
    model: str = ""
    conversation_id: str = ""
    assistant_id: str = ASSISTANT_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """How a service takes requests in: where, what it reads of them, and its words of refusal.

    `parse` raises ValueError with a message of msgspec's form, which `refusal` spells as the body
    of a status 400; `failure` spells the body of a status 500.
    """

    route: str
    path: str
    parse: Callable[[bytes], Question]
    refusal: Callable[[str], JsonObject]
    failure: Callable[[str], JsonObject]


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    text: str = ""


_Items: TypeAlias = list[_Item]


def _joined(items: _Items) -> str:
    return "".join(item.text for item in items if item.type == "text")


# --- chatglm ----------------------------------------------------------------------------------


class _ChatGlmMessage(msgspec.Struct, frozen=True, kw_only=True):
    role: str
    content: _Items


class _ChatGlmBody(msgspec.Struct, frozen=True, kw_only=True):
    messages: list[_ChatGlmMessage]
    assistant_id: str = ASSISTANT_ID
    conversation_id: str = ""
    meta_data: dict[str, Any] = {}


def parse_question(body: bytes) -> Question:
    """Read a request body; raises ValueError with a message in the service's manner.

    Only the first message counts, as reported by every client that merges its history for that
    reason.
    """
    request = msgspec.json.decode(body, type=_ChatGlmBody)
    if not request.messages:
        raise ValueError("Expected at least one message - at `$.messages`")
    prompt = _joined(request.messages[0].content)
    if not prompt.strip():
        raise ValueError("Expected a text that is not blank - at `$.messages[0].content`")
    return Question(
        prompt=prompt,
        conversation_id=request.conversation_id,
        assistant_id=request.assistant_id,
    )


def validation_error(message: str) -> JsonObject:
    """Build the service's answer to a body that it does not understand."""
    text, _, place = message.partition(" - at `$.")
    location = [step for step in place.rstrip("`").split(".") if step]
    problem = {"loc": location or ["body"], "msg": text, "type": "value_error"}
    return {"validation_error": {"body_params": [problem]}}


def _envelope(message: str) -> JsonObject:
    return {"status": 500, "message": message, "result": None}


# --- completions ------------------------------------------------------------------------------


class _ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    role: str
    content: str | _Items | None = None


class _ChatBody(msgspec.Struct, frozen=True, kw_only=True):
    model: str
    messages: list[_ChatMessage]
    stream: bool = False


def parse_completion(body: bytes) -> Question:
    """Read a request body; the text of the last user message is the prompt."""
    request = msgspec.json.decode(body, type=_ChatBody)
    if not request.stream:
        raise ValueError("Expected `true`: this emulator only streams - at `$.stream`")
    asked = [message.content for message in request.messages if message.role == "user"]
    if not asked:
        raise ValueError("Expected a message of the role `user` - at `$.messages`")
    last = asked[-1] or ""
    return Question(prompt=last if isinstance(last, str) else _joined(last), model=request.model)


def _bad_parameter(message: str) -> JsonObject:
    return completions_frames.error("1210", message)


def _internal_error(message: str) -> JsonObject:
    return completions_frames.error("500", message)


RECEPTIONS: Mapping[Dialect, Reception] = {
    "chatglm": Reception(
        route="/chatglm/mainchat-api/guest/stream",
        path="/chatglm/mainchat-api/guest/stream",
        parse=parse_question,
        refusal=validation_error,
        failure=_envelope,
    ),
    "completions": Reception(
        # /v1, /api/paas/v4, ...: the address of an API is its base, which differs everywhere.
        route="/{base:(?:.*/)?}chat/completions",
        path="/v1/chat/completions",
        parse=parse_completion,
        refusal=_bad_parameter,
        failure=_internal_error,
    ),
}
