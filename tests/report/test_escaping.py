"""What would not be seen is shown; what can be read stays as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from report.made import ANY_TEXT

from glmbench.report.escaping import one_line, passage


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x1b[31m\x7f\x9b", r"a\x00b\x1b[31m\x7f\x9b"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        ("a\u200bb\ufeffc", r"a\u200bb\ufeffc"),
        ("a\udc80b", r"a\udc80b"),
        ("\ufffe\uffff\U0010ffff", r"\ufffe\uffff\U0010ffff"),
        ("a\u2028b\u0085c", r"a\u2028b\x85c"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
    ],
)
def test_what_would_not_be_seen_is_shown_by_its_escape(text, shown):
    assert one_line(text) == shown


@pytest.mark.parametrize("text", ["", "你好 à l'été", "👨‍👩‍👧 🏳️‍🌈", "می‌خواهم", "a\u00a0b\\x00"])
def test_what_can_be_read_stays(text):
    assert one_line(text) == text


def test_a_passage_keeps_its_lines_and_tabs():
    assert passage("a\n\tb\r\nc\x00") == "a\n\tb\\r\nc\\x00"


def test_all_controls_and_all_that_turn_the_direction_are_shown():
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    unseen = [
        char
        for char in map(chr, range(0x110000))
        if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(char) in turning
    ]
    assert [char for char in unseen if one_line(char) == char] == []


@given(ANY_TEXT)
def test_whatever_comes_out_is_one_line_that_utf_8_can_hold(text):
    shown = one_line(text)
    assert shown.encode().decode().splitlines() in ([], [shown])


@given(ANY_TEXT)
def test_a_second_time_changes_nothing(text):
    assert one_line(one_line(text)) == one_line(text)
