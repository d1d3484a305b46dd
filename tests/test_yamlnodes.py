from __future__ import annotations

from glmbench.problems import Position
from glmbench.yamlnodes import List, Map, Scalar, Source


def test_a_position_counts_lines_and_columns_from_one():
    source = Source("s", "ab\r\nc\r\rd")
    assert [source.position(offset) for offset in (0, 1, 4, 6, 7)] == [
        Position(1, 1),
        Position(1, 2),
        Position(2, 1),
        Position(3, 1),
        Position(4, 1),
    ]


def test_a_separator_that_no_editor_shows_as_a_line_does_not_end_one():
    assert Source("s", "a\u2028b\x0cc").position(4) == Position(1, 5)


def test_problems_on_one_line_share_its_text():
    source = Source("s", "x" * 1000 + "\n")
    first, second = source.problem(0, "a"), source.problem(5, "b")
    assert first.source_line is second.source_line


def test_the_cost_of_a_collection_is_that_of_its_children_each_time_they_are_used():
    inner = List(0)
    inner.items = [Scalar(1, "a"), Scalar(2, "b")]
    inner.close()
    outer = Map(0)
    outer.entries = {"x": (0, inner), "y": (5, inner)}
    outer.close()
    assert (inner.size, inner.depth, outer.size, outer.depth) == (3, 1, 7, 2)
    assert outer.value == {"x": ["a", "b"], "y": ["a", "b"]}


def test_an_empty_collection_is_one_level_deep():
    empty = Map(0)
    empty.close()
    assert (empty.value, empty.size, empty.depth) == ({}, 1, 1)
