"""Tables fit the terminal in cells, not in characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from glmbench.report.grid import (
    draw_table,
    fits,
    room_beside,
    shorten,
    shorten_middle,
    with_words,
)
from glmbench.report.style import Style


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("长江长江", 8, "长江长江"),
        ("长江长江", 7, "长江长…"),
        ("长江长江", 6, "长江…"),
        ("a\x1b[1m", 20, "a\\x1b[1m"),
        ("longer", 1, "…"),
    ],
)
def test_a_text_is_cut_by_the_cells_it_takes(text, width, shown):
    assert shorten(text, width) == shown
    assert wcswidth(shown) <= width


def test_the_room_is_what_other_columns_and_gaps_leave_of_eighty():
    assert room_beside([["head", "长江"], ["n", "100"]]) == 80 - 4 - 2 - 3 - 2


def test_a_table_keeps_numbers_as_they_are_written():
    table = draw_table("T", ["a", "b"], [["1e5", "007"]], "lr")
    assert table == "T\na      b\n---  ---\n1e5  007"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("short", 5, "short"),
        ("usage-separate@large@1", 11, "usage…rge@1"),
        ("长江长江长江", 7, "长…长江"),
        ("a\x1b[1m", 20, "a\\x1b[1m"),
        ("longer", 1, "…"),
    ],
)
def test_a_name_is_cut_in_its_middle(text, width, shown):
    assert shorten_middle(text, width) == shown


@given(st.text(max_size=40), st.integers(1, 30))
def test_nothing_that_is_cut_is_wider_than_its_width(text, width):
    assert 0 <= wcswidth(shorten(text, width)) <= width
    assert 0 <= wcswidth(shorten_middle(text, width)) <= width


def test_a_table_of_eighty_cells_fits_and_one_of_more_does_not():
    assert fits([["x" * 39], ["长" * 19 + "x"]])
    assert not fits([["x" * 39], ["长" * 20]])


def test_the_frame_takes_of_the_room_and_what_is_pasted_has_any():
    columns = [["head", "长江"], ["n", "100"]]
    assert room_beside(columns, Style(table_format="grid")) == 80 - 4 - 3 - 10
    assert room_beside(columns, Style(table_format="html")) > 1000
    assert fits([["x" * 500]], Style(table_format="html"))


def test_a_status_is_painted_and_the_columns_behind_it_stay_in_line():
    rows = [["failed", "x"], ["passed (warning)", "长江"]]
    drawn = draw_table("T", ["s", "b"], rows, "sl", Style(colour=True))
    assert drawn == (
        "\x1b[1mT\x1b[0m\ns                 b\n----------------  ----\n"
        "\x1b[31mfailed\x1b[0m            x\n\x1b[32mpassed\x1b[0m (warning)  长江"
    )


def test_what_is_pasted_is_escaped_and_has_no_colour():
    style = Style(table_format="unsafehtml", colour=True)
    drawn = draw_table("<T>", ["<s>"], [["failed <b>"]], "s", style)
    assert "\x1b" not in drawn
    assert drawn.startswith("&lt;T&gt;\n\n<table>")
    assert "&lt;s&gt;" in drawn
    assert "failed &lt;b&gt;" in drawn


def test_words_below_a_pasted_table_are_no_row_of_it():
    assert with_words("T", ["a", "b"]) == "T\na\nb"
    assert with_words("T", ["a", "b"], Style(table_format="github")) == "T\n\na\nb"
    assert with_words("T", [], Style(table_format="github")) == "T"
