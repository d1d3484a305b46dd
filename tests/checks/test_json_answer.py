from __future__ import annotations

import pytest
from checks.turns import answer, verdicts

from glmbench.jsonpath import parse_path
from glmbench.suites.expect import Expect, JsonExpect

CITY = '{"city": "Beijing", "list": [{"id": 1}, {"id": 2}, {"id": 1}], "none": null}'
SCHEMA = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 7}}}
FITS = "JSON that fits the schema"


def at(path, value):
    return Expect(json=JsonExpect(at={parse_path(path): value}))


@pytest.mark.parametrize(
    ("text", "status", "got"),
    [
        ('{"city": "Bern"}', "passed", '{"city": "Bern"}'),
        ('```json\n{"city": "Bern"}\n```', "passed", '{"city": "Bern"}'),
        ('{"city": 1}', "failed", "$.city: 1 is not of type 'string'"),
        ('{"city": "Shanghai"}', "failed", "$.city: 'Shanghai' is too long"),
        ("[]", "failed", "$: [] is not of type 'object'"),
        ("Bern", "failed", 'no JSON: Expecting value: "Bern"'),
    ],
)
def test_the_text_fits_the_schema_or_the_reason_is_told(text, status, got):
    expect = Expect(json=JsonExpect(schema=SCHEMA))
    assert verdicts(expect, answer(text)) == [("json.schema", status, FITS, got)]


@pytest.mark.parametrize(
    ("path", "value", "verdict"),
    [
        ("$.city", "Beijing", ("passed", '$.city = "Beijing"', '"Beijing"')),
        ("$.city", "Bern", ("failed", '$.city = "Bern"', '"Beijing"')),
        ("$.none", None, ("passed", "$.none = null", "null")),
        ("$.town", None, ("failed", "$.town = null", "nothing there")),
        ("$.list[1]", {"id": 2}, ("passed", '$.list[1] = {"id": 2}', '{"id": 2}')),
        ("$.list[*].id", 1, ("failed", "$.list[*].id = 1", "value 2 of 3: 2")),
        ("$.list[*].name", 1, ("failed", "$.list[*].name = 1", "nothing there")),
        ("$.list[0].id", True, ("failed", "$.list[0].id = true", "1")),
    ],
)
def test_the_value_at_a_path_is_the_expected_one_or_it_is_shown(path, value, verdict):
    assert verdicts(at(path, value), answer(CITY)) == [("json.at", *verdict)]


def test_every_value_that_a_path_with_a_star_names_must_be_equal():
    [(_, status, _, got)] = verdicts(at("$[*].id", 1), answer('[{"id": 1}, {"id": 1.0}]'))
    assert (status, got) == ("passed", "1")


def test_what_is_no_json_fails_each_check_with_the_same_reason():
    expect = Expect(json=JsonExpect(schema={}, at={parse_path("$.a"): 1}))
    assert verdicts(expect, answer("no")) == [
        ("json.schema", "failed", FITS, 'no JSON: Expecting value: "no"'),
        ("json.at", "failed", "$.a = 1", 'no JSON: Expecting value: "no"'),
    ]


def test_a_runaway_pattern_of_a_schema_fails_and_says_so(monkeypatch):
    monkeypatch.setattr("glmbench.suites.jsonschemas.DEADLINE_S", 0.05)
    expect = Expect(json=JsonExpect(schema={"pattern": "(?:a|aa)+$"}))
    text = f'"{"a" * 60}b"'
    [(_, status, _, got)] = verdicts(expect, answer(text))
    assert (status, got) == ("failed", "a pattern of the schema gave no answer within 0.05 s")


def test_a_schema_that_leads_to_itself_fails_and_says_so():
    expect = Expect(json=JsonExpect(schema={"$ref": "#"}))
    [(_, status, _, got)] = verdicts(expect, answer("1"))
    assert status == "failed"
    assert got == "the schema leads to itself without end, or the value is nested too deeply"
