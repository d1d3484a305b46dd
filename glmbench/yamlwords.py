"""Words of YAML: what a plain scalar means, and what libyaml's errors mean. Pure, no parser."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BASED_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")


def resolve(text: str) -> Any:
    """Type a plain scalar by the core schema of YAML 1.2.2, section 10.3.2."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _BASED_INT.fullmatch(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A syntax error in our words; `at_start` when it lies where libyaml's context began."""

    message: str
    hint: str | None = None
    at_start: bool = False


_UNCLOSED = re.compile(r"expected ',' or '([\]}])'")


def reword(said: str, context: str, char: str, began_line: int) -> Fault:
    """Say what libyaml said in words that name the cure.

    `char` is the character where it noticed the fault, `began_line` the line of its context.
    """
    if char == "\t":
        return Fault(message="a tab where blanks are expected", hint="indent with blanks")
    if closing := _UNCLOSED.search(said):
        return Fault(
            message=f'"," or "{closing[1]}" is missing before this',
            hint=f"the bracket was opened on line {began_line}",
        )
    for phrase, at_start, message, hint in _REWORDED:
        if phrase in f"{context}: {said}":
            hint = hint.format(line=began_line)
            return Fault(message=message, hint=hint, at_start=at_start)
    return Fault(message=f"not valid YAML: {said}" + (f" ({context})" if context else ""))


_REWORDED: tuple[tuple[str, bool, str, str], ...] = (
    # libyaml's words; whether the fault is where its context began; ours; the cure
    (
        "cannot start any token",
        False,
        "no text can start with this character",
        "quote the text",
    ),
    (
        "mapping values are not allowed",
        False,
        'a ":" where no key can stand',
        'a text with ": " in it needs quotes; else check the indentation',
    ),
    (
        "could not find expected ':'",
        True,
        'a key without ":"',
        'write "key: value"',
    ),
    (
        "quoted scalar: found unexpected end of stream",
        True,
        "the quoted text that starts here never ends",
        "add the closing quote",
    ),
    (
        "did not find expected key",
        False,
        "a key is expected here",
        "the mapping around this starts on line {line}; check the indentation",
    ),
    (
        "did not find expected '-' indicator",
        False,
        'an item ("- ") is expected here',
        "the list around this starts on line {line}; check the indentation",
    ),
    (
        "unknown escape character",
        False,
        "this escape is not known",
        "in double quotes a backslash starts an escape; single quotes take it as it is",
    ),
    (
        "scanning an alias",
        True,
        "an alias (*) needs a name",
        "a text that starts with * needs quotes",
    ),
    (
        "scanning an anchor",
        True,
        "an anchor (&) needs a name",
        "a text that starts with & needs quotes",
    ),
)
