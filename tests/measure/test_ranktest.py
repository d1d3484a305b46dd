from __future__ import annotations

import math
import statistics
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats as oracle

from glmbench.measure.ranktest import RankTest, Shift, mann_whitney, shift, smallest_p

VALUES = st.floats(-1e6, 1e6)
TIED = st.integers(0, 6)
TAILS = {0.8: Fraction(1, 10), 0.9: Fraction(1, 20), 0.95: Fraction(1, 40), 0.99: Fraction(1, 200)}
CONFIDENCES = st.sampled_from(list(TAILS))


@st.composite
def untied_samples(draw, smaller=8, larger=40):
    n, m = draw(st.integers(1, smaller)), draw(st.integers(1, larger))
    values = draw(st.lists(VALUES, min_size=n + m, max_size=n + m, unique=True))
    samples = values[:n], values[n:]
    return samples if draw(st.booleans()) else samples[::-1]


def samples_of(values, max_size=40):
    sample = st.lists(values, min_size=1, max_size=max_size)
    return st.tuples(sample, sample)


def brute_force_differences(base, head):
    return sorted(after - before for after in head for before in base)


def lower_tail(n, m, statistic):
    """The share of all orders of n and m values whose statistic is at most that."""
    orders = list(combinations(range(n + m), m))
    # The ranks of head, less those it would have at the very bottom.
    below = sum(sum(ranks) - m * (m - 1) // 2 <= statistic for ranks in orders)
    return Fraction(below, len(orders))


def test_three_values_below_three_others_are_one_order_of_twenty_on_either_side():
    assert mann_whitney([1, 2, 3], [4, 5, 6]) == RankTest(p=0.1, statistic=9, exact=True)
    assert mann_whitney([4, 5, 6], [1, 2, 3]) == RankTest(p=0.1, statistic=0, exact=True)


def test_one_exchanged_neighbour_doubles_the_orders_that_are_as_rare():
    # Statistics 8 and 9 of 20 orders, and 0 and 1.
    assert mann_whitney([1, 2, 4], [3, 5, 6]) == RankTest(p=0.2, statistic=8, exact=True)


def test_one_value_each_can_say_nothing():
    assert mann_whitney([1], [2]) == RankTest(p=1.0, statistic=1, exact=True)


def test_a_statistic_in_the_middle_is_no_more_than_certain():
    assert mann_whitney([1, 4], [2, 3]) == RankTest(p=1.0, statistic=2, exact=True)


def test_a_tie_counts_one_half_and_ends_the_exact_count():
    # U = 8.5 of 9; the variance is 9 / 12 * (7 - 6 / 30) = 5.1; z = (4 - 0.5) / sqrt(5.1).
    found = mann_whitney([1, 2, 3], [3, 4, 5])
    assert (found.statistic, found.exact) == (8.5, False)
    assert found.p == pytest.approx(math.erfc(3.5 / math.sqrt(5.1) / math.sqrt(2)), rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 3), (9, 20)])
def test_equal_values_cannot_differ(n, m):
    assert mann_whitney([2.5] * n, [2.5] * m) == RankTest(p=1.0, statistic=n * m / 2, exact=False)


@pytest.mark.parametrize(("n", "exact"), [(8, True), (9, False)])
def test_the_count_is_exact_up_to_eight_values_in_the_smaller_sample(n, exact):
    small, large = range(n), [value + 0.5 for value in range(30)]
    assert mann_whitney(small, large).exact is exact
    assert mann_whitney(large, small).exact is exact


@given(untied_samples())
def test_the_exact_test_is_scipys(samples):
    base, head = samples
    expected = oracle.mannwhitneyu(head, base, method="exact")
    found = mann_whitney(base, head)
    assert (found.statistic, found.exact) == (expected.statistic, True)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)


@given(samples_of(TIED) | samples_of(VALUES))
@example(([0, 0, 0], [0, 0]))
@example(([0, 1], [1, 0]))
def test_the_rule_and_the_approximation_are_those_of_scipy(samples):
    base, head = samples
    untied = len({*base, *head}) == len(base) + len(head)
    exact = untied and min(len(base), len(head)) <= 8
    method = "exact" if exact else "asymptotic"
    # scipy divides by a deviation of 0 where all values are equal, and comes to 1 as well.
    if len({*base, *head}) == 1:
        expected_p = 1.0
    else:
        expected_p = oracle.mannwhitneyu(head, base, method=method, use_continuity=True).pvalue
    found = mann_whitney(base, head)
    assert found.exact is exact
    assert found.statistic == sum((h > b) + (h == b) / 2 for h in head for b in base)
    assert found.p == pytest.approx(expected_p, rel=1e-9)


@given(samples_of(TIED) | samples_of(VALUES))
def test_the_exchange_of_base_and_head_changes_only_the_direction(samples):
    base, head = samples
    there, back = mann_whitney(base, head), mann_whitney(head, base)
    assert there.p == back.p
    assert there.statistic + back.statistic == len(base) * len(head)
    assert there.exact is back.exact


@given(untied_samples(smaller=40))
def test_no_samples_without_ties_come_below_the_smallest_p_of_their_sizes(samples):
    base, head = samples
    assert mann_whitney(base, head).p >= smallest_p(len(base), len(head))


@given(st.integers(1, 60), st.integers(1, 60))
def test_samples_that_do_not_overlap_have_the_smallest_p(n, m):
    base, head = range(n), range(n, n + m)
    assert mann_whitney(base, head).p == smallest_p(n, m)
    assert mann_whitney(head, base).p == smallest_p(m, n)


@pytest.mark.parametrize(
    ("n", "m", "p"),
    [
        (1, 1, 1.0),
        (1, 38, 2 / 39),
        (1, 39, 0.05),
        (2, 7, 2 / 36),
        (2, 8, 2 / 45),
        (3, 3, 0.1),
        (3, 5, 2 / 56),
        (4, 4, 2 / 70),
        (5, 5, 2 / 252),
        (8, 2_000, 2 / math.comb(2_008, 8)),
    ],
)
def test_small_samples_have_two_orders_of_all_at_the_ends(n, m, p):
    assert smallest_p(n, m) == p
    assert smallest_p(m, n) == p


def test_many_ties_take_a_small_sample_below_the_smallest_p_of_its_sizes():
    """So a comparison asks for that first, as the docstring says."""
    assert mann_whitney([1, 1, 1], [2, 2, 2]).p < 0.05 < smallest_p(3, 3)


@pytest.mark.parametrize(("base", "head"), [([], [1.0]), ([1.0], []), ([], [])])
def test_an_empty_sample_has_no_ranks_to_compare(base, head):
    n, m = len(base), len(head)
    message = f"^to compare ranks takes values on both sides, not {n} and {m}$"
    for ask in (mann_whitney, shift):
        with pytest.raises(ValueError, match=message):
            ask(base, head)
    with pytest.raises(ValueError, match=message):
        smallest_p(n, m)


def test_the_shift_is_the_median_of_all_differences():
    # 4-1 4-2 5-1 5-2 7-1 7-2, sorted: 2 3 3 4 5 6.
    assert shift([1, 2], [4, 5, 7]) == Shift(value=3.5, low=None, high=None)
    # 6-1 6-2 6-5, sorted: 1 4 5.
    assert shift([1, 2, 5], [6]) == Shift(value=4.0, low=None, high=None)


def test_four_values_each_have_an_interval_from_the_least_to_the_greatest_difference():
    assert shift([1, 2, 3, 4], [10, 20, 30, 40]) == Shift(value=22.5, low=6.0, high=39.0)


def test_a_tail_of_just_the_size_that_may_be_left_out_is_left_out():
    # 1 of 20 orders at either end.
    assert shift([1, 2, 3], [4, 5, 6], 0.9) == Shift(value=3.0, low=1.0, high=5.0)
    assert shift([1, 2, 3], [4, 5, 6], 0.91) == Shift(value=3.0, low=None, high=None)


def test_five_values_each_leave_two_differences_out_at_either_end():
    # 4 of 252 orders have a statistic of at most 2, 7 one of at most 3.
    base, head = [1, 2, 3, 4, 5], [10, 20, 30, 40, 50]
    differences = brute_force_differences(base, head)
    assert differences[:3] == [5, 6, 7]
    assert shift(base, head) == Shift(value=27.0, low=7.0, high=47.0)


def test_equal_samples_of_one_value_are_not_shifted():
    assert shift([2.5] * 20, [2.5] * 30) == Shift(value=0.0, low=0.0, high=0.0)


@pytest.mark.parametrize(("n", "m"), [(3, 4), (2, 7), (1, 38)])
def test_sizes_that_cannot_be_significant_carry_no_interval(n, m):
    base, head = range(n), [value + 0.5 for value in range(m)]
    found = shift(base, head)
    assert (found.low, found.high) == (None, None)
    assert smallest_p(n, m) > 0.05


@pytest.mark.parametrize(("n", "m"), [(3, 5), (2, 8), (4, 4)])
def test_sizes_that_just_can_be_significant_carry_the_widest_interval(n, m):
    base, head = range(n), [value + 0.5 for value in range(m)]
    differences = brute_force_differences(base, head)
    found = shift(base, head)
    assert (found.low, found.high) == (differences[0], differences[-1])


@given(samples_of(VALUES, 30) | samples_of(TIED, 30) | samples_of(st.floats(-1e-300, 1e-300), 30))
def test_the_shift_is_that_of_brute_force(samples):
    base, head = samples
    assert shift(base, head).value == statistics.median(brute_force_differences(base, head))


@given(untied_samples(smaller=5, larger=6), CONFIDENCES)
def test_an_exact_interval_leaves_out_all_that_its_confidence_allows(samples, confidence):
    base, head = samples
    differences = brute_force_differences(base, head)
    found = shift(base, head, confidence)
    n, m = len(base), len(head)
    k = sum(lower_tail(n, m, statistic) <= TAILS[confidence] for statistic in range(n * m))
    expected = (differences[k - 1], differences[-k]) if k else (None, None)
    assert (found.low, found.high) == expected


@given(samples_of(VALUES | TIED, 30), CONFIDENCES)
def test_another_interval_lies_where_the_normal_approximation_says(samples, confidence):
    base, head = samples
    n, m = len(base), len(head)
    if mann_whitney(base, head).exact:
        return
    differences = brute_force_differences(base, head)
    normal = oracle.norm(n * m / 2, math.sqrt(n * m * (n + m + 1) / 12))
    k = sum(normal.cdf(u + 0.5) <= (1 - confidence) / 2 for u in range(n * m // 2 + 1))
    found = shift(base, head, confidence)
    expected = (differences[k - 1], differences[-k]) if k else (None, None)
    assert (found.low, found.high) == expected


@given(untied_samples(smaller=30, larger=30))
def test_an_interval_without_ties_leaves_0_out_just_where_the_test_is_significant(samples):
    base, head = samples
    found = shift(base, head)
    outside = found.low is not None and not found.low <= 0 <= found.high
    assert outside is (mann_whitney(base, head).p <= 0.05)


def test_four_million_differences_are_never_laid_out():
    base = [value * 0.5 for value in range(2_000)]
    head = [value * 0.5 + 100 for value in range(2_000)]
    found = shift(base, head)
    # The deviation of the statistic is 36,519, so k = 2,000,000 + 0.5 - 1.96 * 36,519 = 1,928,423.
    # 1 difference is the least, 2 are a step above, ...: k lies in the 1,964th of 2,000 steps of
    # 1/2 up to the median, as 1,963 of them hold 1,927,666.
    assert found == Shift(value=100.0, low=82.0, high=118.0)


def test_eight_values_against_two_thousand_are_still_counted_out():
    base, head = [value + 0.5 for value in range(8)], range(2_000)
    expected = oracle.mannwhitneyu(head, base, method="exact")
    found = mann_whitney(base, head)
    assert (found.statistic, found.exact) == (expected.statistic, True)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)


def test_a_confidence_lies_between_0_and_1():
    with pytest.raises(ValueError, match=r"^a confidence is between 0 and 1, not 95$"):
        shift([1.0], [2.0], 95)
