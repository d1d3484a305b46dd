"""Tables fit the terminal in cells, not in characters."""

from __future__ import annotations

import pytest
from wcwidth import wcswidth

from glmbench.report.grid import draw_table, room_beside, shorten


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("长江长江", 8, "长江长江"),
        ("长江长江", 7, "长江长…"),
        ("长江长江", 6, "长江…"),
        ("a\x1b[1m", 20, "a\\x1b[1m"),
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
