"""A script's YAML file to a `Script`; strict, with the place of everything that is wrong.

The format is described in `docs/reference/emulator-script.md`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from glmbench.errors import SuiteError
from glmbench.server.fields import Fields, Sheet, Where, seconds
from glmbench.server.frames import json_text
from glmbench.server.script import (
    Answer,
    Dialect,
    Ending,
    HttpAnswer,
    MatchKind,
    Options,
    PromptMatch,
    RawFrame,
    RawFrames,
    Reply,
    Script,
    Speech,
)
from glmbench.server.script_options import (
    ENDING_KEYS,
    OPTION_KEYS,
    SILENT_KINDS,
    WIRE_KEYS,
    foreign,
    read_ending,
    read_options,
)
from glmbench.server.script_parts import read_parts
from glmbench.yamlsource import YamlError, read

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FORBIDDEN_IN_HEADERS = re.compile(r"[\x00-\x1f\x7f]")

# What aiohttp writes by itself; a second opinion in the script would break the framing.
_RESERVED_HEADERS = ("content-length", "transfer-encoding", "connection", "server", "date")

_ANSWER_KEYS = ("name", "prompt")
_SPEECH_KEYS = ("text", "think", "parts", "ending", "delays", "echo")


def load_script(path: Path) -> Script:
    """Read a script; raises SuiteError whose message lists every problem with its place."""
    try:
        document = read(path)
    except YamlError as error:
        raise SuiteError(str(error)) from error
    sheet = Sheet(document=document)
    script = _script(Fields(sheet, (), document.value))
    if sheet.problems:
        raise SuiteError("\n".join(problem.render() for problem in sorted(sheet.problems)))
    return script


def _script(fields: Fields) -> Script:
    fields.allow(["version", "emulate", "defaults", "answers", "otherwise"])
    fields.require("version", "answers")
    version = fields.values.get("version", VERSION)
    if version is True or version != VERSION:
        fields.say("version", f'"version" must be {VERSION}')
    dialect: Dialect = fields.choice("emulate", get_args(Dialect), "chatglm")
    options = Options.usual(dialect)
    if "defaults" in fields:
        defaults = fields.inside("defaults")
        defaults.allow(OPTION_KEYS[dialect], foreign(dialect, OPTION_KEYS))
        options = read_options(defaults, options)
    answers = []
    for where, value in fields.items("answers"):
        inner = Fields(fields.sheet, where, value)
        inner.require("name", "prompt")
        answers.append(_answer(inner, options, _ANSWER_KEYS))
    _refuse_twins(fields, answers)
    otherwise = None
    if "otherwise" in fields:
        otherwise = replace(_answer(fields.inside("otherwise"), options, ()), name="otherwise")
    return Script(dialect=dialect, answers=tuple(answers), otherwise=otherwise)


def _refuse_twins(fields: Fields, answers: list[Answer]) -> None:
    """Note names that are taken, and answers that can never be given."""
    names = {"", "otherwise"}
    takers: dict[str, str] = {}
    for index, answer in enumerate(answers):
        if answer.name in names - {""}:
            message = f'the name "{answer.name}" is taken'
            fields.sheet.say(("answers", index, "name"), message)
        names.add(answer.name)
        if answer.match is None or answer.match.kind != "equals":
            continue
        prompt = answer.match.pattern.strip()
        if prompt in takers:
            message = f'the answer "{takers[prompt]}" takes this prompt already'
            fields.sheet.say(("answers", index, "prompt"), message)
        takers.setdefault(prompt, answer.name)


def _answer(fields: Fields, options: Options, own_keys: tuple[str, ...]) -> Answer:
    form = next((form for form in ("http", "frames") if form in fields), "speech")
    form_keys = _form_keys(options.dialect)
    elsewhere = dict.fromkeys(_ANSWER_KEYS, 'does not go with "otherwise"')
    for keys in form_keys.values():
        elsewhere |= dict.fromkeys(keys, f'does not go with "{form}"')
    elsewhere |= foreign(options.dialect, OPTION_KEYS)
    fields.allow((*own_keys, *form_keys[form]), elsewhere)
    name = fields.text("name")
    if name and not _NAME.fullmatch(name):
        fields.say("name", f'"{name}" is no name: letters, digits, ".", "_" and "-"')
    match = _prompt_match(fields) if "prompt" in fields and "prompt" in own_keys else None
    return Answer(name=name, match=match, reply=_reply(form, fields, options))


def _form_keys(dialect: Dialect) -> dict[str, tuple[str, ...]]:
    return {
        "speech": (*OPTION_KEYS[dialect], *_SPEECH_KEYS),
        "frames": (*WIRE_KEYS[dialect], "frames", "ending"),
        "http": ("http",),
    }


def _reply(form: str, fields: Fields, options: Options) -> Reply:
    if form == "http":
        return _http(fields.inside("http"))
    if form == "frames":
        return _raw_frames(fields, options)
    return _speech(fields, options)


def _prompt_match(fields: Fields) -> PromptMatch:
    if not isinstance(fields.values["prompt"], dict):
        return PromptMatch(kind="equals", pattern=fields.text("prompt"))
    inner = fields.inside("prompt")
    kinds: tuple[MatchKind, ...] = get_args(MatchKind)
    inner.allow(kinds)
    kind = inner.exactly_one(kinds, "a prompt") or "equals"
    pattern = inner.text(kind)
    if kind == "matches":
        try:
            re.compile(pattern)
        except re.error as error:
            inner.say(kind, f"this is no regular expression: {error}")
    return PromptMatch(kind=kind, pattern=pattern)


# --- an answer told by its parts --------------------------------------------------------------


def _speech(fields: Fields, options: Options) -> Speech:
    dialect = options.dialect
    speech = Speech(
        parts=tuple(read_parts(fields, dialect)),
        options=read_options(fields, options),
        ending=read_ending(fields, dialect, tuple(ENDING_KEYS[dialect]), "finish"),
        delays_s=_delays(fields),
        echo=fields.flag("echo", default=False),
    )
    if speech.echo:
        if "delays" in fields:
            fields.say("delays", '"delays" does not go with "echo": the prompt sets the length')
        return speech
    if speech.delays_s is not None and len(speech.delays_s) != speech.fragment_count():
        needed, given = speech.fragment_count(), len(speech.delays_s)
        message = f'"delays" must have one entry for each fragment: {needed}, not {given}'
        fields.say("delays", message)
    _check_after(fields, speech.ending, speech.frame_count())
    return speech


def _check_after(fields: Fields, ending: Ending, count: int) -> None:
    if ending.after is not None and ending.after > count:
        message = f'"after" must be 0 to {count} for this answer, not {ending.after}'
        fields.sheet.say((*fields.where, "ending", "after"), message)


def _delays(fields: Fields) -> tuple[float, ...] | None:
    if "delays" not in fields:
        return None
    return tuple(seconds(fields.sheet, where, item) for where, item in fields.items("delays"))


# --- the low-level forms ----------------------------------------------------------------------


def _raw_frames(fields: Fields, options: Options) -> RawFrames:
    frames = [_raw_frame(fields.sheet, where, item) for where, item in fields.items("frames")]
    ending = read_ending(fields, options.dialect, SILENT_KINDS, "eof")
    _check_after(fields, ending, len(frames))
    return RawFrames(frames=tuple(frames), options=read_options(fields, options), ending=ending)


def _raw_frame(sheet: Sheet, where: Where, value: Any) -> RawFrame:
    if isinstance(value, str):
        return RawFrame(content=value.encode())
    fields = Fields(sheet, where, value)
    fields.allow(["json", "raw", "hex", "delay"])
    delay_s = fields.duration("delay", 0.0) if "delay" in fields else None
    match fields.exactly_one(["json", "raw", "hex"], "a frame"):
        case "json":
            return RawFrame(content=fields.inside("json").values, delay_s=delay_s)
        case "hex":
            return RawFrame(content=_bytes(fields), delay_s=delay_s)
        case _:
            return RawFrame(content=fields.text("raw").encode(), delay_s=delay_s)


def _bytes(fields: Fields) -> bytes:
    try:
        return bytes.fromhex(fields.text("hex"))
    except ValueError:
        fields.say("hex", "these are no bytes: pairs of hexadecimal digits, blanks between them")
        return b""


def _http(fields: Fields) -> HttpAnswer:
    fields.allow(["status", "reason", "headers", "json", "text", "html", "delay"])
    content_type, body = _http_body(fields)
    return HttpAnswer(
        status=fields.integer("status", 200, at_least=200, at_most=599),
        reason=_one_line(fields, "reason", fields.text("reason")) if "reason" in fields else None,
        headers=_headers(fields.inside("headers")) if "headers" in fields else {},
        content_type=content_type,
        body=body,
        delay_s=fields.duration("delay", 0.0),
    )


def _http_body(fields: Fields) -> tuple[str | None, bytes]:
    forms = ("json", "text", "html")
    if not any(form in fields for form in forms):
        return None, b""
    match fields.exactly_one(forms, "a response"):
        case "json":
            body = json_text(fields.values["json"]).encode()
            return "application/json; charset=utf-8", body
        case "html":
            return "text/html; charset=utf-8", fields.text("html").encode()
        case "text":
            return "text/plain; charset=utf-8", fields.text("text").encode()
        case _:
            return None, b""


def _headers(fields: Fields) -> dict[str, str]:
    headers = {}
    for name in fields.values:
        if name.lower() in _RESERVED_HEADERS:
            fields.say(name, f"the emulator writes {name} by itself")
        # `Retry-After: 30` is a number to YAML and a text to HTTP.
        value = fields.values[name]
        is_number = isinstance(value, int) and not isinstance(value, bool)
        text = str(value) if is_number else fields.text(name)
        headers[name] = _one_line(fields, name, text)
    return headers


def _one_line(fields: Fields, key: str, text: str) -> str:
    if _FORBIDDEN_IN_HEADERS.search(text):
        fields.say(key, f'"{key}" must be one line without control characters')
    return text
