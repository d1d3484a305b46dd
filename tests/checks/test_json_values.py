from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.checks.json_values import NotJsonError, is_same, parse_json, shown

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(VALUES)
def test_what_json_wrote_is_read_and_is_the_same_fenced_or_not(value):
    text = json.dumps(value)
    assert is_same(parse_json(text), value)
    assert is_same(parse_json(f"\n```json\n{text}\n```\n"), value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "^no JSON: the text is empty$"),
        ("``` \n```", "^no JSON: the text is empty$"),
        ("Here: {}", '^no JSON: Expecting value: "Here: {}"$'),
        ('{"a": 1,}', "^no JSON: "),
        ("{} {}", '^no JSON: Extra data: "{} {}"$'),
        ("NaN", "^no JSON: NaN is none$"),
        ("[" * 100_000, "^no JSON: it is nested too deeply$"),
        ("1" * 5000, "^no JSON: a number in it is too long$"),
        ("```json\n{}\n```\n```json\n{}\n```", "^no JSON: "),
        ("So:\n```json\n{}\n```", "^no JSON: "),
    ],
)
def test_what_is_no_json_says_where_reading_stopped(text, message):
    with pytest.raises(NotJsonError, match=message):
        parse_json(text)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ({"a": 1, "b": [True]}, {"b": [True], "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 1}, False),
        ({"a": [1]}, {"a": [True]}, False),
        ("1", 1, False),
    ],
)
def test_values_are_the_same_as_json_has_it(left, right, same):
    assert is_same(left, right) is same
    assert is_same(right, left) is same


def test_a_value_is_shown_in_its_own_script():
    assert shown({"城市": None}) == '{"城市": null}'
