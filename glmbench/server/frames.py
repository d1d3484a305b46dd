"""The wire bytes of chatglm.cn, built from plain values. Pure: no clock, no chance, no I/O.

The other side of `glmbench.wire`, written from what is known of the service and never from the
decoder: a fault that both had in common would be invisible.

Every id comes from a hash of the answer's name and serial number, so that two recordings of one
script are the same to the byte.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Framing: TypeAlias = Literal["2024", "2025", "2026"]
LineEnd: TypeAlias = Literal["lf", "crlf", "cr"]
PartStatus: TypeAlias = Literal["init", "finish", "intervene", "error"]
FrameStatus: TypeAlias = Literal["init", "finish", "intervene", "error"]
JsonObject: TypeAlias = dict[str, Any]

# The assistant that the site's own page asks for; an answer repeats what the request named.
ASSISTANT_ID = "65940acff94777010aa6b796"
BOM = b"\xef\xbb\xbf"
DONE = "[DONE]"

# A constant, because a real clock would make no two recordings equal.
_CREATED_AT = "2026-01-01 00:00:00"
_MODEL = "chatglm-all-tools"
_LINE_ENDS: Mapping[LineEnd, str] = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
_DATA_PREFIXES: Mapping[Framing, tuple[str, ...]] = {
    "2024": ("event:message", "data: "),
    "2025": ("data: ",),
    "2026": ("data:  ",),
}

# Which key of a content item holds its text, by the item's type.
TEXT_KEYS: Mapping[str, str] = {
    "text": "text",
    "think": "think",
    "text_thinking": "text",
    "code": "code",
    "execution_output": "content",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WireStyle:
    """How an event is spelled: the service changed it about once a year."""

    framing: Framing = "2025"
    line_end: LineEnd = "lf"

    def event(self, data: str) -> bytes:
        """Spell one event; `data` must hold no line end."""
        *before, prefix = _DATA_PREFIXES[self.framing]
        return self._lines(*before, prefix + data, "")

    def frame(self, frame: Mapping[str, Any]) -> bytes:
        """Spell one frame as an event."""
        return self.event(json_text(frame))

    def comment(self, text: str) -> bytes:
        """Spell a comment, which every reader must skip."""
        return self._lines(f": {text}", "")

    def _lines(self, *lines: str) -> bytes:
        end = _LINE_ENDS[self.line_end]
        return "".join(line + end for line in lines).encode()


def json_text(value: object) -> str:
    """Write JSON as the service does: compact, and Chinese as itself."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who is speaking in one answer: the name in the script and the how-manieth time.

    `continues` is the conversation that the caller goes on with; None makes a new one. `model` is
    the one that was asked for.
    """

    name: str
    serial: int = 1
    model: str = ""
    assistant_id: str = ASSISTANT_ID
    continues: str | None = None

    @property
    def conversation_id(self) -> str:
        return self.continues or self._digest("conversation")[:24]

    @property
    def message_id(self) -> str:
        return self._digest("message")[:24]

    def logic_id(self, index: int) -> str:
        return str(UUID(self._digest(f"part/{index}")[:32]))

    def call_id(self, index: int) -> str:
        return f"call_{self._digest(f'call/{index}')[:24]}"

    def _digest(self, what: str) -> str:
        return hashlib.sha256(f"{self.name}/{self.serial}/{what}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFrames:
    """The frames of one answer, as JSON objects.

    `flagged` false leaves `if_increase_push` out, as some answers do: the reader then has to find
    out by itself whether it is given fragments or the whole text so far.
    """

    identity: Identity
    framing: Framing = "2025"
    flagged: bool = True

    def opening(self) -> JsonObject:
        """Build the first frame of every turn: no parts, the real conversation id."""
        return self._frame(status="init")

    def running(self, part: Mapping[str, Any], *, fragment: bool) -> JsonObject:
        """Build a frame in mid-answer; `fragment` says that the part holds only new text."""
        return self._frame(status="init", parts=[part], fragment=fragment)

    def ending(
        self,
        status: FrameStatus,
        *,
        parts: Sequence[Mapping[str, Any]] = (),
        last_error: Mapping[str, Any] | None = None,
    ) -> JsonObject:
        """Build the last frame; with `parts`, their whole text is repeated in it."""
        return self._frame(status=status, parts=parts, last_error=last_error)

    def text_part(self, index: int, kind: str, text: str, *, status: PartStatus) -> JsonObject:
        """Build a part that holds text of some kind: one of `TEXT_KEYS`."""
        item: JsonObject = {"type": kind, TEXT_KEYS[kind]: text}
        if self.framing != "2024":
            # Seen in captures of 2025: an unused key that a reader must not take for a call.
            item["tool_calls"] = {}
        return self.part(index, [item], status=status)

    def part(
        self,
        index: int,
        content: Sequence[Mapping[str, Any]],
        *,
        status: PartStatus,
        meta_data: Mapping[str, Any] | None = None,
    ) -> JsonObject:
        """Build a part from its content items; parts of one index share their `logic_id`."""
        part: JsonObject = {
            "id": self.identity.message_id,
            "logic_id": self.identity.logic_id(index),
            "role": "assistant",
            "content": list(content),
            "model": _MODEL,
        }
        if self.framing == "2024":
            part |= {"recipient": "all", "created_at": _CREATED_AT}
        return part | {"meta_data": dict(meta_data or {}), "status": status}

    def _frame(
        self,
        *,
        status: FrameStatus,
        parts: Sequence[Mapping[str, Any]] = (),
        fragment: bool = False,
        last_error: Mapping[str, Any] | None = None,
    ) -> JsonObject:
        return {
            "id": self.identity.message_id,
            "conversation_id": self.identity.conversation_id,
            "assistant_id": self.identity.assistant_id,
            "parts": list(parts),
            "created_at": _CREATED_AT,
            "status": status,
            "last_error": dict(last_error or {}),
            "meta_data": {"if_increase_push": fragment} if self.flagged else {},
        }


def moderation(notice: str) -> JsonObject:
    """Build the `last_error` of an answer that moderation cut."""
    return {"intervene_type": "answer", "intervene_text": notice, "risk_level": "high"}


def failure(code: int | str, message: str) -> JsonObject:
    """Build the `last_error` of an answer that failed inside the service."""
    return {"error_code": code, "err_msg": message}


def search_pages(pages: Sequence[Mapping[str, str]]) -> JsonObject:
    """Build the `meta_data` of a part whose content is `quote_result` or `browser_result`."""
    return {"metadata_list": [dict(page) for page in pages]}


def image_item(urls: Sequence[str]) -> JsonObject:
    """Build the content item that shows pictures."""
    return {"type": "image", "image": [{"image_url": url} for url in urls]}


def tool_call_item(call: Mapping[str, Any]) -> JsonObject:
    """Build the content item of a tool that the service runs by itself."""
    return {"type": "tool_calls", "tool_calls": dict(call)}
