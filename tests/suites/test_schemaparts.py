from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from glmbench.suites.schemaparts import (
    boolean,
    choice,
    either,
    mapping,
    mapping_of,
    one_or_list,
    text,
    texts,
    whole,
)

VALUES = [None, True, 0, 3, 1.5, "", "x", "yy", [], ["x"], ["x", ""], {}, {"x": 1}, {"y": "x"}]


@pytest.mark.parametrize(
    ("schema", "taken"),
    [
        (text("a text"), ["x", "yy"]),
        (text("a text", pattern="^y"), ["yy"]),
        (texts("texts"), ["x", "yy", ["x"]]),
        (one_or_list(whole("a number", least=1)), [3]),
        (whole("a number", least=0), [0, 3]),
        (boolean("a switch"), [True]),
        (choice("a word", ("x", "z")), ["x"]),
        (either(boolean("a switch"), text("a text")), [True, "x", "yy"]),
        (mapping_of("anything", {}), [{}, {"x": 1}, {"y": "x"}]),
        (mapping_of("texts", text("a text")), [{}, {"y": "x"}]),
        (mapping("x", "x only", {"x": {}}), [{}, {"x": 1}]),
        (mapping("x", "x at least", {"x": {}, "y": {}}, required=("x",)), [{"x": 1}]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_part_takes_these_values_and_no_others(schema, taken):
    validator = Draft202012Validator(schema)
    # By what it looks like, for 1 equals True.
    assert [str(value) for value in VALUES if validator.is_valid(value)] == list(map(str, taken))
