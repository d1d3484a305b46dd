from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.measure.stats import Summary, min_samples, percentile, summarize


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
    assert summarize(values) == Summary(n=100, min=1.0, p50=50.0, p95=95.0, p99=99.0, max=100.0)
    assert summarize(values[:20]) == Summary(n=20, min=1.0, p50=10.0, p95=19.0, max=20.0)
