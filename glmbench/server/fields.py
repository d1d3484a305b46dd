"""Typed access to a YAML document that collects what is wrong instead of stopping at it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from glmbench.yamlsource import Document, Problem, did_you_mean

Where: TypeAlias = tuple[str | int, ...]
Choice = TypeVar("Choice", bound=str)

_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s)")
_DURATION_HINT = 'a number of seconds, or a text such as "40ms" or "1.5s"'

# Longer than any answer; what is above it is a slip of the unit.
_MAX_DELAY_S = 3600.0


@dataclass(slots=True, kw_only=True)
class Sheet:
    """A document and the problems found in it so far."""

    document: Document
    problems: list[Problem] = field(default_factory=list)

    def say(self, where: Where, message: str, hint: str | None = None) -> None:
        """Note a problem with the value at a place."""
        self.problems.append(self.document.problem(where, message, hint))

    def say_of_key(self, where: Where, message: str, hint: str | None = None) -> None:
        """Note a problem with the key at a place."""
        self.problems.append(self.document.problem(where, message, hint, key=True))


class Fields:
    """One mapping of the document. A wrong value is noted and read as its default."""

    def __init__(self, sheet: Sheet, where: Where, value: Any) -> None:
        self.sheet = sheet
        self.where = where
        self.values: Mapping[str, Any] = {}
        self._is_mapping = isinstance(value, Mapping)
        if self._is_mapping:
            self.values = value
        else:
            sheet.say(where, f"this must be a mapping, not {kind_of(value)}")

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def say(self, key: str, message: str, hint: str | None = None) -> None:
        self.sheet.say((*self.where, key), message, hint)

    def allow(self, known: Iterable[str], elsewhere: Mapping[str, str] | None = None) -> None:
        """Note every key that is not known; `elsewhere` explains those known in other places."""
        known = list(known)
        for key in self.values:
            if key in known:
                continue
            if elsewhere and key in elsewhere:
                message, hint = f'"{key}" {elsewhere[key]}', None
            else:
                message, hint = f'unknown key "{key}"', did_you_mean(key, known)
            self.sheet.say_of_key((*self.where, key), message, hint)

    def require(self, *keys: str) -> None:
        """Note every key that is missing, at the mapping."""
        for key in keys:
            if self._is_mapping and key not in self.values:
                self.sheet.say(self.where, f'"{key}" is missing here')

    def exactly_one(self, keys: Sequence[Choice], what: str) -> Choice | None:
        """Find the one of several keys that is there; None, with a problem, otherwise."""
        found = [key for key in keys if key in self.values]
        if not self._is_mapping:
            return None
        if len(found) == 1:
            return found[0]
        if not found:
            names = ", ".join(keys)
            self.sheet.say(self.where, f"{what} needs one of: {names}")
        else:
            both = " and ".join(f'"{key}"' for key in found)
            self.sheet.say_of_key((*self.where, found[1]), f"{what} cannot have {both}")
        return None

    def inside(self, key: str) -> Fields:
        return Fields(self.sheet, (*self.where, key), self.values[key])

    def items(self, key: str) -> Iterator[tuple[Where, Any]]:
        """Walk through a list, each item with its place; what is no list has no items."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.say(key, f'"{key}" must be a list, not {kind_of(value)}')
            return
        for index, item in enumerate(value):
            yield (*self.where, key, index), item

    def text(self, key: str, default: str = "") -> str:
        value = self.values.get(key, default)
        if isinstance(value, str):
            return value
        hint = None if isinstance(value, list | Mapping) else "put it in quotes"
        self.say(key, f'"{key}" must be a text, not {kind_of(value)}', hint)
        return default

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.values.get(key, default)
        if isinstance(value, bool):
            return value
        self.say(key, f'"{key}" must be true or false, not {kind_of(value)}')
        return default

    def integer(self, key: str, default: int, *, at_least: int, at_most: int | None = None) -> int:
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            self.say(key, f'"{key}" must be a whole number, not {kind_of(value)}')
            return default
        if value < at_least or (at_most is not None and value > at_most):
            bounds = f"at least {at_least}" if at_most is None else f"{at_least} to {at_most}"
            self.say(key, f'"{key}" must be {bounds}, not {value}')
            return default
        return value

    def choice(self, key: str, choices: Sequence[Choice], default: Choice) -> Choice:
        """Read one of several words; a number such as 2025 counts as the word it spells."""
        value = self.values.get(key, default)
        word = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for choice in choices:
            if word == choice:
                return choice
        shown = f'"{value}"' if isinstance(value, str) else kind_of(value)
        hint = did_you_mean(value, choices) if isinstance(value, str) else None
        self.say(key, f'"{key}" must be one of {", ".join(choices)}, not {shown}', hint)
        return default

    def duration(self, key: str, default: float) -> float:
        if key not in self.values:
            return default
        return seconds(self.sheet, (*self.where, key), self.values[key], default)


def seconds(sheet: Sheet, where: Where, value: Any, default: float = 0.0) -> float:
    """Read a delay: seconds as a number, or a text with its unit."""
    match value:
        case bool():
            read = None
        case int() | float():
            read = float(value)
        case str() if spelled := _DURATION.fullmatch(value.strip()):
            read = float(spelled[1]) / (1000.0 if spelled[2] == "ms" else 1.0)
        case _:
            read = None
    if read is None:
        shown = f'"{value}"' if isinstance(value, str) else kind_of(value)
        sheet.say(where, f"this is no delay: {shown}", _DURATION_HINT)
        return default
    if not (math.isfinite(read) and 0.0 <= read <= _MAX_DELAY_S):
        sheet.say(where, f"a delay must be 0 to {_MAX_DELAY_S:.0f} seconds, not {value}")
        return default
    return read


def kind_of(value: Any) -> str:
    """Name what a value is, in the words of a YAML file."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "a mapping"
