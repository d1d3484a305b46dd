from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from glmbench.measure.stats import (
    Summary,
    adjusted_percentile,
    min_samples,
    percentile,
    summarize,
)


@pytest.mark.parametrize(
    ("values", "p", "expected"),
    [
        ([7.0], 50, 7.0),
        ([1, 2, 3, 4], 50, 2),
        ([1, 2, 3, 4, 5], 50, 3),
        ([5, 1, 4, 2, 3], 50, 3),
        (range(1, 21), 95, 19),
        (range(1, 101), 95, 95),
        (range(1, 101), 99, 99),
        (range(1, 102), 99, 100),
        ([1, 2, 3, 4], 25, 1),
    ],
)
def test_a_percentile_is_the_value_of_nearest_rank(values, p, expected):
    assert percentile(values, p) == expected


@pytest.mark.parametrize(("p", "n"), [(1, 1), (50, 1), (75, 4), (90, 10), (95, 20), (99, 100)])
def test_a_percentile_needs_a_sample_that_can_carry_it(p, n):
    assert min_samples(p) == n
    assert percentile([1.0] * n, p) == 1.0
    assert percentile([1.0] * (n - 1), p) is None


@pytest.mark.parametrize("p", [0, 100, -5])
def test_only_percentiles_inside_the_sample_exist(p):
    with pytest.raises(ValueError, match=f"^a percentile is between 1 and 99, not {p}$"):
        percentile([1.0], p)


@given(st.lists(st.integers(), min_size=1, max_size=250), st.integers(1, 99))
def test_at_least_p_percent_are_not_above_and_the_next_smaller_value_is_not_enough(values, p):
    at = percentile(values, p)
    if len(values) < min_samples(p):
        assert at is None
        return
    assert at in values
    assert 100 * sum(value <= at for value in values) >= p * len(values)
    assert 100 * sum(value < at for value in values) < p * len(values)


def test_a_summary_counts_only_what_happened():
    assert summarize([3.0, None, 1.0, 2.0]) == Summary(n=3, min=1.0, p50=2.0, max=3.0)
    assert summarize([None]) == Summary(n=0)


def test_a_summary_shows_high_percentiles_only_for_large_samples():
    values = [float(value) for value in range(1, 101)]
    assert summarize(values) == Summary(
        n=100, min=1.0, p50=50.0, p50_low=40.0, p50_high=61.0, p95=95.0, p99=99.0, max=100.0
    )
    assert summarize(values[:20]) == Summary(
        n=20, min=1.0, p50=10.0, p50_low=6.0, p50_high=15.0, p95=19.0, max=20.0
    )


def test_a_median_has_an_interval_from_six_values_up():
    assert summarize([1, 2, 3, 4, 5]) == Summary(n=5, min=1, p50=3, max=5)
    assert summarize([1, 2, 3, 4, 5, 6]) == Summary(n=6, min=1, p50=3, p50_low=1, p50_high=6, max=6)


@given(st.lists(st.floats(-1e9, 1e9), min_size=100, max_size=130), st.integers(1, 99))
def test_the_nearest_rank_is_that_of_numpy(values, p):
    # Where the rank is whole, numpy's p / 100 * n may land just above it: 0.07 * 100 > 7.
    assume(p * len(values) % 100 != 0 or p % 25 == 0)
    assert percentile(values, p) == np.percentile(values, p, method="inverted_cdf")


@pytest.mark.parametrize(
    ("values", "failed", "p", "expected"),
    [
        ([1, 2, 3], 0, 50, 2),
        ([1, 2, 3], 1, 50, 2),
        ([1, 2, 3], 2, 50, 3),
        ([1, 2, 3], 3, 50, 3),
        ([1, 2, 3], 4, 50, math.inf),
        ([], 1, 50, math.inf),
        ([], 0, 50, None),
        (range(1, 20), 0, 95, None),
        (range(1, 20), 1, 95, 19),
        (range(1, 19), 2, 95, math.inf),
    ],
)
def test_a_failed_trial_is_slower_than_any_that_answered(values, failed, p, expected):
    assert adjusted_percentile(values, failed, p) == expected


@given(st.lists(st.floats(-1e9, 1e9), max_size=150), st.integers(0, 150), st.integers(1, 99))
def test_an_adjusted_percentile_is_the_plain_one_or_above(values, failed, p):
    n = len(values) + failed
    adjusted = adjusted_percentile(values, failed, p)
    if n < min_samples(p):
        assert adjusted is None
        return
    assert (adjusted == math.inf) == (100 * len(values) < p * n)
    if len(values) >= min_samples(p):
        assert adjusted >= percentile(values, p)


def test_a_summary_adjusts_only_where_something_failed():
    assert summarize([1, 2, 3], failed=2) == Summary(
        n=3, failed=2, min=1, p50=2, max=3, adjusted_p50=3
    )
    assert summarize(range(1, 100), failed=1) == Summary(
        n=99,
        failed=1,
        min=1,
        p50=50,
        p50_low=40,
        p50_high=60,
        p95=95,
        max=99,
        adjusted_p50=50,
        adjusted_p95=95,
        adjusted_p99=99,
    )


def test_where_all_failed_only_the_adjusted_median_is_left():
    assert summarize([None, None], failed=2) == Summary(n=0, failed=2, adjusted_p50=math.inf)
