"""ChatGLM frames: JSON bytes to a `Frame`, fast when it fits, piece by piece when it does not.

Pure. msgspec stops at the first field that does not fit, and a null part has been seen beside
good ones, so a frame that fails is taken apart as plain JSON and everything valid is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from glmbench.wire.json_object import NOT_JSON, parse_object
from glmbench.wire.utf8 import check_utf8

JsonObject: TypeAlias = Mapping[str, Any]

Status: TypeAlias = Literal["init", "finish", "intervene", "error"]

TEXT_TYPES = frozenset({"text", "think", "text_thinking"})
_STATUSES: dict[str, Status] = {status: status for status in get_args(Status)}


class Item(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One content item; only the fields that hold answer text or reasoning.

    `think` has a field of its own, `text_thinking` uses that of text.
    """

    type: str
    text: str = ""
    think: str = ""


class OtherItem(Item, frozen=True, kw_only=True, gc=False):
    """An item of any other type, as it came; `pages` is the part's metadata_list."""

    fields: JsonObject
    pages: tuple[JsonObject, ...] = ()


class FramePart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    logic_id: str = ""
    status: str = ""
    content: Sequence[Item] = ()
    error: dict[str, Any] | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A status that is missing or not known reads as "init": the answer goes on."""

    status: Status
    conversation_id: str = ""
    parts: Sequence[FramePart] = ()
    meta_data: dict[str, Any] | None = None
    last_error: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    @property
    def is_fragment(self) -> bool | None:
        """Texts are fragments (True) or whole (False); None where the frame does not say."""
        meta = self.meta_data
        flag = meta.get("if_increase_push") if meta else None
        return flag if flag is True or flag is False else None


# What the fast path takes: text items only, said by the types so that msgspec does the check.
class _WireItem(Item, frozen=True, kw_only=True, gc=False):
    type: Literal["text", "think", "text_thinking"]


class _WirePart(FramePart, frozen=True, kw_only=True, gc=False):
    content: Sequence[_WireItem] = ()


class _WireFrame(Frame, frozen=True, kw_only=True, gc=False):
    parts: Sequence[_WirePart] = ()


# The same with every field that was seen on the wire and no other, so that nothing is skipped:
# msgspec checks the UTF-8 of what it decodes, but not of what it skips.
class _KnownItem(_WireItem, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    tool_calls: Any = None


class _KnownPart(FramePart, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    content: Sequence[_KnownItem] = ()
    id: Any = None
    role: Any = None
    model: Any = None
    recipient: Any = None
    created_at: Any = None
    meta_data: Any = None


class _KnownFrame(Frame, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    parts: Sequence[_KnownPart] = ()
    id: Any = None
    assistant_id: Any = None
    created_at: Any = None


class Envelope(msgspec.Struct, frozen=True):
    """An error body that came as an event."""

    fields: JsonObject


_decode = msgspec.json.Decoder(_WireFrame).decode
_decode_known = msgspec.json.Decoder(_KnownFrame).decode


def decode_frame(data: bytes, offset: int) -> Frame | Envelope:
    """Decode the data of one event, which begins at body byte `offset`.

    Raises ProtocolError, with the body byte, for invalid UTF-8, for what is not JSON and for
    JSON that is no object.
    """
    if not data.isascii():
        # A key that broke must not count as an unknown one, its text lost in silence. To check
        # a long snapshot costs two thirds of decoding it, so that is left to msgspec if it can.
        try:
            return _decode_known(data)
        except NOT_JSON:
            check_utf8(data, offset, "a frame")
    try:
        return _decode(data)
    except NOT_JSON:
        return _salvage(parse_object(data, offset))


def _salvage(value: JsonObject) -> Frame | Envelope:
    if _is_envelope(value):
        return Envelope(value)
    return Frame(
        conversation_id=_word(value.get("conversation_id")),
        status=_STATUSES.get(_word(value.get("status")), "init"),
        parts=[_salvage_part(part) for part in _objects_in_place(value.get("parts"))],
        meta_data=_object(value.get("meta_data")),
        last_error=_object(value.get("last_error")),
        error=_object(value.get("error")),
    )


def _is_envelope(value: JsonObject) -> bool:
    """Tell an error body from a frame: a numeric status, and not zero, which is success."""
    if "validation_error" in value:
        return True
    status = _word(value.get("status"))
    if status:
        return _is_number(status) and int(status) != 0
    # `{"error": {"code", "message"}}`, the shape of the documented API, has no status at all.
    return "parts" not in value and bool(_object(value.get("error")))


def _is_number(word: str) -> bool:
    digits = word.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) <= 9


def _salvage_part(value: JsonObject) -> FramePart:
    meta = _object(value.get("meta_data")) or {}
    pages = tuple(_objects(meta.get("metadata_list")))
    content = value.get("content")
    if isinstance(content, dict):
        content = [content]
    return FramePart(
        logic_id=_word(value.get("logic_id")),
        status=_word(value.get("status")),
        content=[_salvage_item(item, pages) for item in _objects(content)],
        error=_object(value.get("error")),
    )


def _salvage_item(value: JsonObject, pages: tuple[JsonObject, ...]) -> Item:
    kind = _word(value.get("type"))
    text, think = _string(value.get("text")), _string(value.get("think"))
    if kind in TEXT_TYPES:
        return Item(type=kind, text=text, think=think)
    return OtherItem(type=kind, text=text, think=think, fields=value, pages=pages)


def _objects(value: object) -> Iterator[JsonObject]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _objects_in_place(value: object) -> Iterator[JsonObject]:
    """Like `_objects`, but what is no object leaves an empty one.

    A part without logic_id is known by its index, which a null part before it must not shift.
    """
    if isinstance(value, list):
        yield from (item if isinstance(item, dict) else {} for item in value)


def _object(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _word(value: object) -> str:
    """Return an identifier or code, which some servers send as a number, as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""
