"""The parts of a script's answer: text of several kinds, tool calls, and what comes whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from glmbench.server.fields import Fields, Where, kind_of
from glmbench.server.frames import (
    TEXT_KEYS,
    PartStatus,
    image_item,
    json_text,
    search_pages,
    tool_call_item,
)
from glmbench.server.script import CallPart, Dialect, ItemPart, Part, TextPart
from glmbench.server.script_options import foreign

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS: Mapping[Dialect, tuple[str, ...]] = {
    "chatglm": (
        *TEXT_KEYS,
        *("tool_calls", "quote_result", "browser_result", "image", "item"),
    ),
    "completions": ("text", "think", "tool_calls"),
}
_PART_KEYS: Mapping[Dialect, tuple[str, ...]] = {
    "chatglm": (*_KINDS["chatglm"], "status"),
    "completions": _KINDS["completions"],
}
_PACE = ("piece", "first_delay", "delay")


def read_parts(fields: Fields, dialect: Dialect) -> list[Part]:
    """Read `parts`, or the `think` and `text` that stand for two of them."""
    if "parts" in fields:
        for key in ("text", "think"):
            if key in fields:
                fields.say(key, f'"{key}" belongs inside "parts" here')
        return [
            _part(Fields(fields.sheet, where, item), dialect)
            for where, item in fields.items("parts")
        ]
    if "text" not in fields and "think" not in fields:
        fields.sheet.say(fields.where, "an answer needs one of: text, think, parts, frames, http")
    # A model thinks before it speaks, whatever the order of the keys.
    return [
        TextPart(kind=kind, text=_fragments(fields, kind))
        for kind in ("think", "text")
        if kind in fields
    ]


def _part(fields: Fields, dialect: Dialect) -> Part:
    elsewhere = foreign(dialect, _PART_KEYS)
    if not any(key in fields for key in _KINDS[dialect]) and any(
        key in fields for key in elsewhere
    ):
        kind = None  # said below: it is a part, but of another service
    else:
        kind = fields.exactly_one(_KINDS[dialect], "a part")
    paced = kind in TEXT_KEYS or dialect == "completions"
    timing = _PACE if paced else ("first_delay",)
    if not paced:
        elsewhere |= dict.fromkeys(("piece", "delay"), "does not go with a part that comes whole")
    fields.allow((*_PART_KEYS[dialect], *timing), elsewhere)
    status = fields.choice("status", get_args(PartStatus), "finish")
    first_delay_s = fields.duration("first_delay", 0.0) if "first_delay" in fields else None
    piece = fields.integer("piece", 1, at_least=1) if "piece" in fields else None
    delay_s = fields.duration("delay", 0.0) if "delay" in fields else None
    if kind is not None and kind in TEXT_KEYS:
        return TextPart(
            kind=kind,
            text=_fragments(fields, kind),
            piece=piece,
            status=status,
            first_delay_s=first_delay_s,
            delay_s=delay_s,
        )
    if kind == "tool_calls" and dialect == "completions":
        call = fields.inside(kind)
        call.allow(("id", "name", "arguments"))
        call.require("name")
        return CallPart(
            name=call.text("name"),
            arguments=_arguments(call),
            id=call.text("id") if "id" in call else None,
            piece=piece,
            first_delay_s=first_delay_s,
            delay_s=delay_s,
        )
    item, meta_data = _item(fields, kind or "item")
    return ItemPart(item=item, meta_data=meta_data, status=status, first_delay_s=first_delay_s)


def _arguments(call: Fields) -> str | tuple[str, ...]:
    """Read a call's arguments: a text or its fragments, or a mapping that is written as JSON."""
    given = call.values.get("arguments", {})
    return json_text(given) if isinstance(given, dict) else _fragments(call, "arguments")


def _fragments(fields: Fields, key: str) -> str | tuple[str, ...]:
    """Read a text that is cut by characters, or the list of its fragments."""
    if not isinstance(fields.values[key], list):
        return fields.text(key)
    fragments = []
    for where, item in fields.items(key):
        if isinstance(item, str):
            fragments.append(item)
        else:
            fields.sheet.say(where, f"a fragment must be a text, not {kind_of(item)}")
    return tuple(fragments)


def _item(fields: Fields, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the content item of a part that comes whole, and the part's own `meta_data`."""
    match kind:
        case "tool_calls":
            return tool_call_item(fields.inside(kind).values), {}
        case "quote_result" | "browser_result":
            pages = [_page(Fields(fields.sheet, where, page)) for where, page in fields.items(kind)]
            return {"type": kind}, search_pages(pages)
        case "image":
            return image_item([_url(fields, where, url) for where, url in fields.items(kind)]), {}
        case _:
            return dict(fields.inside(kind).values) if kind in fields else {}, {}


def _page(fields: Fields) -> dict[str, str]:
    fields.allow(["title", "url", "text"])
    fields.require("url")
    return {key: fields.text(key) for key in ("title", "url", "text") if key in fields}


def _url(fields: Fields, where: Where, value: Any) -> str:
    if not isinstance(value, str):
        fields.sheet.say(where, f"an address must be a text, not {kind_of(value)}")
    return str(value)
