from __future__ import annotations

import pytest

from glmbench.checks.excerpts import first_difference, nearest, quoted


def test_a_short_text_is_quoted_whole_on_one_line():
    assert quoted('你\n"x"') == '"你\\n\\"x\\""'


def test_what_could_steer_a_terminal_is_escaped():
    assert quoted("\x1b[2J\u202e") == '"\\u001b[2J\\u202e"'


@pytest.mark.parametrize(
    ("around", "start", "cut"),
    [(0, 0, ("", "…")), (100, 60, ("…", "…")), (199, 120, ("…", ""))],
)
def test_a_long_text_is_cut_to_a_window_around_the_place(around, start, cut):
    text = "".join(chr(0x4E00 + index) for index in range(200))
    before, after = cut
    assert quoted(text, around) == f'"{before}{text[start : start + 80]}{after}"'


@pytest.mark.parametrize(
    ("left", "right", "index"), [("abc", "abd", 2), ("ab", "abc", 2), ("", "x", 0), ("a", "a", 1)]
)
def test_the_first_difference_is_an_index_or_the_end_of_the_shorter(left, right, index):
    assert first_difference(left, right) == index


@pytest.mark.parametrize(
    ("needle", "text", "at"),
    [("Beijing", "in Beijjng, in Bern", 3), ("xyz", "abc", 0), ("ab", "xxab", 2), ("", "abc", 0)],
)
def test_the_longest_beginning_of_what_was_looked_for_is_found(needle, text, at):
    assert nearest(needle, text) == at
