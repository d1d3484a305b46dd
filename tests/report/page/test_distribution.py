"""Dots where values are few, bars where they are many, all over one axis."""

from hypothesis import given
from hypothesis import strategies as st

from glmbench.report.page.distribution import (
    BAR_HEIGHT,
    MOST_DOTS,
    MOST_STACKED,
    PADDING,
    Value,
    draw_plot,
)


def values(*seconds):
    return [Value(seconds=each, name=f"small/{n}@glm-4@1") for n, each in enumerate(seconds)]


def test_few_values_are_dots_that_name_their_trials():
    plot = draw_plot("Time to first token", [("", values(0.5, 1.0, 0.25))], "trial")
    (row,) = plot.rows
    assert [(dot.x, dot.words) for dot in row.dots] == [
        ("25.00%", "250 ms: small/2@glm-4@1"),
        ("50.00%", "500 ms: small/0@glm-4@1"),
        ("100.00%", "1.00 s: small/1@glm-4@1"),
    ]
    assert row.bars == ()
    assert row.median == "50.00%"
    assert row.words == "3 trials from 250 ms to 1.00 s, median 500 ms"


def test_one_value_is_told_without_a_range():
    (row,) = draw_plot("", [("", values(0.25))], "trial").rows
    assert row.words == "1 trial: 250 ms"


def test_dots_of_one_place_are_stacked():
    (row,) = draw_plot("", [("", values(1, 1, 1))]).rows
    heights = [dot.y for dot in row.dots]
    assert len(set(heights)) == 3
    assert min(heights) > 0
    assert max(heights) < row.height


def test_many_values_are_bars_that_count_them():
    many = values(*[0.3] * (MOST_DOTS - 1), 0.9, 1.0)
    (row,) = draw_plot("", [("", many)], "gap").rows
    assert row.dots == ()
    assert [bar.words for bar in row.bars] == [
        "149 gaps: 300 ms to 300 ms",
        "1 gap: 900 ms to 900 ms",
        "1 gap: 1.00 s to 1.00 s",
    ]
    assert row.bars[0].height == BAR_HEIGHT
    assert row.bars[1].height == 3, "a bar of one value is still seen"


def test_a_stack_that_would_tower_is_a_bar():
    (row,) = draw_plot("", [("", values(*[1] * (MOST_STACKED + 1)))]).rows
    assert (len(row.dots), len(row.bars)) == (0, 1)


def test_base_and_head_share_an_axis():
    plot = draw_plot("", [("base", values(0.5)), ("head", values(1.0))])
    assert [(row.name, row.n, row.dots[0].x) for row in plot.rows] == [
        ("base", 1, "50.00%"),
        ("head", 1, "100.00%"),
    ]


def test_without_a_value_there_is_no_plot_and_no_row():
    assert draw_plot("", [("", [])]) is None
    assert [row.name for row in draw_plot("", [("base", []), ("head", values(1))]).rows] == ["head"]


@given(st.lists(st.floats(min_value=0, max_value=1e4), min_size=1, max_size=300))
def test_every_value_is_in_one_dot_or_one_bar(seconds):
    (row,) = draw_plot("", [("", values(*seconds))], "gap").rows
    counted = sum(int(bar.words.split()[0]) for bar in row.bars) + len(row.dots)
    assert counted == len(seconds)
    assert all(0 < dot.y < row.height for dot in row.dots)
    assert all(bar.y >= 0 and bar.y + bar.height <= BAR_HEIGHT + PADDING for bar in row.bars)
