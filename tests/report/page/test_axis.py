"""A scale has round ends, and every value has a place on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.report.page.axis import Axis, axis_from_zero, axis_of, round_duration

SECONDS = st.floats(min_value=0, max_value=1e5, allow_nan=False)


@pytest.mark.parametrize(
    ("values", "axis"),
    [
        ([0.312, 0.9, 2.1], Axis(low=0, high=2.5)),
        ([0.3], Axis(low=0, high=0.3)),
        ([0.021, 4.04], Axis(low=0.02, high=5.0, logarithmic=True)),
        ([0.01, 1.0], Axis(low=0.01, high=1.0, logarithmic=True)),
        ([0.0, 0.0], Axis(low=0, high=1e-6)),
        ([], Axis(low=0, high=1e-6)),
    ],
)
def test_an_axis_ends_at_a_round_value_and_is_logarithmic_for_values_far_apart(values, axis):
    chosen = axis_of(values)
    assert chosen.logarithmic == axis.logarithmic
    assert (chosen.low, chosen.high) == pytest.approx((axis.low, axis.high))


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        (axis_from_zero(0.763), ["0", "200 ms", "400 ms", "600 ms"]),
        (axis_from_zero(1.16), ["0", "500 ms", "1 s"]),
        (Axis(low=0, high=2.5), ["0", "500 ms", "1 s", "1.5 s", "2 s", "2.5 s"]),
        (
            Axis(low=0.02, high=5, logarithmic=True),
            ["30 ms", "100 ms", "300 ms", "1 s", "3 s"],
        ),
        (Axis(low=0.1, high=1, logarithmic=True), ["100 ms", "200 ms", "500 ms", "1 s"]),
        (
            Axis(low=1e-6, high=1e5, logarithmic=True),
            [
                *("0.001 ms", "0.01 ms", "0.1 ms", "1 ms", "10 ms", "100 ms"),
                *("1 s", "10 s", "100 s", "16.67 min", "166.67 min", "1666.67 min"),
            ],
        ),
    ],
)
def test_marks_are_round_and_few(axis, words):
    assert [mark.words for mark in axis.marks] == words


def test_places_are_percents_of_the_width():
    axis = Axis(low=0, high=4)
    assert [axis.place(seconds) for seconds in (0, 1, 4)] == ["0.00%", "25.00%", "100.00%"]
    logarithmic = Axis(low=0.01, high=1, logarithmic=True)
    assert [logarithmic.place(s) for s in (0.01, 0.1, 1)] == ["0.00%", "50.00%", "100.00%"]


def test_words_at_the_ends_stay_within_the_drawing():
    marks = Axis(low=0, high=1).marks
    assert (marks[0].anchor, marks[1].anchor, marks[-1].anchor) == ("start", "middle", "end")


@given(st.lists(SECONDS, max_size=20))
def test_every_value_is_on_its_axis_in_order(values):
    axis = axis_of(values)
    shares = [axis.share(value) for value in sorted(values)]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    assert axis.low < axis.high
    assert axis.high >= max(values, default=0) * (1 - 1e-9)
    assert len(axis.marks) >= 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0"),
        (0.05, "50 ms"),
        (0.0005, "0.5 ms"),
        (1, "1 s"),
        (1.5, "1.5 s"),
        (60, "60 s"),
        (150, "2.5 min"),
    ],
)
def test_a_round_duration_has_no_digits_that_say_nothing(seconds, words):
    assert round_duration(seconds) == words
