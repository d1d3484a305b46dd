"""What a suite says of its recordings: where they are, how old they may be, what is secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from glmbench.jsonpath import JsonPath, PathError, parse_path
from glmbench.suites.bounds import BoundError, parse_age
from glmbench.suites.model import CassetteSettings, SecretSettings
from glmbench.suites.nodes import Keys, Node, one_or_list, text, text_matching
from glmbench.suites.profiles import read_timing

if TYPE_CHECKING:
    from collections.abc import Mapping

# A secret of fewer characters turns up in texts by chance, and would be redacted there.
MIN_SECRET = 8

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
read_variable = text_matching(
    _VARIABLE, "name of an environment variable", "letters, digits and underscores"
)


def read_cassettes(beside: CassetteSettings, node: Node) -> CassetteSettings | None:
    """Read where the cassettes are; None when the suite says that there are none."""
    if node.value == "none":
        return None
    if not isinstance(node.value, dict):
        node.expected("a mapping, or none", "it may have dir, timing, max_age and ignore")
        return beside
    with Keys(node, "cassettes") as keys:
        return CassetteSettings(
            dir=keys.find("dir", text) or beside.dir,
            timing=keys.find("timing", read_timing),
            max_age_s=keys.find("max_age", _age),
            ignore=keys.read("ignore", one_or_list(_path), ()),
        )


def _age(node: Node) -> float | None:
    if not isinstance(node.value, str):
        node.expected("an age", 'write "90d", "4w" or "12h"')
        return None
    try:
        return parse_age(node.value)
    except BoundError as error:
        node.report(str(error), error.hint)
        return None


def _path(node: Node) -> JsonPath:
    written = text(node)
    try:
        return parse_path(written)
    except PathError as error:
        if written:
            node.report(str(error), 'write "$.request_id" or "$.messages[*].id"')
        return JsonPath(written, ())


def read_secrets(node: Node) -> SecretSettings:
    """Read the names of variables, or a mapping of those and of what is no secret."""
    if not isinstance(node.value, dict):
        return SecretSettings(env=one_or_list(read_variable)(node))
    with Keys(node, "secrets") as keys:
        return SecretSettings(
            env=keys.read("env", one_or_list(read_variable), ()),
            allow=keys.read("allow", one_or_list(text), ()),
        )


def too_short(names: tuple[str, ...], environ: Mapping[str, str]) -> list[str]:
    """Name the variables whose values could not be told from ordinary text."""
    return [name for name in names if 0 < len(environ.get(name, "")) < MIN_SECRET]
