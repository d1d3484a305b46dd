"""Jinja2's sandbox, with less in it and with bounds. Pure: no loader, no clock, no chance.

A template may come from a stranger. It reaches no Python, and its time, its memory and its output
end: what can be said in few characters and done at great length is charged to a budget of steps.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from jinja2.exceptions import SecurityError, TemplateRuntimeError, UndefinedError
from jinja2.filters import FILTERS
from jinja2.runtime import LoopContext, StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
from jinja2.utils import missing, pass_context

from glmbench.problems import did_you_mean, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2.runtime import Context

# Many times the longest prompt that a model takes.
MAX_RENDERED = 1024 * 1024
# About a second of the cheapest steps; a prompt made of a hundred rows takes a thousand.
MAX_STEPS = 250_000
# So that no more than 64 MiB of text is handled in one rendering.
_CHARACTERS_PER_STEP = 256
# Python itself writes no number longer than 4,300 digits, which are 14,284 bits.
_MAX_BITS = 14_284
# Spaces of an indent, digits after a point.
_MAX_WIDTH = 100


# --- what is not there ----------------------------------------------------------------------


class UnknownNameError(UndefinedError):
    """The message is the name alone: only `render` knows which names there are."""


class Missing(StrictUndefined):
    """A value that is not there, and says so as soon as it is used."""

    __slots__ = ()
    # A list writes its items with `repr`.
    __repr__ = StrictUndefined.__str__

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: Callable[[str], TemplateRuntimeError] = UndefinedError,
    ) -> None:
        if hint is None and obj is missing:
            hint, exc = name, UnknownNameError
        elif hint is None:
            # Looking for near names is slow, and `default` makes most of these go unseen.
            hint, exc = str(name), partial(_lacking, obj)
        super().__init__(hint, obj, name, exc)  # type: ignore[arg-type]  # it is only called


def _lacking(owner: Any, name: str) -> UndefinedError:
    known = [str(key) for key in owner] if isinstance(owner, Mapping) else []
    return UndefinedError(with_hint(f"{_kind(owner)} has no {quoted(name)}", name, known))


def _kind(value: Any) -> str:
    kinds = {str: "a text", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    if isinstance(value, Mapping):
        return "a mapping"
    if value is None:
        return "none"
    if callable(value):
        return "a function"
    return kinds.get(type(value), f"a value of type {type(value).__name__}")


def quoted(name: object) -> str:
    return f'"{shortened(str(name))}"'


def with_hint(message: str, word: str, known: Iterable[str]) -> str:
    near = did_you_mean(word, [name for name in known if name != BUDGET])
    return f"{message}; {near}" if near else message


# --- the budget -----------------------------------------------------------------------------

# No identifiers, so that no template can reach them.
BUDGET = "the budget"
METER = "the meter"


class Budget:
    """The steps that one rendering has left."""

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def charge(self, *values: Any) -> None:
        """Count a value with all that it holds: a short list of lists can write a long text."""
        self.left -= 1
        rest = list(values)
        while rest and self.left >= 0:
            value = rest.pop()
            if isinstance(value, str):
                self.left -= len(value) // _CHARACTERS_PER_STEP
            elif isinstance(value, list | tuple | range | Mapping):
                self.left -= len(value)
                if self.left >= 0 and not isinstance(value, range):
                    rest.extend(value)
                    rest.extend(value.values() if isinstance(value, Mapping) else ())
            elif isinstance(value, int) and value.bit_length() > _MAX_BITS:
                raise TemplateRuntimeError("a number grows too long")
        if self.left < 0:
            raise TemplateRuntimeError(f"the template takes more than {MAX_STEPS:,} steps")


@pass_context
def _metered(context: Context, value: Any) -> Any:
    _charge(context, value)
    return value


def _charge(context: Context, *values: Any) -> None:
    context.get(BUDGET).charge(*values)


def _refuse_length() -> NoReturn:
    raise TemplateRuntimeError(f"the text grows longer than {MAX_RENDERED:,} characters")


def joined(pieces: Iterable[str]) -> str:
    """Join what a template writes, and stop it when that grows too long."""
    texts: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > MAX_RENDERED:
            _refuse_length()
        texts.append(piece)
    return "".join(texts)


# --- filters and operators ------------------------------------------------------------------


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Left out: what makes HTML, what draws lots, what only pads, and what reaches attributes.
_FILTER_NAMES = _words("""
    abs capitalize count d default dictsort first float format indent int items join last length
    list lower map max min reject rejectattr replace reverse round select selectattr sort sum title
    trim truncate unique upper wordcount
""")


def _as_json(value: Any) -> str:
    """JSON as a prompt wants it: real Unicode, and no escapes for the sake of HTML."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Undefined):
        return str(value)
    raise TypeError(f"{_kind(value)} has no form in JSON")


def _check_product(count: int, length: int) -> None:
    if count * length > MAX_RENDERED:
        _refuse_length()


def _check_join(value: Any, d: Any = "", *_: Any, **__: Any) -> None:
    _check_product(len(value), len(str(d)))


def _check_replace(value: Any, old: Any = "", new: Any = "", *_: Any, **__: Any) -> None:
    _check_product(str(value).count(str(old)), len(str(new)))


def _check_width(name: str, *widths: Any) -> None:
    for width in widths:
        size = len(width) if isinstance(width, str) else width
        if isinstance(size, int) and size > _MAX_WIDTH:
            raise TemplateRuntimeError(f"{name} takes at most {_MAX_WIDTH}")


def _check_sum(*args: Any, **kwargs: Any) -> None:
    start = args[2] if len(args) > 2 else kwargs.get("start", 0)
    if not isinstance(start, int | float):
        raise TemplateRuntimeError("sum adds numbers")


def _check_format(pattern: Any, *_: Any, **__: Any) -> None:
    """Refuse widths that could be huge: five digits in a row, or one taken from a value."""
    if re.search(r"[0-9]{5}|%[^%a-zA-Z]*\*", str(pattern)):
        raise TemplateRuntimeError("a format may not hold a number over 9,999 or a * for a width")


_CHECKS: Mapping[str, Callable[..., None]] = {
    "join": _check_join,
    "replace": _check_replace,
    "indent": lambda _, *args, **kwargs: _check_width("indent", *args, *kwargs.values()),
    "round": lambda _, *args, **kwargs: _check_width("round", *args, *kwargs.values()),
    "sum": _check_sum,
    "format": _check_format,
}


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Charge a filter for what it takes and what it makes."""
    passed = getattr(function, "jinja_pass_arg", None)
    check = _CHECKS.get(name)

    @pass_context
    def bounded(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        _charge(context, value, args, kwargs)
        if check is not None:
            check(value, *args, **kwargs)
        own = {
            "context": context,
            "eval_context": context.eval_ctx,
            "environment": context.environment,
        }
        lead = () if passed is None else (own[passed.name],)
        made = function(*lead, value, *args, **kwargs)
        # A generator would do its work uncharged, and be written as an address in memory.
        result = list(made) if isinstance(made, Iterator) else made
        _charge(context, result)
        return result

    return bounded


def _check_operands(operator: str, left: Any, right: Any) -> None:
    if operator == "**" and isinstance(left, int) and isinstance(right, int):
        if left.bit_length() * right > _MAX_BITS:
            raise TemplateRuntimeError("a number grows too long")
    elif operator == "%" and isinstance(left, str):
        _check_format(left)
    elif operator == "*":
        for many, count in ((left, right), (right, left)):
            if isinstance(many, str | list | tuple) and isinstance(count, int):
                _check_product(len(many), count)


# --- the sandbox ----------------------------------------------------------------------------

_METHODS: Mapping[type, frozenset[str]] = {
    str: _words("""
        capitalize count endswith find isalpha isdigit isspace lower lstrip removeprefix
        removesuffix rstrip split splitlines startswith strip title upper
    """),
    list: _words("count index"),
    tuple: _words("count index"),
    Mapping: _words("get items keys values"),
    LoopContext: _words("""
        changed cycle depth depth0 first index index0 last length nextitem previtem revindex
        revindex0
    """),
}


@pass_context
def _written(context: Context, value: Any) -> Any:
    """Charge what is written; refuse what Python would write as an address in memory."""
    if not isinstance(value, str | int | float | list | tuple | Mapping | Undefined | None):
        raise TemplateRuntimeError(f"{_kind(value)} cannot be written as text")
    _charge(context, value)
    return value


_VIEWS = (KeysView, ItemsView, ValuesView)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, with the attributes and filters that are allowed named one by one."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    concat = staticmethod(joined)

    def __init__(self) -> None:
        super().__init__(
            undefined=Missing, keep_trailing_newline=True, autoescape=False, finalize=_written
        )
        known = {**{name: FILTERS[name] for name in _FILTER_NAMES}, "string": str}
        filters = {**known, "tojson": _as_json}
        self.filters = {name: _bounded(name, function) for name, function in filters.items()}
        self.filters[METER] = _metered
        # Searching is charged, and the operator is where that is done.
        del self.tests["in"]
        self.globals.clear()
        self.globals["range"] = safe_range

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Prefer what a mapping holds to its methods: a column may be named `items`."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        allowed = any(isinstance(obj, kind) and attr in names for kind, names in _METHODS.items())
        return allowed and super().is_safe_attribute(obj, attr, value)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        message = f"{quoted(attribute)} of {_kind(obj)} is not available in a template"
        return Missing(message, obj, attribute, SecurityError)

    def wrap_str_format(self, value: Any) -> None:
        """Leave `format` to `is_safe_attribute`, which refuses it: its widths have no bound."""

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        # Those with an underscore are Jinja2's own.
        given = [value for name, value in kwargs.items() if not name.startswith("_")]
        _charge(context, *args, *given)
        made = super().call(context, obj, *args, **kwargs)
        result = list(made) if isinstance(made, _VIEWS) else made
        _charge(context, result)
        return result

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        _charge(context, left, right)
        _check_operands(operator, left, right)
        result = super().call_binop(context, operator, left, right)
        _charge(context, result)
        return result
