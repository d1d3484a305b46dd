"""Suite file to Suite, with everything that is wrong in one go and every case's place.

Strict: nothing unknown is passed over, nothing is coerced. Whether a provider exists and takes
these options is not known here; the runner's plan adds that to the same list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from glmbench.problems import Problem, nearest
from glmbench.suites.bounds import BoundError, parse_duration
from glmbench.suites.expand import encoded_model
from glmbench.suites.expectations import NOTHING, read_expect, settle
from glmbench.suites.faults import read_fault
from glmbench.suites.model import (
    ROLES,
    Case,
    CassetteSettings,
    Message,
    ProviderSpec,
    SecretSettings,
    Suite,
)
from glmbench.suites.nodes import (
    Keys,
    Node,
    Reader,
    list_of,
    one_or_list,
    plain_mapping,
    text,
    text_matching,
    word,
)
from glmbench.suites.recordings import read_cassettes, read_secrets
from glmbench.yamlsource import YamlError, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from glmbench.suites.expect import Expect
    from glmbench.yamlsource import Document, NodePath, Position

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSuite:
    """What came of a suite file. `suite` is None exactly when there are problems, sorted by place.

    `document` is None when the file is missing or no YAML. `positions` holds where each case
    starts, by case id.
    """

    suite: Suite | None
    document: Document | None
    positions: Mapping[str, Position]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What `defaults` says for every case."""

    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    timeout: float | None = None
    expect: Expect = NOTHING


def load_suite(path: Path, *, name: str | None = None) -> LoadedSuite:
    """Load a suite; problems name the file `name`, by default its path as given.

    Bad content never raises, nor does a missing file: both are problems.
    """
    try:
        document = read(path, name=name)
    except YamlError as error:
        problems = tuple(_with_near_names(problem, path) for problem in error.problems)
        return LoadedSuite(suite=None, document=None, positions={}, problems=problems)
    found: list[Problem] = []
    suite = _suite(Node(document, (), document.value, found), path)
    # One fault in an anchor shows in every place that uses it, and is still one fault.
    problems = tuple(sorted(set(found)))
    return LoadedSuite(
        suite=None if problems else suite,
        document=document,
        positions=_positions(document),
        problems=problems,
    )


def option_path(document: Document, case_index: int, option: str) -> NodePath:
    """Find where a case's option was written: in the case, else in the defaults."""
    own: NodePath = ("cases", case_index, "options")
    given = document.value["cases"][case_index].get("options", {})
    return (*own, option) if option in given else ("defaults", "options", option)


def _with_near_names(problem: Problem, path: Path) -> Problem:
    try:
        if problem.line or path.exists():
            return problem
        if not path.parent.is_dir():
            return replace(problem, hint=f"nor is there a folder {path.parent}")
        # The suffix is the same everywhere, so it would make all names look alike.
        names = {f.stem: f.name for f in path.parent.iterdir() if f.suffix in {".yaml", ".yml"}}
    except OSError:
        # A name too long, a folder that may not be read: the problem says it already.
        return problem
    near = nearest(path.stem, names)
    return replace(problem, hint=f'did you mean "{names[near]}"?' if near else None)


def _positions(document: Document) -> dict[str, Position]:
    cases = document.value.get("cases") if isinstance(document.value, dict) else None
    positions: dict[str, Position] = {}
    for index, case in enumerate(cases if isinstance(cases, list) else ()):
        case_id = case.get("id") if isinstance(case, dict) else None
        if isinstance(case_id, str) and case_id not in positions:
            positions[case_id] = document.position(("cases", index))
    return positions


# --- the suite ------------------------------------------------------------------------------

# No component of a path may be longer than 255 bytes on Linux and macOS, and a cassette is named
# `<case>@<model>@<n>.yaml`.
_MAX_NAME = 100
_MAX_MODEL = 120

_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{_MAX_NAME - 1}}}")
_ID_RULE = (
    "letters, digits, dots, underscores and hyphens, starting with a letter or digit,"
    f" at most {_MAX_NAME}"
)
# Unlike an id it may be in any script: it only names a folder.
_NAME = re.compile(rf'[^\W_][^/\\:*?"<>|\x00-\x1f\x7f]{{0,{_MAX_NAME // 2}}}(?<![. ])')
_NAME_RULE = (
    'it names a folder: a letter or digit first, no dot or blank last, without / \\ : * ? " < > |,'
    f" at most {_MAX_NAME // 2 + 1} characters"
)
_IMPORT = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")

_case_id = text_matching(_ID, "case id", _ID_RULE)
_tag = text_matching(_ID, "tag", _ID_RULE)
_suite_name = text_matching(_NAME, "suite name", _NAME_RULE)
_import_path = text_matching(_IMPORT, "import path", 'write "package.module:ClassName"')


def _suite(node: Node, path: Path) -> Suite | None:
    if not isinstance(node.value, dict):
        node.expected('a mapping with "version", "provider" and "cases"')
        return None
    with Keys(node, "the suite") as keys:
        keys.require("version", _version, VERSION)
        name = keys.find("name", _suite_name)
        if name is None:
            name = _name_of(path, node)
        description = keys.find("description", text)
        provider = keys.require("provider", _provider, ProviderSpec())
        beside = CassetteSettings(dir=f"cassettes/{name}")
        cassettes = keys.find("cassettes", partial(read_cassettes, beside))
        secrets = keys.read("secrets", read_secrets, SecretSettings())
        defaults = keys.read("defaults", _defaults, Defaults())
        cases: tuple[Case, ...] = keys.require("cases", _cases(defaults), ())
        if "cassettes" not in keys:
            cassettes = beside
    if "cases" in node.value:
        _refuse_duplicates(node.child("cases"), cases)
    return Suite(
        version=VERSION,
        name=name,
        path=path,
        description=description,
        provider=provider,
        cassettes=cassettes,
        secrets=secrets,
        cases=cases,
    )


def _version(node: Node) -> int:
    if type(node.value) is not int or node.value != VERSION:
        node.expected(str(VERSION), f"this glmbench reads version {VERSION} of the format")
    return VERSION


def _name_of(path: Path, node: Node) -> str:
    if not _NAME.fullmatch(path.stem):
        hint = 'give the suite a "name"'
        node.report(f'the file name "{path.stem}" cannot name the suite\'s cassettes', hint)
    return path.stem


def _provider(node: Node) -> ProviderSpec:
    if isinstance(node.value, str):
        return ProviderSpec(name=text(node))
    if not isinstance(node.value, dict):
        node.expected("a name or a mapping")
        return ProviderSpec()
    with Keys(node, "provider") as keys:
        spec = ProviderSpec(
            name=keys.find("name", text),
            import_path=keys.find("import", _import_path),
            kwargs=keys.read("kwargs", plain_mapping, {}),
        )
        _exactly_one(node, keys, "provider", ("name", "import"))
    return spec


def _exactly_one(node: Node, keys: Keys, what: str, pair: tuple[str, str]) -> None:
    first, second = pair
    if not keys.is_mapping or (first in keys) != (second in keys):
        return
    if first in keys:
        node.child(second).report(f'{what} has both "{first}" and "{second}"', "keep one", key=True)
    else:
        node.report(f'{what} needs "{first}" or "{second}"')


def _defaults(node: Node) -> Defaults:
    with Keys(node, "defaults") as keys:
        return Defaults(
            model=keys.find("model", _model),
            options=keys.read("options", plain_mapping, {}),
            tags=keys.read("tags", one_or_list(_tag), ()),
            timeout=keys.find("timeout", _timeout),
            expect=keys.read("expect", read_expect, NOTHING),
        )


# --- a case ---------------------------------------------------------------------------------


def _cases(defaults: Defaults) -> Reader[tuple[Case, ...]]:
    return list_of(lambda node: _case(node, defaults))


def _case(node: Node, defaults: Defaults) -> Case:
    with Keys(node, "a case") as keys:
        case_id = keys.require("id", _case_id, "")
        description = keys.find("description", text)
        prompt = keys.find("prompt", text)
        messages = keys.find("messages", list_of(_message))
        _exactly_one(node, keys, "a case", ("prompt", "messages"))
        model = keys.find("model", _model)
        options: Mapping[str, Any] = keys.read("options", plain_mapping, {})
        tags: tuple[str, ...] = keys.read("tags", one_or_list(_tag), ())
        timeout = keys.find("timeout", _timeout)
        fault = keys.find("fault", read_fault)
        expect = keys.read("expect", read_expect, NOTHING)
    if messages is None:
        messages = (Message(role="user", content=prompt or ""),)
    return Case(
        id=case_id,
        description=description,
        messages=messages,
        model=defaults.model if model is None else model,
        options={**defaults.options, **options},
        tags=tuple(dict.fromkeys((*defaults.tags, *tags))),
        timeout=defaults.timeout if timeout is None else timeout,
        fault=fault,
        expect=settle(expect, defaults.expect),
    )


def _refuse_duplicates(node: Node, cases: tuple[Case, ...]) -> None:
    first: dict[str, int] = {}
    for index, case in enumerate(cases):
        earlier = first.setdefault(case.id, index)
        if case.id and earlier != index:
            place = node.document.position((*node.path, earlier, "id"))
            message = f'duplicate case id "{case.id}", first given on line {place.line}'
            node.child(index).child("id").report(message)


def _message(node: Node) -> Message:
    with Keys(node, "a message") as keys:
        return Message(
            role=keys.require("role", lambda role: word(role, ROLES, "role", "user"), "user"),
            content=keys.require("content", text, ""),
        )


def _model(node: Node) -> str:
    model = text(node)
    if len(encoded_model(model)) > _MAX_MODEL:
        node.report("the model name is too long for a cassette's file name")
    return model


# Also the limit of the virtual clock; a longer wait is a slip in the unit.
_MAX_TIMEOUT_S = 24 * 3600


def _timeout(node: Node) -> float | None:
    seconds = node.value
    if isinstance(seconds, str):
        try:
            seconds = parse_duration(seconds)
        except BoundError as error:
            node.report(str(error), error.hint)
            return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        node.expected("a duration", 'write "30s" or a number of seconds')
        return None
    if not 0 < seconds <= _MAX_TIMEOUT_S:
        node.report("a timeout must be longer than nothing and at most a day")
        return None
    return float(seconds)
