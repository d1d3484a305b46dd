from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from glmbench.report.paragraph import fill


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two", ["one two"]),
        ("one two three four", ["one two", "  three", "  four"]),
        ("你好 你好 你好", ["你好 你好", "  你好"]),
        ("0123456789abc", ["01234567", "  89abc"]),
        ("a\nb", ["a\\nb"]),
    ],
)
def test_a_text_is_wrapped_by_the_cells_it_takes(text, lines):
    assert fill(text, rest="  ", width=10) == "\n".join(lines)


def test_the_first_line_has_an_indent_of_its_own():
    assert fill("one two", first="> ", rest="    ", width=7) == "> one\n    two"


@given(st.text(alphabet="ab 你好é", max_size=60), st.integers(4, 20))
def test_no_line_is_too_wide_and_no_letter_is_lost(text, width):
    filled = fill(text, first="* ", rest="  ", width=width)
    assert all(wcswidth(line) <= width for line in filled.splitlines())
    assert "".join(filled.split()) == "*" + "".join(text.split())
