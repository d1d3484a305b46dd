"""Paths name places in JSON, and what they name can be left out."""

from __future__ import annotations

import pytest

from glmbench.jsonpath import PathError, find_values, parse_path, without


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$", ()),
        ("$.request_id", ("request_id",)),
        ("$.a.b-c", ("a", "b-c")),
        ("$.messages[0].id", ("messages", 0, "id")),
        ("$.messages[*].id", ("messages", None, "id")),
        ('$["odd.key"].城市', ("odd.key", "城市")),
    ],
)
def test_a_path_is_its_steps(text, steps):
    assert parse_path(text).steps == steps


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("request_id", '^the path "request_id" does not start with "\\$"$'),
        ("$.", '^the path "\\$\\." cannot be read from "\\." on$'),
        ("$..a", '^the path "\\$\\.\\.a" cannot be read from "\\.\\.a" on$'),
        ("$.a[x]", '^the path "\\$\\.a\\[x\\]" cannot be read from "\\[x\\]" on$'),
        ("$.a b", '^the path "\\$\\.a b" cannot be read from " b" on$'),
    ],
)
def test_what_is_no_path_is_refused_where_reading_stopped(text, message):
    with pytest.raises(PathError, match=message):
        parse_path(text)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$", [{"a": {"b": None}, "list": [{"id": 1}, {"id": 2}, 3]}]),
        ("$.a.b", [None]),
        ("$.a.c", []),
        ("$.list[1].id", [2]),
        ("$.list[3]", []),
        ("$.list[*].id", [1, 2]),
        ("$.list.id", []),
        ("$.a[0]", []),
        ("$.a[*]", []),
    ],
)
def test_what_a_path_names_is_found_in_the_order_of_the_document(path, values):
    document = {"a": {"b": None}, "list": [{"id": 1}, {"id": 2}, 3]}
    assert find_values(document, parse_path(path)) == values


@pytest.mark.parametrize(
    ("paths", "left"),
    [
        (["$.id"], {"list": [{"id": 1, "x": 2}, {"id": 3}], "deep": {"a": {"b": 1}}}),
        (["$.list[*].id"], {"id": 9, "list": [{"x": 2}, {}], "deep": {"a": {"b": 1}}}),
        (["$.list[1]"], {"id": 9, "list": [{"id": 1, "x": 2}], "deep": {"a": {"b": 1}}}),
        (["$.list[0]", "$.list[1]"], {"id": 9, "list": [], "deep": {"a": {"b": 1}}}),
        (["$.list[0]", "$.list[1].id"], {"id": 9, "list": [{}], "deep": {"a": {"b": 1}}}),
        (["$.deep", "$.deep.a.b", "$.deep[*]"], {"id": 9, "list": [{"id": 1, "x": 2}, {"id": 3}]}),
        (["$.list[*]", "$.deep.a.b"], {"id": 9, "list": [], "deep": {"a": {}}}),
        (
            ["$.nothing.here", "$.id.deeper", "$.list.id"],
            {"id": 9, "list": [{"id": 1, "x": 2}, {"id": 3}], "deep": {"a": {"b": 1}}},
        ),
        (["$"], None),
    ],
)
def test_what_a_path_names_is_left_out_and_the_document_stays_as_it_is(paths, left):
    document = {"id": 9, "list": [{"id": 1, "x": 2}, {"id": 3}], "deep": {"a": {"b": 1}}}
    copy = {"id": 9, "list": [{"id": 1, "x": 2}, {"id": 3}], "deep": {"a": {"b": 1}}}
    assert without(document, tuple(map(parse_path, paths))) == left
    assert document == copy
