"""Every rule of number to text."""

from __future__ import annotations

import math

import pytest

from glmbench.report.numbers import (
    change_percent,
    count,
    duration,
    percent,
    probability,
    rate,
    span,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.0, "0.00 ms"),
        (0.000123, "0.12 ms"),
        (0.0015, "1.5 ms"),
        (0.0123, "12 ms"),
        (0.412, "412 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.236, "1.24 s"),
        (9.99, "9.99 s"),
        (9.996, "10.0 s"),
        (45.67, "45.7 s"),
        (99.96, "1:40 min"),
        (125, "2:05 min"),
        (3599.9, "60:00 min"),
        (math.inf, "never"),
    ],
)
def test_durations_show_three_digits_that_matter(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [
        (None, "-"),
        (0.0, "0.00"),
        (1.914, "1.91"),
        (12.66, "12.7"),
        (999.94, "999.9"),
        (1234.5, "1234"),
    ],
)
def test_rates_show_what_matters(per_second, text):
    assert rate(per_second) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 trials"), (1, "1 trial"), (2, "2 trials")])
def test_nouns_agree_with_their_number(number, text):
    assert count(number, "trial") == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        ("312 ms", "333 ms", "312–333 ms"),
        ("980 ms", "1.20 s", "980 ms–1.20 s"),
        ("1:05 min", "2:05 min", "1:05–2:05 min"),
        ("42.0", "43.1", "42.0–43.1"),
        ("313 ms", "313 ms", "313 ms"),
    ],
)
def test_a_span_says_a_unit_once_and_equal_ends_once(low, high, text):
    assert span(low, high) == text


@pytest.mark.parametrize(("share", "text"), [(0.0, "0"), (0.436, "44"), (1.0, "100")])
def test_shares_are_whole_percents(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.24, "+24"), (-0.031, "-3"), (0.004, "0"), (-0.004, "0"), (0.0, "0")]
)
def test_changes_have_a_sign_unless_they_are_none(share, text):
    assert change_percent(share) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(None, "-"), (0.00099, "<0.001"), (0.001, "0.001"), (0.04, "0.040"), (1, "1.000")],
)
def test_a_p_has_three_decimals_and_is_never_0(p, text):
    assert probability(p) == text
