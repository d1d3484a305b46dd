"""Suite file to Suite, with everything that is wrong in one go and every case's place.

Strict: nothing unknown is passed over, nothing is coerced. Whether a provider exists and takes
these options is not known here; the runner's plan adds that to the same list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from glmbench.problems import Problem, did_you_mean, nearest, printable, shortened
from glmbench.suites.cases import (
    MAX_NAME,
    Defaults,
    Surroundings,
    check_name,
    check_template,
    read_cases,
    read_defaults,
    read_model,
)
from glmbench.suites.expand import count_trials, longest_axes, longest_name
from glmbench.suites.model import CassetteSettings, ProviderSpec, SecretSettings, Suite, Text
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
)
from glmbench.suites.profiles import read_profiles
from glmbench.suites.recordings import read_cassettes, read_secrets, read_variable
from glmbench.suites.thresholds import read_thresholds
from glmbench.yamlsource import YamlError, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from glmbench.suites.model import Case
    from glmbench.yamlsource import Document, NodePath, Position

VERSION = 1

# A run of so many takes hours at best. What a few lines of matrix multiply to ends here.
MAX_TRIALS = 100_000

Matrix: TypeAlias = "Mapping[str, tuple[Any, ...]]"


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

# Unlike an id it may be in any script: it only names a folder.
_NAME = re.compile(rf'[^\W_][^/\\:*?"<>|\x00-\x1f\x7f]{{0,{MAX_NAME // 2}}}(?<![. ])')
_NAME_RULE = (
    'it names a folder: a letter or digit first, no dot or blank last, without / \\ : * ? " < > |,'
    f" at most {MAX_NAME // 2 + 1} characters"
)
_IMPORT = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")

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
        secrets = keys.read("secrets", read_secrets, SecretSettings())
        env: tuple[str, ...] = keys.read("env", one_or_list(read_variable), ())
        variables = frozenset({*secrets.env, *env})
        beside = CassetteSettings(dir=f"cassettes/{name}")
        provider = keys.require("provider", _provider(variables), ProviderSpec())
        cassettes = keys.find("cassettes", partial(read_cassettes, beside))
        matrix: Matrix = keys.read("matrix", _matrix, {})
        around = Surroundings(
            folder=path.parent,
            defaults=keys.read("defaults", read_defaults, Defaults()),
            axes=frozenset(matrix),
            variables=variables,
        )
        suite = Suite(
            version=VERSION,
            name=name,
            path=path,
            description=description,
            provider=provider,
            cassettes=cassettes if "cassettes" in keys else beside,
            secrets=secrets,
            env=env,
            matrix=matrix,
            cases=keys.require("cases", read_cases(around), ()),
            profiles=keys.read("profiles", read_profiles, {}),
            thresholds=keys.read("thresholds", read_thresholds, ()),
        )
    _check_together(node, suite, around.defaults)
    return suite


def _check_together(node: Node, suite: Suite, defaults: Defaults) -> None:
    """Report what no part of a suite can know alone."""
    if "cases" in node.value:
        cases = node.child("cases")
        _refuse_duplicates(cases, suite.cases)
        _check_extent(cases, suite.cases, suite.matrix)
        _check_tags(node, frozenset(tag for case in suite.cases for tag in case.tags))
    if "model" in suite.matrix and defaults.model is not None:
        message = "the defaults name a model, and the matrix names models"
        node.child("defaults").child("model").report(message, "keep one", key=True)


def _refuse_duplicates(node: Node, cases: tuple[Case, ...]) -> None:
    first: dict[str, int] = {}
    for index, case in enumerate(cases):
        earlier = first.setdefault(case.id, index)
        if case.id and earlier != index:
            place = node.document.position((*node.path, earlier, "id"))
            message = f'duplicate case id "{case.id}", first given on line {place.line}'
            node.child(index).child("id").report(message)


def _check_extent(node: Node, cases: tuple[Case, ...], matrix: Matrix) -> None:
    """Report names that no file could have, and more trials than anybody would run."""
    axes = longest_axes(matrix)
    total = 0
    for index, case in enumerate(cases):
        total += count_trials(case, matrix)
        length = longest_name(case, axes)
        if length > MAX_NAME >= len(case.id):
            message = (
                f"trials of this case have names of {length} characters, for at most {MAX_NAME}"
            )
            node.child(index).report(
                message, "they are files; shorten the id or the matrix's values"
            )
    if total > MAX_TRIALS:
        node.report(f"the suite has {total:,} trials; at most {MAX_TRIALS:,} are run", key=True)


def _check_tags(node: Node, known: frozenset[str]) -> None:
    """Report what selects cases by a tag that no case has."""
    profiles = node.value.get("profiles")
    for name in profiles if isinstance(profiles, dict) else ():
        for key in ("tags", "not_tags"):
            _check_tag(node.child("profiles").child(name), key, known)
    thresholds = node.value.get("thresholds")
    for index, threshold in enumerate(thresholds if isinstance(thresholds, list) else ()):
        if isinstance(threshold, dict) and "where" in threshold:
            _check_tag(node.child("thresholds").child(index).child("where"), "tag", known)


def _check_tag(node: Node, key: str, known: frozenset[str]) -> None:
    """Report unknown tags, one or a list; what is no tag at all was reported before."""
    given = node.value.get(key) if isinstance(node.value, dict) else None
    places = [node.child(key)] if isinstance(given, str) else []
    if isinstance(given, list):
        places = [node.child(key).child(index) for index in range(len(given))]
    for place in places:
        tag = place.value
        if isinstance(tag, str) and tag and tag not in known:
            message = f'no case has the tag "{printable(shortened(tag))}"'
            listed = f"the tags are: {', '.join(sorted(known))}" if known else "no case has any"
            place.report(message, did_you_mean(tag, known) or shortened(listed, 100))


def _matrix(node: Node) -> Matrix:
    """Read the axes: `model` has models, any other values for templates."""
    axes: dict[str, tuple[Any, ...]] = {}
    for name in plain_mapping(node):
        axis = node.child(name)
        if name == "model":
            axes[name] = one_or_list(read_model)(axis)
        else:
            check_name(axis, name)
            axes[name] = list_of(_axis_value)(axis)
        if len(set(map(str, axes[name]))) < len(axes[name]):
            axis.report(f"{axis.label} names a value twice")
    return axes


def _axis_value(node: Node) -> str | int | float | bool:
    if isinstance(node.value, str | int | float):
        return node.value
    node.expected("a text, a number, true or false")
    return ""


def _version(node: Node) -> int:
    if type(node.value) is not int or node.value != VERSION:
        node.expected(str(VERSION), f"this glmbench reads version {VERSION} of the format")
    return VERSION


def _name_of(path: Path, node: Node) -> str:
    if not _NAME.fullmatch(path.stem):
        hint = 'give the suite a "name"'
        node.report(f'the file name "{path.stem}" cannot name the suite\'s cassettes', hint)
    return path.stem


def _provider(variables: frozenset[str]) -> Reader[ProviderSpec]:
    def read(node: Node) -> ProviderSpec:
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
                template=keys.read("template", flag, True),  # noqa: FBT003 -- a default
            )
            _exactly_one(node, keys, "provider", ("name", "import"))
        if spec.template and "kwargs" in node.value:
            _check_texts(node.child("kwargs"), variables)
        return spec

    return read


def _check_texts(node: Node, variables: frozenset[str]) -> None:
    """Check every text in the provider's options as a template; they know the environment only."""
    if isinstance(node.value, str):
        check_template(node, Text(node.value, node.path), (), variables)
    elif isinstance(node.value, dict | list):
        steps = node.value if isinstance(node.value, dict) else range(len(node.value))
        for step in steps:
            _check_texts(node.child(step), variables)


def _exactly_one(node: Node, keys: Keys, what: str, pair: tuple[str, str]) -> None:
    first, second = pair
    if not keys.is_mapping or (first in keys) != (second in keys):
        return
    if first in keys:
        node.child(second).report(f'{what} has both "{first}" and "{second}"', "keep one", key=True)
    else:
        node.report(f'{what} needs "{first}" or "{second}"')
