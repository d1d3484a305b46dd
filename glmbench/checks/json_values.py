"""JSON in a text, and when two JSON values are the same. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from glmbench.checks.excerpts import quoted

_FENCED = re.compile(r"```[^\n`]*\n(.*?)\n?```", re.DOTALL)


class NotJsonError(ValueError):
    """The text is no JSON; the message shows where reading stopped."""


def parse_json(text: str) -> Any:
    """Parse a text that is JSON, or one ``` fence with JSON and nothing beside it.

    Raises:
        NotJsonError: it is neither.
    """
    stripped = text.strip()
    fenced = _FENCED.fullmatch(stripped)
    body = fenced[1] if fenced else stripped
    if not body:
        raise NotJsonError("no JSON: the text is empty")
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise NotJsonError(f"no JSON: {error.msg}: {quoted(body, around=error.pos)}") from None
    except RecursionError:
        raise NotJsonError("no JSON: it is nested too deeply") from None
    except NotJsonError:
        raise
    except ValueError:
        # Python converts no integer of more than 4300 digits.
        raise NotJsonError("no JSON: a number in it is too long") from None


def _refuse_constant(name: str) -> None:
    # Python reads NaN and Infinity, which no other JSON parser takes.
    raise NotJsonError(f"no JSON: {name} is none")


def is_same(left: Any, right: Any) -> bool:
    """Compare as JSON does: 1 is 1.0, but true is not 1, and the order of keys does not count."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_same, left, right))
    return bool(left == right)


def shown(value: Any) -> str:
    """Write a value as JSON on one line."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "a value that is nested too deeply"
