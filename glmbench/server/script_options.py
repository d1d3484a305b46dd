"""The parts of a script's answer that say how it is spelled, paced and ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from glmbench.server.frames import Framing, LineEnd
from glmbench.server.script import (
    DEFAULT_CODE,
    Ending,
    EndingKind,
    FinishBrings,
    Mode,
    Options,
)

if TYPE_CHECKING:
    from glmbench.server.fields import Fields

WIRE_KEYS = (
    *("framing", "line_end", "head_delay", "first_delay", "delay", "coalesce"),
    *("gzip", "with_head", "bom", "comment"),
)
OPTION_KEYS = (
    *WIRE_KEYS,
    *("mode", "opening_delay", "piece", "finish_brings", "push_flag", "done"),
)
_ENDING_KEYS: dict[EndingKind, tuple[str, ...]] = {
    "finish": (),
    "intervene": ("notice", "in_part"),
    "error": ("code", "message"),
    "eof": ("partial",),
    "cut": ("partial",),
    "reset": ("partial",),
    "stall": ("partial",),
}
_DEFAULT_NOTICE = "这个话题暂时无法回答，请换一个话题。"
_DEFAULT_FAILURE = "internal error"


def read_options(fields: Fields, base: Options) -> Options:
    comment = fields.text("comment") if "comment" in fields else base.comment
    if comment is not None and re.search(r"[\r\n]", comment):
        fields.say("comment", "a comment is one line")
    return Options(
        framing=fields.choice("framing", get_args(Framing), base.framing),
        line_end=fields.choice("line_end", get_args(LineEnd), base.line_end),
        mode=fields.choice("mode", get_args(Mode), base.mode),
        head_delay_s=fields.duration("head_delay", base.head_delay_s),
        opening_delay_s=fields.duration("opening_delay", base.opening_delay_s),
        first_delay_s=fields.duration("first_delay", base.first_delay_s),
        delay_s=fields.duration("delay", base.delay_s),
        piece=fields.integer("piece", base.piece, at_least=1),
        coalesce=fields.integer("coalesce", base.coalesce, at_least=1),
        finish_brings=fields.choice("finish_brings", get_args(FinishBrings), base.finish_brings),
        push_flag=fields.flag("push_flag", default=base.push_flag),
        gzip=fields.flag("gzip", default=base.gzip),
        with_head=fields.flag("with_head", default=base.with_head),
        bom=fields.flag("bom", default=base.bom),
        comment=comment,
        done=fields.flag("done", default=base.done),
    )


def read_ending(fields: Fields, kinds: tuple[EndingKind, ...], default: EndingKind) -> Ending:
    """Read an ending: its kind alone, or a mapping with the kind and what belongs to it."""
    if not isinstance(fields.values.get("ending"), dict):
        kind = fields.choice("ending", kinds, default)
        return Ending(kind=kind, message=_default_message(kind))
    inner = fields.inside("ending")
    inner.require("kind")
    kind = inner.choice("kind", kinds, default)
    every = {key for keys in _ENDING_KEYS.values() for key in keys}
    inner.allow(
        ("kind", "after", "delay", *_ENDING_KEYS[kind]),
        dict.fromkeys(every, f'does not go with the ending "{kind}"'),
    )
    return Ending(
        kind=kind,
        after=inner.integer("after", 0, at_least=0) if "after" in inner else None,
        partial=inner.integer("partial", 0, at_least=0),
        delay_s=inner.duration("delay", 0.0),
        message=inner.text("notice" if kind == "intervene" else "message", _default_message(kind)),
        code=_code(inner),
        in_part=inner.flag("in_part", default=False),
    )


def _default_message(kind: EndingKind) -> str:
    return {"intervene": _DEFAULT_NOTICE, "error": _DEFAULT_FAILURE}.get(kind, "")


def _code(fields: Fields) -> int | str:
    """Read an error's code, which services write as a number or as a text."""
    if isinstance(fields.values.get("code"), str):
        return fields.text("code")
    return fields.integer("code", DEFAULT_CODE, at_least=0)
