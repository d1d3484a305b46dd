"""The strings of a JSON text are found with their paths, and stay what they are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.redaction.jsontext import MAX_STEPS, string_leaves


def leaves(text, start=0, end=None):
    data = text.encode()
    found = string_leaves(data, start, len(data) if end is None else end)
    return [(leaf.path, leaf.value(data)) for leaf in found if not leaf.is_key]


def walked(value, path=()):
    if isinstance(value, str):
        return [(path, value)]
    if isinstance(value, dict):
        return [each for key, item in value.items() for each in walked(item, (*path, key))]
    if isinstance(value, list):
        return [each for index, item in enumerate(value) for each in walked(item, (*path, index))]
    return []


DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(DOCUMENTS, st.sampled_from([None, 1]), st.booleans())
def test_every_string_of_a_document_is_found_at_its_path(document, indent, ascii_only):
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert leaves(text) == walked(document)


@given(DOCUMENTS, st.data())
def test_a_document_that_is_cut_off_yields_a_beginning_of_its_strings(document, data):
    text = json.dumps(document)
    whole = leaves(text)
    cut = leaves(text[: data.draw(st.integers(0, len(text)))])
    assert [path for path, _ in cut] == [path for path, _ in whole[: len(cut)]]
    assert cut[:-1] == whole[: len(cut)][:-1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("hello", []),
        ('hello "you"', []),
        ("[DONE]", []),
        ('<p class="x">', []),
        ('{"a" "b"}', []),
        ('{"a": "b" "c"}', [(("a",), "b")]),
        ('{"a": [1, "b"}, "c"', [(("a", 1), "b")]),
        ('[]]"a"', []),
        ('[,"a"]', []),
        ('1 2 "a"\n"b"', [((), "a"), ((), "b")]),
        ('{"a": "b', [(("a",), "b")]),
        ('{"a": "b\\', [(("a",), "b\\")]),
    ],
)
def test_what_is_no_json_ends_the_reading(text, found):
    assert leaves(text) == found


def test_a_range_is_read_as_if_there_were_nothing_around_it():
    assert leaves('["x"] ["yy"]', 6, 11) == [((0,), "yy")]
    assert leaves('["x"] ["yy"]', 6, 9) == [((0,), "y")]


def test_keys_are_strings_too_and_values_know_theirs():
    data = b'{"a": "x", "b": ["y"]}'
    found = [
        (data[leaf.start : leaf.end], leaf.key, leaf.is_key) for leaf in string_leaves(data, 0, 22)
    ]
    assert found == [
        (b"a", None, True),
        (b"x", "a", False),
        (b"b", None, True),
        (b"y", None, False),
    ]


def test_a_text_nested_without_end_is_read():
    depth = 200_000
    ((path, value),) = leaves("[" * depth + '"deep"')
    assert (len(path), value) == (MAX_STEPS, "deep")
