"""A schema is judged while loading, and nothing is ever fetched for it."""

from __future__ import annotations

import pytest

from glmbench.suites.jsonschemas import Misfit, find_misfit, schema_problems
from glmbench.suites.patterns import PatternTimeoutError

REMOTE = "http://localhost:9/city.json"
BEYOND = "is not within this schema, and nothing is fetched"
UNKNOWN_DRAFT = (("$schema",), "no draft of JSON Schema that is known here")
TWICE = "redefinition of group name 'a' as group 2; was group 1 at position 11"


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": ["object", "null"], "properties": {"a": True}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"pattern": "^a"}}},
        {
            "$id": "http://x/a",
            "properties": {"a": {"$ref": "http://x/a#/$defs/b"}},
            "$defs": {"b": {}},
        },
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {"$ref": "#"}}},
        {"const": {"$ref": REMOTE}},
    ],
)
def test_a_good_schema_has_no_problems(schema):
    assert schema_problems(schema) == ()


@pytest.mark.parametrize(
    ("schema", "problems"),
    [
        (
            {"properties": {"a": {"minimum": "1"}, "b": {"pattern": "("}}, "required": "a"},
            [
                (("properties", "a", "minimum"), "'1' is not of type 'number'"),
                (("properties", "b", "pattern"), "not a valid pattern: missing ) at character 2"),
                (("required",), "'a' is not of type 'array'"),
            ],
        ),
        (
            {"allOf": [{}, {"$ref": REMOTE}]},
            [(("allOf", 1, "$ref"), f'"{REMOTE}" {BEYOND}')],
        ),
        (
            {"$ref": "#/$defs/b", "$defs": {"a": {}}},
            [(("$ref",), f'"#/$defs/b" {BEYOND}')],
        ),
        ({"$schema": "http://localhost/draft"}, [UNKNOWN_DRAFT]),
        ({"$schema": "http://[x"}, [UNKNOWN_DRAFT]),
        ({"$schema": ["2020-12"]}, [UNKNOWN_DRAFT]),
        (
            {"properties": {"$ref": "x"}},
            [(("properties", "$ref"), "'x' is not of type 'object', 'boolean'")],
        ),
        (
            {"enum": ["a"], "$ref": "#/enum/0"},
            [(("$ref",), '"#/enum/0" leads to a place where this draft has no schema')],
        ),
        (
            {"$ref": "#/x", "x": {"type": "strnig"}},
            [(("$ref",), '"#/x" leads to a place where this draft has no schema')],
        ),
        (
            {"pattern": "(?P<a>)(?P<a>)"},
            [
                (("pattern",), f"not a valid pattern: {TWICE}"),
            ],
        ),
        (
            {"patternProperties": {"[": {}}},
            [
                (
                    ("patternProperties",),
                    "not a valid pattern: unterminated character set at character 2",
                )
            ],
        ),
        (
            {"items": {"pattern": "(?P<a>)(?P=b)"}},
            [(("items", "pattern"), "not a valid pattern: unknown group at character 11")],
        ),
    ],
)
def test_a_bad_schema_is_told_by_place(schema, problems):
    assert sorted(schema_problems(schema)) == problems


@pytest.mark.parametrize(
    ("schema", "value", "misfit"),
    [
        ({"type": "object"}, {}, None),
        ({"required": ["b"]}, {}, Misfit(place="$", reason="'b' is a required property")),
        (
            {"properties": {"a": {"items": {"type": "integer"}}}},
            {"a": [1, "x"]},
            Misfit(place="$.a[1]", reason="'x' is not of type 'integer'"),
        ),
        ({"pattern": "b"}, "abc", None),
        ({"pattern": "^b"}, "abc", Misfit(place="$", reason="'abc' does not match '^b'")),
        ({"pattern": "^b"}, 1, None),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"const": 1}}},
            2,
            Misfit(place="$", reason="1 was expected"),
        ),
    ],
)
def test_a_value_fits_or_the_first_reason_is_told(schema, value, misfit):
    assert find_misfit(schema, value) == misfit


def test_a_runaway_pattern_meets_its_deadline(monkeypatch):
    monkeypatch.setattr("glmbench.suites.jsonschemas.DEADLINE_S", 0.05)
    with pytest.raises(PatternTimeoutError, match=r"^no answer within 0\.05 s$"):
        find_misfit({"pattern": "(?:a|aa)+$"}, "a" * 60 + "b")
