"""From two samples to a verdict, alone and among many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.comparison.samples import COMPARED, Sample
from glmbench.comparison.verdicts import ALPHA, Figures, judge
from glmbench.measure.ranktest import mann_whitney, smallest_p

TTFT, _, DECODE = COMPARED
LIVE = ("live figures", "figures of a service", "fresh connections", "")
RECORDED = ("recorded figures", *LIVE[1:])


def sample(values, kind=LIVE):
    return Sample(values=tuple(sorted(values)), kinds=frozenset({kind} if values else ()))


def figures(base, head, metric=TTFT):
    return Figures(metric=metric, base=sample(base), head=sample(head))


def spread(middle, n=10, step=0.001):
    """Make n values about a middle, none of them twice in two spreads of other middles."""
    return [middle + (i - (n - 1) / 2) * step for i in range(n)]


def only(base, head, metric=TTFT):
    return judge([figures(base, head, metric)]).changes[0]


@pytest.mark.parametrize(
    ("metric", "base", "head", "verdict"),
    [
        (TTFT, spread(0.400), spread(0.500), "regressed"),
        (TTFT, spread(0.500), spread(0.400), "improved"),
        (DECODE, spread(40.0), spread(30.0), "regressed"),
        (DECODE, spread(30.0), spread(40.0), "improved"),
        # Significant, but not by 10 %; not by 10 ms; not by a token a second.
        (TTFT, spread(0.400), spread(0.430), "no change"),
        (TTFT, spread(0.020, step=0.0001), spread(0.028, step=0.0001), "no change"),
        (DECODE, spread(4.0), spread(4.9), "no change"),
        # Not significant: the interval is inside the sizes, or not.
        (TTFT, spread(0.400), spread(0.4003), "no change"),
        (TTFT, spread(0.400, step=0.04), spread(0.4203, step=0.04), "within noise"),
    ],
)
def test_a_change_counts_when_it_is_significant_and_beyond_both_sizes(metric, base, head, verdict):
    assert only(base, head, metric).verdict == verdict


def test_a_change_has_its_figures():
    base, head = [0.1, 0.2, 0.3, 0.4], [1.15, 1.25, 1.35, 1.45]
    change = only(base, head)
    assert (change.metric, change.title, change.unit) == ("ttft", "first token (ttft)", "s")
    assert (change.n_base, change.n_head, change.base, change.head) == (4, 4, 0.2, 1.25)
    assert change.shift == pytest.approx(1.05)
    assert (change.low, change.high) == (pytest.approx(0.75), pytest.approx(1.35))
    assert change.relative == pytest.approx(5.25)
    assert change.p == pytest.approx(2 / 70)
    assert (change.verdict, change.note) == ("regressed", "")


def test_samples_that_are_too_small_say_how_many_repeats_would_do():
    change = only([0.1, 0.2, 0.3], [1.1, 1.2, 1.3])
    assert (change.verdict, change.p) == ("cannot tell", None)
    assert change.note == "cannot be significant with n = 3 and 3; 4 repeats could"
    assert change.shift == pytest.approx(1.0)


def test_among_many_comparisons_it_takes_more_repeats():
    judged = judge([figures(spread(0.4, 5), spread(0.9, 5))] * 40)
    assert judged.tested == 0
    assert {change.note for change in judged.changes} == {
        "cannot be significant with n = 5 and 5 among 40 comparisons; 7 repeats could"
    }


def test_the_repeats_that_would_do_are_more_than_there_are():
    # Eight values are counted out, and could; ten are approximated, and cannot.
    judged = judge([figures(spread(0.4), spread(0.9))] * 300)
    assert {change.note for change in judged.changes} == {
        "cannot be significant with n = 10 and 10 among 300 comparisons; 11 repeats could"
    }


def test_comparisons_that_cannot_be_significant_cost_the_others_nothing():
    large = figures(spread(0.4, 6), spread(0.6, 6))
    small = figures(spread(0.4, 4), spread(0.6, 4))
    judged = judge([large, *[small] * 100])
    assert judged.tested == 1
    assert judged.changes[0].p == smallest_p(6, 6)
    assert judged.changes[0].verdict == "regressed"
    assert {change.verdict for change in judged.changes[1:]} == {"cannot tell"}


def test_what_is_significant_alone_may_be_chance_among_many():
    base = spread(0.400, step=0.02)
    alone = judge([figures(base, spread(0.4701, step=0.02))])
    many = judge([figures(base, spread(0.4701, step=0.02)), *[figures(base, base)] * 9])
    assert alone.changes[0].verdict == "regressed"
    assert many.changes[0].verdict == "within noise"
    assert many.changes[0].p == pytest.approx(10 * alone.changes[0].p)


def test_the_smallest_p_is_multiplied_most_and_none_falls_below_a_smaller_one():
    base = spread(0.400, step=0.02)
    heads = [spread(middle, step=0.02) for middle in (0.4701, 0.4801, 0.4001)]
    raw = [mann_whitney(base, head).p for head in heads]
    changes = judge([figures(base, head) for head in heads]).changes
    assert raw[1] < raw[0] < raw[2]
    assert changes[1].p == 3 * raw[1]
    assert changes[0].p == max(2 * raw[0], changes[1].p)
    assert changes[2].p == max(raw[2], changes[0].p)


def test_ties_make_no_p_that_the_sizes_do_not_allow():
    assert mann_whitney([0.1] * 6, [0.9] * 6).p < smallest_p(6, 6)
    assert only([0.1] * 6, [0.9] * 6).p == smallest_p(6, 6)


def test_identical_samples_are_no_change_whatever_their_size():
    assert only([0.3], [0.3]).verdict == "no change"
    assert only([0.3, 0.5], [0.5, 0.3]).note == ""


def test_figures_of_two_kinds_are_shown_side_by_side_and_not_compared():
    figure = Figures(metric=TTFT, base=sample(spread(0.4), RECORDED), head=sample(spread(0.9)))
    judged = judge([figure])
    change = judged.changes[0]
    assert judged.tested == 0
    assert (change.verdict, change.note) == ("cannot tell", "recorded figures beside live figures")
    assert (change.shift, change.low, change.high, change.relative, change.p) == (None,) * 5
    assert (change.base, change.head) == (pytest.approx(0.3995), pytest.approx(0.8995))


def test_figures_of_two_kinds_in_one_result_have_no_median():
    mixed = Sample(values=tuple(spread(0.4)), kinds=frozenset({LIVE, RECORDED}))
    change = judge([Figures(metric=TTFT, base=mixed, head=sample(spread(0.4)))]).changes[0]
    assert (change.base, change.n_base, change.verdict) == (None, 10, "cannot tell")


def test_a_base_of_nothing_has_no_percentage_and_still_a_verdict():
    change = only([0.0] * 10, spread(0.4))
    assert (change.relative, change.verdict) == (None, "regressed")


def test_nothing_to_judge_gives_nothing():
    assert judge([]).changes == ()


VALUES = st.lists(st.integers(1, 2000).map(lambda ms: ms / 1000), min_size=0, max_size=12)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=8))
def test_no_verdict_counts_without_significance_after_the_correction(pairs):
    judged = judge([figures(*pair) for pair in pairs])
    for (base, head), change in zip(pairs, judged.changes, strict=True):
        if change.verdict in {"regressed", "improved"}:
            assert smallest_p(len(base), len(head)) <= change.p <= ALPHA
        assert (change.verdict == "cannot tell") == bool(change.note)
    assert judged.tested == sum(change.p is not None for change in judged.changes)


@given(st.lists(VALUES.filter(bool), min_size=1, max_size=8))
def test_nothing_differs_from_itself(samples):
    changes = judge([figures(values, values) for values in samples]).changes
    assert {change.verdict for change in changes} == {"no change"}
