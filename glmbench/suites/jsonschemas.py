"""JSON Schemas from suites: checked before the run, applied without ever fetching anything."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from glmbench.suites.patterns import DEADLINE_S, PatternError, compile_pattern, find_match

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema import FormatChecker
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator
    from referencing import Resource

SchemaPath: TypeAlias = tuple[str | int, ...]
SchemaProblem: TypeAlias = tuple[SchemaPath, str]

_REFERENCES = ("$ref", "$dynamicRef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """The most telling reason why a value does not fit; `place` is a path such as `$.city`."""

    place: str
    reason: str


def schema_problems(schema: Mapping[str, Any]) -> tuple[SchemaProblem, ...]:
    """Return what is wrong with a schema: the way to the place in it, and why."""
    return _problems_of(json.dumps(schema))


@lru_cache(maxsize=256)
def _problems_of(text: str) -> tuple[SchemaProblem, ...]:
    # By its text: a suite of thousands of cases has few schemas, and one takes a millisecond.
    return tuple(_problems(json.loads(text)))


def _problems(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    kind = _validator_class(schema)
    if kind is None:
        yield ("$schema",), "no draft of JSON Schema that is known here"
        return
    checker = kind(kind.META_SCHEMA, format_checker=_pattern_checker())
    # One fault is found once for every vocabulary of the draft.
    faults = dict.fromkeys(map(_told, checker.iter_errors(schema)))
    yield from faults or _foreign_references(schema, kind)


def _told(fault: ValidationError) -> SchemaProblem:
    # `type: strnig` breaks both branches of an anyOf: the first names the words there are,
    # unless another came further.
    telling = max(fault.context or [fault], key=lambda branch: len(branch.path))
    pattern = f"not a valid pattern: {telling.cause}" if telling.cause else None
    return tuple(telling.absolute_path), pattern or telling.message


def find_misfit(schema: Mapping[str, Any], value: Any) -> Misfit | None:
    """Find out why a value does not fit a schema; None when it fits.

    Raises:
        PatternTimeoutError: a `pattern` of the schema ran into the deadline.
    """
    from jsonschema.exceptions import best_match
    from referencing import Registry

    kind = _validator_class(schema)
    assert kind is not None, "the schema was checked while loading"
    # An explicit registry: without one, the library would fetch what a `$ref` names.
    checker = _with_deadline(kind)(schema, registry=Registry())
    error = best_match(checker.iter_errors(value))
    return Misfit(place=error.json_path, reason=error.message) if error else None


def _validator_class(schema: Mapping[str, Any]) -> type[Validator] | None:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    dialect = schema.get("$schema", Draft202012Validator.META_SCHEMA["$schema"])
    if not isinstance(dialect, str):
        return None
    try:
        return validator_for({"$schema": dialect}, default=None)  # type: ignore[arg-type]
    except ValueError:
        # It is not even a URL.
        return None


@cache
def _pattern_checker() -> FormatChecker:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    refusals = (PatternError, re.error, OverflowError, RecursionError)
    checker.checks("regex", raises=refusals)(_is_pattern)
    return checker


def _is_pattern(value: object) -> bool:
    """Raise for what is none. `pattern` is our search; names of properties are the library's."""
    if isinstance(value, str):
        compile_pattern(value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(value)
    return True


@cache
def _with_deadline(kind: type[Validator]) -> Any:
    from jsonschema.validators import extend

    return extend(kind, {"pattern": _check_pattern})  # type: ignore[no-untyped-call]


def _check_pattern(
    validator: Any, pattern: str, instance: Any, _: Mapping[str, Any]
) -> Iterator[Exception]:
    from jsonschema.exceptions import ValidationError

    if not validator.is_type(instance, "string"):
        return
    if find_match(pattern, instance, deadline_s=DEADLINE_S) is None:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _foreign_references(
    schema: Mapping[str, Any], kind: type[Validator]
) -> Iterator[SchemaProblem]:
    """Yield the references that lead nowhere within the schema."""
    from referencing import Registry
    from referencing.jsonschema import specification_with

    dialect = str(kind.META_SCHEMA["$schema"])
    resource: Resource[Any] = specification_with(dialect).create_resource(schema)
    uri = resource.id() or ""
    registry: Registry[Any] = Registry().with_resource(uri, resource)
    places = _places(schema)
    subschemas = list(_subschemas(resource, registry.resolver(uri)))
    known = {id(subschema) for subschema, _ in subschemas}
    for subschema, resolver in subschemas:
        # A boolean is a schema as well, which has no place of its own and nothing to say.
        if isinstance(subschema, dict):
            for key, reason in _unresolved(subschema, resolver, known):
                yield (*places[id(subschema)], key), reason


def _subschemas(resource: Resource[Any], resolver: Any) -> Iterator[tuple[Any, Any]]:
    """Yield a schema and every one within it, each with what resolves the references in it."""
    yield resource.contents, resolver
    for subresource in resource.subresources():
        yield from _subschemas(subresource, resolver.in_subresource(subresource))


def _unresolved(
    subschema: Mapping[str, Any], resolver: Any, known: set[int]
) -> Iterator[tuple[str, str]]:
    from referencing.exceptions import Unresolvable

    for key in _REFERENCES:
        reference = subschema.get(key)
        if isinstance(reference, str):
            try:
                target = resolver.lookup(reference).contents
            except Unresolvable:
                yield key, f'"{reference}" is not within this schema, and nothing is fetched'
                continue
            # Nobody looked at what stands in other places: it may be anything.
            if not isinstance(target, bool) and id(target) not in known:
                yield key, f'"{reference}" leads to a place where this draft has no schema'


def _places(value: Any, path: SchemaPath = ()) -> dict[int, SchemaPath]:
    """Map the identity of every mapping in a document to the way to it."""
    found: dict[int, SchemaPath] = {id(value): path} if isinstance(value, dict) else {}
    steps: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, dict):
        steps = iter(value.items())
    elif isinstance(value, list):
        steps = iter(enumerate(value))
    for step, inner in steps:
        found |= _places(inner, (*path, step))
    return found
