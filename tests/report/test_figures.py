"""Latency and throughput in eighty columns, and what the failed would make of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results.support import make_trial
from wcwidth import wcswidth

from glmbench.measure.timing import Throughput, Timing
from glmbench.report.figures import render_client_lag, render_latency, render_throughput
from glmbench.report.style import Style
from glmbench.results.model import ErrorOutcome

VERBOSE = Style(verbosity=1)


def live(n, ttft_s, **changes):
    timing = Timing(source="live", ttft_s=ttft_s, **changes)
    return make_trial(repeat=n, timing=timing, verdict="LIVE")


def failed(n):
    error = ErrorOutcome(type="ServerFailedError")
    return make_trial(
        repeat=n, status="error", finish_reason=None, error=error, timing=Timing(source="live")
    )


def test_the_median_has_its_interval_from_six_values_up():
    trials = [live(n, n / 10) for n in range(1, 7)]
    assert render_latency(trials).splitlines() == [
        "Latency (measured live)",
        "                    n     min  median  95 % interval  p95     max",
        "------------------  -  ------  ------  -------------  ---  ------",
        "first token (ttft)  6  100 ms  300 ms     100–600 ms    -  600 ms",
    ]
    assert "interval" not in render_latency(trials[1:])


def test_only_what_is_verbose_shows_the_99th_percentile():
    trials = [live(n, n / 100) for n in range(1, 101)]
    drawn = render_latency(trials, VERBOSE).splitlines()
    assert [cell.strip() for cell in drawn[1].split("  ") if cell][-4:] == [
        "95 % interval",
        "p95",
        "p99",
        "max",
    ]
    assert drawn[3].endswith("400–610 ms  950 ms  990 ms  1.00 s")
    assert "990 ms" not in render_latency(trials)


def test_what_failed_is_said_in_words_as_what_never_came():
    trials = [*(live(n, n / 10) for n in range(1, 18)), *map(failed, (18, 19, 20))]
    assert render_latency(trials).splitlines()[-1] == (
        "3 of 20 failed: with those as never, the median ttft is 1.00 s and p95 is never."
    )


def test_figures_that_failures_make_alike_are_named_together():
    trials = [live(1, 0.1), *map(failed, range(2, 22))]
    assert render_latency(trials).splitlines()[-1] == (
        "20 of 21 failed: with those as never, the median ttft and p95 are never."
    )


def test_without_a_failure_nothing_is_said_of_one():
    assert "failed" not in render_latency([live(1, 0.1)])


def test_a_sample_too_small_for_p95_speaks_of_the_median_alone():
    assert render_latency([live(1, 0.1), failed(2), failed(3)]).splitlines()[-1] == (
        "2 of 3 failed: with those as never, the median ttft is never."
    )


@given(
    st.lists(
        st.floats(min_value=0.00001, max_value=5_000, allow_nan=False), min_size=1, max_size=30
    ),
    st.sampled_from([Style(), VERBOSE]),
)
def test_no_figures_make_a_table_wider_than_the_terminal(values, style):
    trials = [
        live(n, value, ttfb_s=value, ttfo_s=value, total_s=value * 2, gap_max_s=value)
        for n, value in enumerate(values)
    ]
    assert max(map(wcswidth, render_latency(trials, style).splitlines())) <= 80


def test_rates_have_no_unit_and_no_line_about_failures():
    rates = Throughput(token_source="usage", output_tokens=9, decode_tps=1234.5)
    trials = [make_trial(throughput=rates), failed(2)]
    assert render_throughput(trials).splitlines() == [
        "Throughput (recorded, not measured now; the service's tokens)",
        "                         n   min  median  p95   max",
        "-----------------------  -  ----  ------  ---  ----",
        "tokens/s while decoding  1  1234    1234    -  1234",
    ]


def test_our_own_lag_is_drawn_with_its_share_of_the_first_token():
    lag = {"client_lag_p50_s": 0.0001, "client_lag_max_s": 0.025, "reads": 12}
    assert render_client_lag([live(1, 0.5, **lag), make_trial(case="recorded")]).splitlines() == [
        "Our own lag",
        "trial        reads    ttft  median lag  longest lag  % of ttft",
        "-----------  -----  ------  ----------  -----------  ---------",
        "one@glm-4@1     12  500 ms     0.10 ms        25 ms          5",
    ]


def test_a_lag_without_a_first_token_has_no_share():
    drawn = render_client_lag([live(1, None, client_lag_p50_s=0.1, client_lag_max_s=0.1)])
    assert drawn.splitlines()[3].endswith("  -")


def test_where_no_lag_is_known_there_is_no_table():
    assert render_client_lag([make_trial()]) == ""


@pytest.mark.parametrize("table_format", ["html", "tsv", "github"])
def test_a_pasted_table_leaves_no_column_out(table_format):
    trials = [live(n, 100.0 + n, total_s=200.0 + n) for n in range(6)]
    drawn = render_latency(trials, Style(table_format=table_format, verbosity=1))
    for head in ("min", "median", "95 % interval", "p95", "p99", "max"):
        assert head in drawn
