"""Escaped bytes read as what they stand for, and every place leads back to where it was."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.redaction.escapes import View, unescaped, views


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b"plain", b"plain"),
        (rb"a\nb\/c\"d\\e", b'a\nb/c"d\\e'),
        (rb"\u4f60\u4F60", "你你".encode()),
        (rb"\ud83d\ude00!", "😀!".encode()),
        (rb"\ud83d!", b"\xed\xa0\xbd!"),
        (rb"\q\u12", rb"\q\u12"),
        (b"end\\", b"end\\"),
    ],
)
def test_json_escapes_read_as_what_they_stand_for(raw, read):
    assert unescaped(View(raw)).data == read


@pytest.mark.parametrize(
    ("raw", "start", "end", "origin"),
    [
        (rb"ab\ncd", 2, 3, b"\\n"),
        (rb"ab\ncd", 1, 4, rb"b\nc"),
        (rb"ab\ncd", 3, 5, b"cd"),
        (rb"\u4f60x", 1, 2, rb"\u4f60"),
        (rb"\u4f60x", 3, 4, b"x"),
        (rb"\"\"", 0, 1, rb"\""),
        (rb"\"\"", 1, 2, rb"\""),
    ],
)
def test_a_place_leads_back_to_whole_escapes(raw, start, end, origin):
    first, last = unescaped(View(raw)).origin(start, end)
    assert raw[first:last] == origin


@given(st.text(), st.text(min_size=1), st.text())
def test_text_in_a_json_string_leads_back_to_its_escapes(before, text, after):
    raw = json.dumps(before + text + after)[1:-1].encode()
    view = unescaped(View(raw))
    encoded = [each.encode("utf-8", "surrogatepass") for each in (before, text)]
    start = len(encoded[0])
    first, last = view.origin(start, start + len(encoded[1]))
    assert raw[first:last] == json.dumps(text)[1:-1].encode()


@given(st.text(min_size=1))
def test_json_in_json_in_a_url_is_read_too(text):
    raw = quote(json.dumps(json.dumps(text)))
    value = text.encode("utf-8", "surrogatepass")
    assert any(value in view.data for view in views(raw.encode()))


def test_a_plus_may_be_a_blank_in_a_url():
    assert [(view.data, view.folded) for view in views(b"a+b%2Bc")] == [
        (b"a+b%2Bc", False),
        (b"a+b+c", True),
    ]


def test_bytes_without_escapes_are_read_once():
    assert [view.data for view in views(b"plain")] == [b"plain"]
