from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.suites.bounds import Bound, BoundError, parse_bound, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("3s", 3.0), ("2min", 120.0), ("1.5 s", 1.5), (" 0.3ms ", 0.0003)],
)
def test_a_duration_is_a_number_with_a_unit(text, seconds):
    assert parse_duration(text) == seconds


@given(st.integers(min_value=0, max_value=10**9))
def test_a_written_duration_is_the_float_of_the_same_measured_microseconds(microseconds):
    text = f"{microseconds // 1000}.{microseconds % 1000:03}ms"
    assert parse_duration(text) == microseconds / 1_000_000


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", '"" is no duration', 'write "500ms", "3s" or "2min"'),
        ("soon", '"soon" is no duration', 'write "500ms", "3s" or "2min"'),
        ("-1s", '"-1s" is no duration', 'write "500ms", "3s" or "2min"'),
        ("1e3s", '"1e3s" is no duration', 'write "500ms", "3s" or "2min"'),
        ("９s", '"９s" is no duration', 'write "500ms", "3s" or "2min"'),
        ("3", 'the duration "3" has no unit', 'write "3s" or "3ms"'),
        ("3h", '"h" is no unit of time', "the units are ms, s and min"),
        ("3S", '"S" is no unit of time', "the units are ms, s and min"),
    ],
)
def test_a_bad_duration_says_what_is_wrong_with_it(text, message, hint):
    with pytest.raises(BoundError, match=f"^{re.escape(message)}$") as caught:
        parse_duration(text)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("< 3s", Bound(text="< 3s", high=3.0, high_strict=True)),
        ("<=500ms", Bound(text="<=500ms", high=0.5)),
        ("> 1min", Bound(text="> 1min", low=60.0, low_strict=True)),
        (">= 15ms", Bound(text=">= 15ms", low=0.015)),
        (" 1s..4s ", Bound(text="1s..4s", low=1.0, high=4.0)),
        ("500ms .. 2.5s", Bound(text="500ms .. 2.5s", low=0.5, high=2.5)),
    ],
)
def test_a_bound_is_a_comparison_or_a_range(text, bound):
    assert parse_bound(text, duration=True) == bound


def test_a_bound_of_a_plain_number_takes_no_unit():
    assert parse_bound(">= 15", duration=False) == Bound(text=">= 15", low=15.0)
    with pytest.raises(BoundError, match=r'^"15s" has a unit where a plain number is expected$'):
        parse_bound(">= 15s", duration=False)
    with pytest.raises(BoundError, match=r'^"many" is no number$'):
        parse_bound("< many", duration=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3s", '"3s" is no bound'),
        ("= 3s", '"= 3s" is no bound'),
        ("< 3", 'the duration "3" has no unit'),
        ("< < 3s", '"< 3s" is no duration'),
        ("4s..1s", 'the range "4s..1s" is empty'),
        ("..4s", '"" is no duration'),
        ("1s..2s..3s", '"2s..3s" is no duration'),
    ],
)
def test_a_bad_bound_says_what_is_wrong_with_it(text, message):
    with pytest.raises(BoundError, match=f"^{re.escape(message)}$"):
        parse_bound(text, duration=True)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("< 3s", [0.0, 2.999999], [3.0, 4.0]),
        ("<= 3s", [3.0], [3.000001]),
        ("> 3s", [3.000001], [3.0]),
        (">= 3s", [3.0], [2.999999]),
        ("1s..4s", [1.0, 4.0], [0.999999, 4.000001]),
        ("2s..2s", [2.0], [1.999999, 2.000001]),
    ],
)
def test_strict_ends_are_outside_and_others_inside(text, inside, outside):
    bound = parse_bound(text, duration=True)
    assert [bound.holds(value) for value in inside + outside] == (
        [True] * len(inside) + [False] * len(outside)
    )
