"""Whatever a table is pasted into, what stands in it stays a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tabulate import tabulate
from wcwidth import wcswidth

from glmbench.report.formats import (
    escape_cell,
    escape_words,
    frame_width,
    is_pasted,
    safe_format,
)
from glmbench.report.style import TABLE_FORMATS


def test_formats_that_would_take_a_text_for_markup_are_those_that_do_not():
    assert [safe_format(name) for name in ("unsafehtml", "latex_raw", "html", "simple")] == [
        "html",
        "latex",
        "html",
        "simple",
    ]


def test_what_is_for_the_eye_is_told_from_what_is_pasted():
    assert sorted(name for name in TABLE_FORMATS if not is_pasted(name)) == [
        "colon_grid",
        "double_grid",
        "double_outline",
        "fancy_grid",
        "fancy_outline",
        "grid",
        "heavy_grid",
        "heavy_outline",
        "mixed_grid",
        "mixed_outline",
        "outline",
        "plain",
        "presto",
        "pretty",
        "psql",
        "rounded_grid",
        "rounded_outline",
        "simple",
        "simple_grid",
        "simple_outline",
    ]


@pytest.mark.parametrize(
    ("table_format", "columns", "width"),
    [("simple", 1, 0), ("simple", 4, 6), ("grid", 4, 13), ("presto", 2, 5)],
)
def test_a_frame_takes_its_cells(table_format, columns, width):
    assert frame_width(table_format, columns) == width


@pytest.mark.parametrize("table_format", [name for name in TABLE_FORMATS if not is_pasted(name)])
def test_a_line_is_as_wide_as_its_texts_and_the_frame(table_format):
    row = ["a", "长江", "\x1b[31mfailed\x1b[0m"]
    drawn = tabulate([row], ["x"] * 3, tablefmt=table_format, disable_numparse=True)
    widths = [
        wcswidth(line.replace("\x1b[31m", "").replace("\x1b[0m", "")) for line in drawn.splitlines()
    ]
    assert max(widths) == 1 + 4 + 6 + frame_width(table_format, 3)


@pytest.mark.parametrize(
    ("table_format", "cell"),
    [
        ("simple", "a|b <i>"),
        ("tsv", "a|b <i>"),
        ("html", "a|b <i>"),
        ("github", "a&#124;b &#60;i&#62;"),
        ("jira", "a&#124;b &#60;i&#62;"),
        ("orgtbl", r"a\vert{}b <i>"),
        ("rst", r"a\|b \<i\>"),
    ],
)
def test_a_cell_is_written_as_its_format_reads_it(table_format, cell):
    assert escape_cell("a|b <i>", table_format) == cell


@given(st.text(alphabet="ab|<>&![]`{}", max_size=12))
def test_no_text_adds_a_column_to_a_markdown_table(text):
    drawn = tabulate([[escape_cell(text, "github"), "x"]], ["a", "b"], tablefmt="github")
    assert {line.count("|") for line in drawn.splitlines()} == {3}


def test_words_between_html_tables_are_no_markup():
    assert escape_words("got <b>", "unsafehtml") == "got &lt;b&gt;"
    assert escape_words("got <b>", "simple") == "got <b>"
