"""The strings of a body are sorted by what redaction does with them."""

from __future__ import annotations

import pytest

from glmbench.redaction.bodystrings import BodyStrings, field_texts


def strings_of(body, kind=""):
    strings = BodyStrings(body, kind, lambda key: key == "password")
    fields = {
        path: [strings.content(body, index) for index in indexes]
        for path, indexes in strings.fields.items()
    }
    return strings, fields


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'data: {"a": "x"}\n\ndata: {"a": "y"}\n\ndata: [DONE]\n\n', "text/event-stream"),
        (b'data: {"a": "x"}\n\ndata: {"a": "y"}\n\n', "text/plain"),
        (b'\xef\xbb\xbfevent: e\r\ndata:{"a":"x"}\r\n\r\ndata:{"a":"y"}', ""),
        (b': hello\rdata: {"a": "x"}\r\rdata: {"a": "y"}\r\r', ""),
        (b'{"a": "x"}\n{"a": "y"}\n', "application/x-ndjson"),
    ],
)
def test_a_field_is_followed_over_the_events(body, kind):
    strings, fields = strings_of(body, kind)
    assert fields == {("a",): [b"x", b"y"]}
    assert {key: len(indexes) for key, indexes in strings.keys.items()} == {b"a": 2}


def test_the_value_of_a_credential_stands_apart():
    body = b'{"password": "x", "user": {"password": ["y"]}}'
    strings, fields = strings_of(body)
    assert [strings.content(body, index) for index in strings.named] == [b"x"]
    assert fields == {("user", "password", 0): [b"y"]}


@pytest.mark.parametrize(
    "body",
    [
        b'data: {"a": ["\\u0078"], "n": 1}\n\ndata: {"a": ["y"]}\n\n',
        b'data: {"a": ["x"]}\n\ndata: {"a": ["y\n\n',
        b'data: {"a": ["x"]}\n\ndata: {"a": ["y"]} {"b": "\xff"',
        b'data: {"a": ["x"]}\n\ndata: {"a": ["y"], "b": "\\ud83d"}\n\n',
    ],
)
def test_what_a_field_says_is_put_together_also_where_the_json_is_broken(body):
    assert next(field_texts(body, "text/event-stream")) == b"xy"


@pytest.mark.parametrize(
    ("body", "gaps"),
    [
        (b'["a", "b"]', [b'"]']),
        (b'["a\\n", 1e+5, "b"]%20', [b'", 1e+5, "', b'"]%20']),
        (b'["a", %41 "b"]', [b'", %41 "b"]']),
        (b'["a", %41, 1]%20', [b'", %41, 1]%20']),
        (b'%41["a"]', [b'%41["a"]']),
        (b"a line\\n", [b"a line\\n"]),
        (b'["a"', [b'"']),
        (b'["a', []),
    ],
)
def test_what_is_in_no_string_is_kept_where_an_escape_may_be(body, gaps):
    strings, _ = strings_of(body)
    assert [body[start:end] for start, end in strings.gaps(body)] == gaps
