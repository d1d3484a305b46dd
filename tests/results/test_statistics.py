"""Only figures that belong together are summed up, and what failed is not forgotten."""

from __future__ import annotations

import math

import pytest
from results.support import make_trial

from glmbench.measure.timing import Throughput, Timing
from glmbench.results.model import CassetteOutcome, ErrorOutcome
from glmbench.results.statistics import (
    has_failed,
    latency_statistics,
    members_of,
    throughput_statistics,
)


def live(case, ttft_s=0.2, **changes):
    return make_trial(
        case=case, **{"timing": Timing(source="live", ttft_s=ttft_s, reads=3), **changes}
    )


def failed(case, **changes):
    error = ErrorOutcome(type="ServerFailedError")
    own = {"status": "error", "error": error, "timing": Timing(source="live", reads=1)}
    return make_trial(case=case, **{**own, **changes})


def only(groups):
    (group,) = groups
    return group


def test_a_group_names_its_source_and_has_what_was_measured():
    group = only(latency_statistics([live("a", 0.1), live("b", 0.3)]))
    assert (group.source, group.origin, group.connection_reused) == ("live", "live", False)
    assert (group.token_source, group.trials, group.failed) == (None, 2, 0)
    assert [s.metric for s in group.statistics] == ["ttft"]
    values = group.statistics[0].values
    assert (values.n, values.min, values.p50, values.max) == (2, 0.1, 0.1, 0.3)


@pytest.mark.parametrize(
    "other",
    [
        {"timing": Timing(source="recorded", ttft_s=1.0)},
        {"timing": Timing(source="consumer", ttft_s=1.0)},
        {"timing": Timing(source="live", ttft_s=1.0, connection_reused=True)},
        {"origin": "emulator"},
    ],
)
def test_figures_of_different_sources_are_never_in_one_group(other):
    groups = latency_statistics([live("a"), live("b", **other)])
    assert [group.trials for group in groups] == [1, 1]


def test_rates_are_apart_by_who_counted_the_tokens():
    trials = [
        live(case, throughput=Throughput(token_source=source, decode_tps=rate))
        for case, source, rate in (
            ("a", "usage", 10.0),
            ("b", "estimate", 30.0),
            ("c", "usage", 20.0),
        )
    ]
    found = {g.token_source: g.statistics[0].values for g in throughput_statistics(trials)}
    assert {name: (values.n, values.max) for name, values in found.items()} == {
        "usage": (2, 20.0),
        "estimate": (1, 30.0),
    }
    assert only(latency_statistics(trials)).trials == 3


@pytest.mark.parametrize(
    "trial",
    [
        live("b", fault="{refuse: true}"),
        live("b", status="skipped"),
        live("b", status="interrupted"),
        live("b", timing=Timing(source="none")),
    ],
)
def test_what_is_nobodys_figure_is_in_no_group(trial):
    assert only(latency_statistics([live("a"), trial])).trials == 1


def test_what_failed_is_counted_as_never():
    group = only(latency_statistics([live("a", 0.1), failed("b"), failed("c")]))
    assert (group.trials, group.failed) == (3, 2)
    values = group.statistics[0].values
    assert (values.n, values.failed, values.p50) == (1, 2, 0.1)
    assert values.adjusted_p50 == math.inf


def test_what_failed_half_way_has_no_figure_in_a_statistic():
    half = failed("b", timing=Timing(source="live", ttft_s=0.01, total_s=0.02, reads=2))
    group = only(latency_statistics([live("a", 0.1), half]))
    assert group.statistics[0].values.min == 0.1


def test_what_failed_before_an_answer_came_is_counted_where_most_of_the_run_is():
    refused = failed("d", timing=Timing(source="consumer"), origin=None)
    trials = [live("a", origin="emulator"), live("b"), live("c"), refused]
    assert {g.origin: g.failed for g in latency_statistics(trials)} == {"emulator": 0, "live": 1}


def test_our_own_lag_is_not_adjusted_for_what_the_service_did():
    timing = Timing(source="live", ttft_s=0.1, client_lag_p50_s=0.001)
    group = only(latency_statistics([live("a", timing=timing), failed("b")]))
    adjusted = {s.metric: s.values.adjusted_p50 for s in group.statistics}
    assert adjusted == {"ttft": 0.1, "client_lag": None}


def test_where_everything_failed_there_is_nothing_to_sum_up():
    assert latency_statistics([failed("a")]) == ()
    assert throughput_statistics([failed("a")]) == ()


def test_a_recording_or_an_expectation_at_fault_is_no_failure_of_the_service():
    assert has_failed(failed("a"))
    miss = CassetteOutcome(path="c", verdict="MISS")
    assert not has_failed(failed("a", cassette=miss, timing=Timing(source="none")))
    # A stream that broke while it was recorded is not kept, and was the service's doing.
    assert has_failed(failed("a", cassette=miss))
    assert not has_failed(live("a", status="failed"))
    assert not has_failed(live("a", error=ErrorOutcome(type="AuthError")))


def test_the_members_of_a_group_are_those_whose_figures_are_in_it():
    trials = [
        live("a"),
        live("b", fault="{status: 503}"),
        failed("c"),
        live("d", status="skipped"),
        live("e", origin="emulator"),
        live("f", timing=Timing(source="live", ttft_s=1.0, connection_reused=True)),
    ]
    groups = latency_statistics(trials)
    assert [[t.case for t in members_of(group, trials)] for group in groups] == [
        ["e"],
        ["a"],
        ["f"],
    ]
    for group in groups:
        assert group.statistics[0].values.n == 1
