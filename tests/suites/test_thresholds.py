"""A threshold is read strictly, and everything that is wrong with it is said at its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.suites.bounds import Bound
from glmbench.suites.nodes import Node
from glmbench.suites.thresholds import FIGURES, SHARES, Threshold, read_thresholds
from glmbench.yamlsource import parse

EXAMPLES = 'write "p95(ttft) < 2s" or "rate(passed) == 100%"'
STATISTICS = "p1 to p99, min, max or rate"
OPERATORS = "one of: <, <=, >, >=, =="
FIGURE_NAMES = (
    "ttft, ttfo, ttfb, total, max_gap, stalls, output_tokens, decode_tps, e2e_tps, chars_ps"
)
SHARE_NAMES = "passed, finish_reason_ok, error, flaky"


def reading(yaml):
    """Read `thresholds: <yaml>` as a suite would; return them and the problems as a list."""
    document = parse(f"thresholds: {yaml}", "s")
    problems = []
    read = read_thresholds(Node(document, ("thresholds",), document.value["thresholds"], problems))
    return read, [(p.column, p.message, p.hint) for p in sorted(problems)]


def problems_of(check):
    """Read one threshold that is given as a text; return (message, hint) of each problem."""
    read, problems = reading(f"['{check}']")
    assert read == ()
    assert {column for column, _, _ in problems} == {14}
    return [(message, hint) for _, message, hint in problems]


@pytest.mark.parametrize(
    ("check", "statistic", "metric", "bound"),
    [
        ("p95(ttft) < 2s", "p95", "ttft", Bound(text="< 2s", high=2.0, high_strict=True)),
        ("p1(ttfo) <= 150ms", "p1", "ttfo", Bound(text="<= 150ms", high=0.15)),
        ("max(max_gap)>1min", "max", "max_gap", Bound(text="> 1min", low=60.0, low_strict=True)),
        ("min(ttfb) >= 1ms", "min", "ttfb", Bound(text=">= 1ms", low=0.001)),
        ("p50 ( decode_tps ) >= 15", "p50", "decode_tps", Bound(text=">= 15", low=15.0)),
        ("max(stalls) == 0", "max", "stalls", Bound(text="== 0", low=0.0, high=0.0)),
        ("min(output_tokens) == 7", "min", "output_tokens", Bound(text="== 7", low=7.0, high=7.0)),
        ("rate(passed) == 100%", "rate", "passed", Bound(text="== 100%", low=100.0, high=100.0)),
        ("rate(flaky) <= 99.5%", "rate", "flaky", Bound(text="<= 99.5%", high=99.5)),
        ("rate(error) < 1 %", "rate", "error", Bound(text="< 1 %", high=1.0, high_strict=True)),
    ],
)  # fmt: skip
def test_a_threshold_is_a_statistic_of_a_metric_and_a_bound(check, statistic, metric, bound):
    wanted = Threshold(text=check, statistic=statistic, metric=metric, bound=bound)
    assert reading(f"['{check}']") == ((wanted,), [])


def test_a_threshold_that_says_no_more_gates_all_live_figures_of_the_suite():
    ((threshold,), _) = reading("['p95(ttft) < 2s']")
    assert (threshold.tag, threshold.when, threshold.severity) == (None, None, "error")


def test_a_mapping_says_for_what_when_and_how_severely():
    assert reading(
        "[{check: 'max(total) < 9s', where: {tag: smoke}, when: replay, severity: warn}]"
    ) == (
        (
            Threshold(
                text="max(total) < 9s",
                statistic="max",
                metric="total",
                bound=Bound(text="< 9s", high=9.0, high_strict=True),
                tag="smoke",
                when="replay",
                severity="warn",
            ),
        ),
        [],
    )


def test_thresholds_keep_their_order_and_a_wrong_one_is_left_out():
    read, problems = reading("['max(ttft) < 2s', 'max(ttft)', 'min(ttft) < 1s']")
    assert [threshold.text for threshold in read] == ["max(ttft) < 2s", "min(ttft) < 1s"]
    assert problems == [(32, '"max(ttft)" is no threshold', EXAMPLES)]


@given(st.integers(min_value=1, max_value=99))
def test_every_percentile_from_1_to_99_is_a_statistic(p):
    ((threshold,), problems) = reading(f"['p{p}(stalls) < 1']")
    assert (threshold.percentile, problems) == (p, [])


@pytest.mark.parametrize("statistic", ["min", "max"])
def test_what_is_no_percentile_has_none(statistic):
    ((threshold,), _) = reading(f"['{statistic}(stalls) < 1']")
    assert threshold.percentile is None


@pytest.mark.parametrize("metric", FIGURES)
def test_a_figure_has_percentiles_and_no_rate(metric):
    assert problems_of(f"rate({metric}) == 100%") == [
        (f'"{metric}" has no rate', f"rate takes one of: {SHARE_NAMES}")
    ]


@pytest.mark.parametrize("metric", SHARES)
def test_a_share_has_a_rate_and_no_percentile(metric):
    assert problems_of(f"p95({metric}) < 2s") == [
        (f'"{metric}" has no p95', f"p95 takes one of: {FIGURE_NAMES}")
    ]


@pytest.mark.parametrize(
    ("check", "message", "hint"),
    [
        (" ", '"" is no threshold', EXAMPLES),
        ("ttft < 2s", '"ttft < 2s" is no threshold', EXAMPLES),
        ("p95(ttft) <", '"p95(ttft) <" is no threshold', EXAMPLES),
        ("p95(ttft) 1s..2s", '"p95(ttft) 1s..2s" is no threshold', EXAMPLES),
        ("mean(ttft) < 2s", '"mean" is no statistic', STATISTICS),
        ("p0(ttft) < 2s", '"p0" is no statistic', STATISTICS),
        ("p100(ttft) < 2s", '"p100" is no statistic', STATISTICS),
        ("p99.9(ttft) < 2s", '"p99.9" is no statistic', STATISTICS),
        ("rates(passed) < 2%", '"rates" is no statistic', 'did you mean "rate"?'),
        ("P95(ttft) < 2s", '"P95" is no statistic', 'did you mean "p95"?'),
        ("p95(tfft) < 2s", '"tfft" is no metric', 'did you mean "ttft"?'),
        ("p95(speed) < 2s", '"speed" is no metric', f"one of: {FIGURE_NAMES}"),
        ("p95() < 2s", '"" is no metric', f"one of: {FIGURE_NAMES}"),
        ("rate(pass) == 100%", '"pass" is no metric', 'did you mean "passed"?'),
        ("rate(good) == 100%", '"good" is no metric', f"one of: {SHARE_NAMES}"),
        ("p95(ttft) = 2s", '"=" is no comparison', OPERATORS),
        ("rate(passed) != 100%", '"!=" is no comparison', OPERATORS),
        ("p95(ttft) < 2", 'the duration "2" has no unit', 'write "2s" or "2ms"'),
        ("p95(ttft) < 2h", '"h" is no unit of time', "the units are ms, s and min"),
        ("p95(ttft) < soon", '"soon" is no duration', 'write "500ms", "3s" or "2min"'),
        ("p95(ttft) < 1s..2s", '"1s..2s" is no duration', 'write "500ms", "3s" or "2min"'),
        ("p95(ttft) < 5%", '"5%" is a percentage', "only a rate is compared with one"),
        (
            "p95(ttft) == 2s",
            '"ttft" is measured, and never exactly equal to a value',
            "compare with <, <=, > or >=",
        ),
        (
            "p50(decode_tps) == 15",
            '"decode_tps" is measured, and never exactly equal to a value',
            "compare with <, <=, > or >=",
        ),
        ("p50(decode_tps) > 15s", '"15s" has a unit where a plain number is expected', None),
        ("max(stalls) == 0s", '"0s" has a unit where a plain number is expected', None),
        ("max(stalls) == none", '"none" is no number', None),
        ("rate(passed) == 1", '"1" is no percentage', 'write one like "99%"'),
        ("rate(passed) > 2s", '"2s" is no percentage', 'write one like "99%"'),
        ("rate(passed) > x%", '"x" is no number', None),
        ("rate(passed) >= 100.1%", '"100.1%" is more than 100%', None),
        ("rate(error) < 101%", '"101%" is more than 100%', None),
    ],
)
def test_what_is_no_threshold_says_what_is_wrong_with_it(check, message, hint):
    assert problems_of(check) == [(message, hint)]


def test_everything_wrong_with_one_threshold_is_said_at_once():
    assert problems_of("mean(tfft) < 2") == [
        ('"mean" is no statistic', STATISTICS),
        ('"tfft" is no metric', 'did you mean "ttft"?'),
    ]
    assert problems_of("mean(ttft) < 2") == [
        ('"mean" is no statistic', STATISTICS),
        ('the duration "2" has no unit', 'write "2s" or "2ms"'),
    ]


@pytest.mark.parametrize(
    ("yaml", "problems"),
    [
        ("p95(ttft) < 2s", [(13, '"thresholds" must be a list, found "p95(ttft) < 2s"', None)]),
        ("[]", [(13, '"thresholds" is empty', None)]),
        ("['']", [(14, 'item 1 of "thresholds" is empty', None)]),
        (
            "[5]",
            [
                (
                    14,
                    'item 1 of "thresholds" must be a threshold, found the number 5',
                    EXAMPLES,
                )
            ],
        ),
        ("[{}]", [(14, 'a threshold needs "check"', None)]),
        ("[{check: 5}]", [(22, '"check" must be text, found the number 5', "quote it")]),
        ("[{check: ttft}]", [(22, '"ttft" is no threshold', EXAMPLES)]),
        (
            "[{check: 'max(ttft) < 2s', severty: warn}]",
            [(40, 'unknown key "severty" in a threshold', 'did you mean "severity"?')],
        ),
        (
            "[{check: 'max(ttft) < 2s', severity: warning, when: liv, where: smoke}]",
            [
                (50, '"warning" is no severity', 'did you mean "warn"?'),
                (65, '"liv" is no kind of run', 'did you mean "live"?'),
                (77, '"where" must be a mapping, found "smoke"', None),
            ],
        ),
        (
            "[{check: 'max(ttft) < 2s', where: {}}]",
            [(47, 'where needs "tag"', None)],
        ),
        (
            "[{check: 'max(ttft) < 2s', where: {tag: a, model: b}}]",
            [(56, 'unknown key "model" in where', "known here: tag")],
        ),
        (
            "[{check: 'max(ttft) < 2s', where: {tag: }}]",
            [(53, '"tag" must be text, found nothing', None)],
        ),
    ],
)
def test_what_is_wrong_around_a_threshold_is_said_at_its_place(yaml, problems):
    assert reading(yaml)[1] == problems
