from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from glmbench.measure.intervals import (
    Interval,
    check_percentile,
    critical_value,
    quantile_interval,
    tail_of,
    wilson,
)

CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@pytest.mark.parametrize(
    ("n", "low", "high"),
    [
        # Lower tails: 1/2^6 = 0.016 but 7/2^6; 9/2^8 = 0.035 is too much, 10/2^9 = 0.0195 is not.
        (6, 1, 6),
        (8, 1, 8),
        (9, 2, 8),
        (100, 40, 61),
    ],
)
def test_the_interval_of_the_median_of_that_many_values_lies_at_these_ranks(n, low, high):
    assert quantile_interval(range(1, n + 1), 50) == Interval(low=low, high=high)


def test_the_order_of_the_values_does_not_matter():
    assert quantile_interval([3, 1, 6, 5, 2, 4], 50) == Interval(low=1, high=6)


@pytest.mark.parametrize(("p", "n"), [(1, 368), (50, 6), (90, 36), (95, 72), (99, 368)])
def test_the_interval_of_a_percentile_needs_that_many_values(p, n):
    assert quantile_interval([1.0] * (n - 1), p) is None
    assert quantile_interval([1.0] * n, p) == Interval(low=1.0, high=1.0)


def test_no_values_have_no_interval():
    assert quantile_interval([], 50) is None


def test_a_tail_of_just_the_size_that_may_be_left_out_is_left_out():
    assert quantile_interval([1, 2], 50, 0.5) == Interval(low=1, high=2)
    assert quantile_interval([1], 50, 0.5) is None


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=400), st.integers(1, 99), CONFIDENCES)
def test_the_interval_of_a_quantile_is_scipys(values, p, confidence):
    expected = oracle.quantile_test(values, p=p / 100).confidence_interval(confidence)
    found = quantile_interval(values, p, confidence)
    if np.isnan([expected.low, expected.high]).any():
        assert found is None
    else:
        assert found == Interval(low=expected.low, high=expected.high)


@given(st.integers(1, 2_000), st.integers(1, 99), CONFIDENCES)
def test_the_interval_holds_its_confidence_and_none_further_in_would_on_that_side(n, p, confidence):
    found = quantile_interval(range(1, n + 1), p, confidence)
    count = oracle.binom(n, p / 100)
    tail = tail_of(confidence)
    # The rounding of either side; no tail of these confidences is so close to its bound.
    slack = 1e-9
    if found is None:
        assert count.cdf(0) > tail - slack or count.sf(n - 1) > tail - slack
        return
    low, high = int(found.low), int(found.high)
    assert count.cdf(low - 1) <= tail + slack
    assert count.sf(high - 1) <= tail + slack
    assert count.cdf(low) > tail - slack
    assert count.sf(high - 2) > tail - slack


@pytest.mark.parametrize("p", [1, 50, 95, 99])
def test_a_hundred_thousand_values_have_the_ranks_of_scipy(p):
    n = 100_000
    count = oracle.binom(n, p / 100)
    expected = Interval(low=count.ppf(0.025), high=count.isf(0.025) + 1)
    assert quantile_interval(range(1, n + 1), p) == expected


@pytest.mark.parametrize("p", [0, 100])
def test_what_is_no_percentile_has_no_interval(p):
    message = f"^a percentile is between 1 and 99, not {p}$"
    with pytest.raises(ValueError, match=message):
        check_percentile(p)
    with pytest.raises(ValueError, match=message):
        quantile_interval([1.0], p)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5])
def test_a_confidence_lies_between_0_and_1(confidence):
    message = f"^{re.escape(f'a confidence is between 0 and 1, not {confidence}')}$"
    with pytest.raises(ValueError, match=message):
        tail_of(confidence)
    with pytest.raises(ValueError, match=message):
        quantile_interval([1.0], 50, confidence)
    with pytest.raises(ValueError, match=message):
        wilson(1, 2, confidence)


@pytest.mark.parametrize(
    ("confidence", "tail"), [(0.8, 0.1), (0.9, 0.05), (0.95, 0.025), (0.99, 0.005)]
)
def test_a_tail_is_half_of_what_the_confidence_leaves_to_the_last_digit(confidence, tail):
    assert tail_of(confidence) == tail


@given(st.floats(0.001, 0.999))
def test_the_critical_value_is_scipys(confidence):
    assert critical_value(confidence) == pytest.approx(
        oracle.norm.ppf((1 + confidence) / 2), rel=1e-9
    )


def test_the_interval_of_half_of_four_trials_is_that_of_the_textbook():
    # The middle stays 1/2; the half width is z / 2 / sqrt(4 + z^2) with z = 1.959964.
    found = wilson(2, 4)
    half = 1.959963984540054 / 2 / math.sqrt(4 + 1.959963984540054**2)
    assert found.low == pytest.approx(0.5 - half, rel=1e-12)
    assert found.high == pytest.approx(0.5 + half, rel=1e-12)


def test_no_success_in_ten_trials_still_allows_a_rate_of_28_percent():
    # The upper end is z^2 / (n + z^2).
    found = wilson(0, 10)
    assert found.low == 0.0
    assert found.high == pytest.approx(0.277533, abs=1e-6)


def test_no_trials_have_no_rate():
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("successes", "n"), [(-1, 3), (4, 3), (1, 0), (0, -1)])
def test_only_trials_that_were_made_can_have_succeeded(successes, n):
    with pytest.raises(ValueError, match=f"^of {n} trials, {successes} cannot have succeeded$"):
        wilson(successes, n)


@st.composite
def trials(draw):
    n = draw(st.integers(1, 100_000))
    return draw(st.integers(0, n)), n


@given(trials(), CONFIDENCES)
def test_the_interval_of_a_rate_is_scipys(counted, confidence):
    successes, n = counted
    expected = oracle.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    found = wilson(successes, n, confidence)
    assert found.low == pytest.approx(expected.low, rel=1e-9, abs=1e-12)
    assert found.high == pytest.approx(expected.high, rel=1e-9, abs=1e-12)


@given(trials(), CONFIDENCES)
def test_the_interval_of_a_rate_holds_the_rate_and_stays_within_0_and_1(counted, confidence):
    successes, n = counted
    found = wilson(successes, n, confidence)
    assert 0 <= found.low <= successes / n <= found.high <= 1
    assert (found.low == 0) == (successes == 0)
    assert (found.high == 1) == (successes == n)
