"""The parts of a script's answer that say how it is spelled, paced and ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from glmbench.server.completions_frames import ReasoningKey, TokenCounts
from glmbench.server.frames import Framing, LineEnd
from glmbench.server.script import (
    DEFAULT_CODES,
    CallArguments,
    Dialect,
    Ending,
    EndingKind,
    FinishBrings,
    Mode,
    Options,
    UsageIn,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.server.fields import Fields

_COMMON_WIRE_KEYS = (
    *("line_end", "head_delay", "first_delay", "delay", "coalesce"),
    *("gzip", "with_head", "bom", "comment"),
)
_COMMON_SPEECH_KEYS = ("opening_delay", "piece", "done")

# What goes with frames that are written as they are.
WIRE_KEYS: Mapping[Dialect, tuple[str, ...]] = {
    "chatglm": (*_COMMON_WIRE_KEYS, "framing"),
    "completions": _COMMON_WIRE_KEYS,
}
OPTION_KEYS: Mapping[Dialect, tuple[str, ...]] = {
    "chatglm": (
        *(*WIRE_KEYS["chatglm"], *_COMMON_SPEECH_KEYS),
        *("mode", "finish_brings", "push_flag"),
    ),
    "completions": (
        *(*WIRE_KEYS["completions"], *_COMMON_SPEECH_KEYS),
        *("reasoning_key", "call_arguments", "usage", "usage_in", "nulls"),
    ),
}

_SILENT_ENDINGS: Mapping[EndingKind, tuple[str, ...]] = {
    "eof": ("partial",),
    "cut": ("partial",),
    "reset": ("partial",),
    "stall": ("partial",),
}
ENDING_KEYS: Mapping[Dialect, Mapping[EndingKind, tuple[str, ...]]] = {
    "chatglm": {
        "finish": (),
        "intervene": ("notice", "in_part"),
        "error": ("code", "message"),
        **_SILENT_ENDINGS,
    },
    "completions": {
        "finish": ("finish_reason",),
        "error": ("code", "message"),
        **_SILENT_ENDINGS,
    },
}
SILENT_KINDS: tuple[EndingKind, ...] = tuple(_SILENT_ENDINGS)

_DEFAULT_NOTICE = "这个话题暂时无法回答，请换一个话题。"
_DEFAULT_FAILURE = "internal error"


def foreign(dialect: Dialect, keys: Mapping[Dialect, tuple[str, ...]]) -> dict[str, str]:
    """Explain the keys that only another dialect has, as `Fields.allow` takes it."""
    every = {key for of_one in keys.values() for key in of_one}
    return dict.fromkeys(every - {*keys[dialect]}, f'does not go with "emulate: {dialect}"')


def read_options(fields: Fields, base: Options) -> Options:
    comment = fields.text("comment") if "comment" in fields else base.comment
    if comment is not None and re.search(r"[\r\n]", comment):
        fields.say("comment", "a comment is one line")
    return Options(
        dialect=base.dialect,
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
        reasoning_key=fields.choice("reasoning_key", get_args(ReasoningKey), base.reasoning_key),
        call_arguments=fields.choice(
            "call_arguments", get_args(CallArguments), base.call_arguments
        ),
        usage=_token_counts(fields) if "usage" in fields else base.usage,
        usage_in=fields.choice("usage_in", get_args(UsageIn), base.usage_in),
        nulls=fields.flag("nulls", default=base.nulls),
    )


def _token_counts(fields: Fields) -> TokenCounts | None:
    """Read token counts; null takes those of the defaults away."""
    if fields.values["usage"] is None:
        return None
    inner = fields.inside("usage")
    inner.allow(("input", "output", "reasoning", "cached"))
    inner.require("input", "output")
    counts = {key: inner.integer(key, 0, at_least=0) for key in inner.values}
    return TokenCounts(
        input=counts.get("input", 0),
        output=counts.get("output", 0),
        reasoning=counts.get("reasoning"),
        cached=counts.get("cached"),
    )


def read_ending(
    fields: Fields, dialect: Dialect, kinds: tuple[EndingKind, ...], default: EndingKind
) -> Ending:
    """Read an ending: its kind alone, or a mapping with the kind and what belongs to it."""
    if not isinstance(fields.values.get("ending"), dict):
        kind = fields.choice("ending", kinds, default)
        return Ending(kind=kind, message=_default_message(kind), code=DEFAULT_CODES[dialect])
    inner = fields.inside("ending")
    inner.require("kind")
    kind = inner.choice("kind", kinds, default)
    every = {key for keys in ENDING_KEYS.values() for of_kind in keys.values() for key in of_kind}
    inner.allow(
        ("kind", "after", "delay", *ENDING_KEYS[dialect][kind]),
        dict.fromkeys(every, f'does not go with the ending "{kind}"')
        | foreign(dialect, {name: sum(keys.values(), ()) for name, keys in ENDING_KEYS.items()}),
    )
    return Ending(
        kind=kind,
        after=inner.integer("after", 0, at_least=0) if "after" in inner else None,
        partial=inner.integer("partial", 0, at_least=0),
        delay_s=inner.duration("delay", 0.0),
        message=inner.text("notice" if kind == "intervene" else "message", _default_message(kind)),
        code=_code(inner, DEFAULT_CODES[dialect]),
        in_part=inner.flag("in_part", default=False),
        finish_reason=inner.text("finish_reason", "stop"),
    )


def _default_message(kind: EndingKind) -> str:
    return {"intervene": _DEFAULT_NOTICE, "error": _DEFAULT_FAILURE}.get(kind, "")


def _code(fields: Fields, default: int | str) -> int | str:
    """Read an error's code, which services write as a number or as a text."""
    if "code" not in fields:
        return default
    if isinstance(fields.values["code"], str):
        return fields.text("code")
    return fields.integer("code", 0, at_least=0)
