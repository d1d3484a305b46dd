"""Readers of cases: what is said, with which values, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from glmbench.problems import did_you_mean, printable, shortened
from glmbench.suites.datasets import DatasetError, read_dataset, read_text
from glmbench.suites.durations import read_duration
from glmbench.suites.expand import encoded_model
from glmbench.suites.expectations import NOTHING, lay_over, read_expect, settle
from glmbench.suites.faults import read_fault
from glmbench.suites.model import ON_TURN_FAILURE, ROLES, Case, Text, Turn
from glmbench.suites.nodes import (
    Keys,
    Node,
    Reader,
    flag,
    list_of,
    one_or_list,
    plain_mapping,
    text,
    text_matching,
    word,
    yaml_1_1_hint,
)
from glmbench.suites.placeholders import find_placeholders
from glmbench.suites.profiles import positive
from glmbench.suites.templates import TemplateError, attributes_of, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from glmbench.suites.expect import Expect
    from glmbench.suites.model import OnTurnFailure, Role

# No component of a path may be longer than 255 bytes on Linux and macOS, and a cassette is named
# `<case>@<model>@<n>.yaml`.
MAX_NAME = 100
MAX_MODEL = 120

_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_NAME - 1}}}")
_ID_RULE = (
    "letters, digits, dots, underscores and hyphens, starting with a letter or digit,"
    f" at most {MAX_NAME}"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_case_id = text_matching(_ID, "case id", _ID_RULE)
read_tag = text_matching(_ID, "tag", _ID_RULE)

FILE = "file://"

T = TypeVar("T")
Messages: TypeAlias = "tuple[tuple[Role, Text], ...]"
Rows: TypeAlias = "tuple[Mapping[str, Any], ...]"

# What templates know besides the values of the suite.
ENV = "env"
MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What `defaults` says for every case."""

    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    vars: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = None
    repeat: int | None = None
    min_pass: int | None = None
    template: bool = True
    expect: Expect = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a case can lean on: the suite's folder, defaults, axes, and variables."""

    folder: Path
    defaults: Defaults
    axes: frozenset[str]
    variables: frozenset[str]
    # Many cases may ask the questions of one dataset.
    read_rows: Callable[[Path], Rows] = field(default_factory=lambda: cache(read_dataset))


def read_defaults(node: Node) -> Defaults:
    with Keys(node, "defaults") as keys:
        return Defaults(
            model=keys.find("model", read_model),
            options=keys.read("options", plain_mapping, {}),
            tags=keys.read("tags", one_or_list(read_tag), ()),
            vars=keys.read("vars", read_vars, {}),
            timeout=keys.find("timeout", read_duration),
            repeat=keys.find("repeat", positive),
            min_pass=keys.find("min_pass", positive),
            template=keys.read("template", flag, True),  # noqa: FBT003 -- a default, not a switch
            expect=keys.read("expect", read_expect, NOTHING),
        )


def read_model(node: Node) -> str:
    model = text(node)
    if len(encoded_model(model)) > MAX_MODEL:
        node.report("the model name is too long for a cassette's file name")
    return model


def read_vars(node: Node) -> Mapping[str, Any]:
    """Read values for templates: any data, under names that a template can say."""
    given = plain_mapping(node)
    for name in given:
        check_name(node.child(name), name)
    return given


def check_name(node: Node, name: str) -> None:
    """Report a name that no template could say, or that means something else there."""
    if not _NAME.fullmatch(name):
        hint = "letters, digits and underscores, not starting with a digit"
        node.report(f'"{name}" is no name for a template', hint, key=True)
    elif name in {ENV, MODEL}:
        node.report(f'"{name}" has its own meaning in templates', "take another name", key=True)


def read_cases(around: Surroundings) -> Reader[tuple[Case, ...]]:
    """Make a reader of the list of cases."""
    return list_of(lambda node: _case(node, around))


def _case(node: Node, around: Surroundings) -> Case:
    given = around.defaults
    with Keys(node, "a case") as keys:
        tags: tuple[str, ...] = keys.read("tags", one_or_list(read_tag), ())
        case = Case(
            id=keys.require("id", _case_id, ""),
            description=keys.find("description", text),
            tags=tuple(dict.fromkeys((*given.tags, *tags))),
            vars={**given.vars, **keys.read("vars", read_vars, {})},
            rows=keys.find("dataset", _rows(around)),
            turns=_turns(node, keys, around),
            on_turn_failure=keys.read("on_turn_failure", _on_turn_failure, "stop"),
            model=keys.read("model", read_model, given.model),
            options={**given.options, **keys.read("options", plain_mapping, {})},
            timeout=keys.read("timeout", read_duration, given.timeout),
            repeat=keys.read("repeat", positive, given.repeat),
            min_pass=keys.read("min_pass", positive, given.min_pass),
            skip=keys.find("skip", _skip),
            fault=keys.find("fault", read_fault),
        )
    _check_min_pass(node, case)
    _check_templates(node, case, around)
    return case


def _turns(node: Node, keys: Keys, around: Surroundings) -> tuple[Turn, ...]:
    """Read what a case says, in one of three ways, and what it expects."""
    given = around.defaults
    say = _says(around.folder, template=keys.read("template", flag, given.template))
    prompt = keys.find("prompt", say)
    messages = keys.find("messages", list_of(_message(say)))
    expect = keys.read("expect", read_expect, NOTHING)
    turns = keys.find("turns", list_of(_turn(say, expect, given.expect)))
    _exactly_one(node, keys)
    if "on_turn_failure" in keys and turns is None:
        node.child("on_turn_failure").report('"on_turn_failure" goes with "turns"', key=True)
    if turns is not None:
        return turns
    said: Messages = messages or () if prompt is None else (("user", prompt),)
    return (Turn(messages=said, expect=settle(expect, given.expect)),)


def _exactly_one(node: Node, keys: Keys) -> None:
    """A case says something in exactly one of three ways."""
    if not keys.is_mapping:
        return
    given = [key for key in ("prompt", "messages", "turns") if key in keys]
    if not given:
        node.report('a case needs "prompt", "messages" or "turns"')
    for surplus in given[1:]:
        message = f'a case has both "{given[0]}" and "{surplus}"'
        node.child(surplus).report(message, "keep one", key=True)


def _check_min_pass(node: Node, case: Case) -> None:
    repeat = case.repeat or 1
    if case.min_pass is not None and case.min_pass > repeat:
        own = next((key for key in ("min_pass", "repeat") if key in node.value), None)
        place = (*node.path, own) if own else ("defaults", "min_pass")
        times = "once" if repeat == 1 else f"{repeat} times"
        message = f"min_pass is {case.min_pass}, but the case runs {times}"
        replace(node, path=place).report(message)


def _on_turn_failure(node: Node) -> OnTurnFailure:
    return word(node, ON_TURN_FAILURE, "way to go on", "stop")


def _skip(node: Node) -> str | None:
    """Read a reason for not running a case; true is one without words."""
    if isinstance(node.value, bool):
        return "skipped by the suite" if node.value else None
    if hint := yaml_1_1_hint(node.value):
        node.expected("true, false or a reason", hint)
    return text(node) or None


# --- what is said ---------------------------------------------------------------------------


def _says(folder: Path, *, template: bool) -> Reader[Text]:
    """Make a reader of a text, or of the file that it names; a file is never a template."""

    def read(node: Node) -> Text:
        said = text(node)
        if not said.startswith(FILE):
            return Text(said, node.path, template)
        content = _from_file(node, folder, said, read_text, "")
        return Text(content, node.path, is_template=False)

    return read


def _from_file(node: Node, folder: Path, name: str, reader: Callable[[Path], T], stand_in: T) -> T:
    """Read a file in the suite's folder or below; any other is not the suite's to send."""
    file = PurePath(name.removeprefix(FILE))
    if not file.name:
        node.report(f"{node.label} names no file")
        return stand_in
    if file.is_absolute() or ".." in file.parts:
        hint = "name one in the suite's folder or below it"
        node.report(f'the file "{printable(shortened(str(file)))}" is not beside the suite', hint)
        return stand_in
    try:
        return reader(folder / file)
    except DatasetError as error:
        place = f"{file.name}, line {error.line}: " if error.line else ""
        node.report(f"{place}{error}")
        return stand_in


def _message(say: Reader[Text]) -> Reader[tuple[Role, Text]]:
    def read(node: Node) -> tuple[Role, Text]:
        with Keys(node, "a message") as keys:
            role: Role = keys.require("role", _role, "user")
            content = keys.require("content", say, Text("", node.path))
        return role, content

    return read


def _role(node: Node) -> Role:
    return word(node, ROLES, "role", "user")


def _turn(say: Reader[Text], of_case: Expect, of_defaults: Expect) -> Reader[Turn]:
    """Make a reader of a turn: a user message, or one with an `expect` of its own."""

    def read(node: Node) -> Turn:
        if not isinstance(node.value, dict):
            return _turn_of(say(node), NOTHING)
        with Keys(node, "a turn") as keys:
            prompt = keys.require("prompt", say, Text("", node.path))
            expect = keys.read("expect", read_expect, NOTHING)
        return _turn_of(prompt, expect)

    def _turn_of(prompt: Text, expect: Expect) -> Turn:
        inherited = lay_over(of_case, of_defaults)
        return Turn(messages=(("user", prompt),), expect=settle(expect, inherited))

    return read


def _rows(around: Surroundings) -> Reader[Rows]:
    def read(node: Node) -> Rows:
        name = text(node)
        if not name:
            return ()
        rows: Rows = _from_file(node, around.folder, name, around.read_rows, ())
        for column in sorted({ENV, MODEL} & set(rows[0] if rows else ())):
            message = f'the column "{column}" has its own meaning in templates'
            node.report(message, "take another name")
        return rows

    return read


# --- what templates need --------------------------------------------------------------------


def _check_templates(node: Node, case: Case, around: Surroundings) -> None:
    if case.rows == ():
        return  # what its dataset would give is not known
    known = {MODEL, *case.vars, *around.axes, *(case.rows[0] if case.rows else ())}
    for turn in case.turns:
        for _, said in turn.messages:
            if said.is_template:
                check_template(node, said, known, around.variables)


def check_template(node: Node, said: Text, known: Iterable[str], variables: frozenset[str]) -> None:
    """Report what a template says that nobody knows."""
    place = replace(node, path=said.path)
    known = {*known, ENV}
    names = find_placeholders(said.source)
    try:
        needed = names_in(said.source) if names is None else frozenset(names)
        for name in sorted(needed - known):
            hint = did_you_mean(name, known) or "known here: " + ", ".join(sorted(known))
            place.report(f'the template needs "{name}", which nothing gives', hint)
        used = attributes_of(said.source, ENV) if names is None else frozenset[str]()
        for name in sorted(used - variables):
            hint = did_you_mean(name, variables) or "name it in the suite's secrets or env"
            place.report(f'the suite does not name the variable "{name}"', hint)
    except TemplateError as error:
        line = f" (line {error.line} of the text)" if "\n" in said.source else ""
        place.report(f"not a valid template: {error}{line}", "write template: false if it is none")
