"""The parts of a run make the result that the whole run would have had."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results.support import make_result, make_trial

from glmbench.errors import UsageError
from glmbench.measure.stats import Summary as Distribution
from glmbench.results.merge import merge
from glmbench.results.model import Caveat, GateResult, Leak

HOW = {"mode": "replay", "timing": "recorded", "started_at": "2026-11-22T10:00:00Z"}


def named(*results):
    return [(f"r{number}.json", result) for number, result in enumerate(results, start=1)]


def trial(place, **changes):
    return make_trial(**{"case": f"case-{place}", "place": place, **changes})


def test_one_result_stays_as_it_is():
    result = make_result([trial(1)], environment=HOW)
    assert merge(named(result)) is result


@given(st.permutations(range(1, 8)), st.integers(1, 4))
def test_trials_stand_in_the_order_of_their_suite_however_they_were_dealt_out(places, parts):
    dealt = [
        make_result([trial(p) for p in places[i::parts]], environment=HOW) for i in range(parts)
    ]
    merged = merge(named(*dealt))
    whole = sorted(places) if parts > 1 else list(places)
    assert [t.place for t in merged.trials] == whole


def test_suites_stand_in_the_order_in_which_they_first_appear():
    first = make_result([trial(2)], environment=HOW)
    second = make_result([trial(1, suite="other"), trial(1)], environment=HOW)
    merged = merge(named(first, second))
    assert [suite.name for suite in merged.suites] == ["small", "other"]
    assert [t.full_id for t in merged.trials] == [
        "small/case-1@glm-4@1",
        "small/case-2@glm-4@1",
        "other/case-1@glm-4@1",
    ]


def test_a_trial_in_two_results_is_refused():
    result = make_result([trial(1)], environment=HOW)
    message = "the trial small/case-1@glm-4@1 is in r1.json and in r2.json"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        merge(named(result, result))


def test_results_that_were_run_in_different_ways_are_refused():
    replayed = make_result([trial(1)], environment=HOW)
    live = make_result([trial(2)], environment={**HOW, "mode": "live"})
    message = (
        "r1.json and r2.json are no parts of one run: mode is replay in one and live in the other"
    )
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        merge(named(replayed, live))


def test_the_environment_keeps_what_all_have_in_common_and_the_earliest_start():
    first = make_result([trial(1)], environment={**HOW, "python": "3.11", "profile": "a"})
    later = {**HOW, "started_at": "2026-11-22T09:00:00Z", "python": "3.12", "profile": "a"}
    merged = merge(named(first, make_result([trial(2)], environment=later)))
    assert merged.environment == {
        **HOW,
        "started_at": "2026-11-22T09:00:00Z",
        "python": None,
        "profile": "a",
    }


def test_what_any_part_says_against_the_run_is_kept():
    leak = Leak(place="c.yaml", words="looks like a key")
    good = make_result([trial(1)], environment=HOW)
    bad = make_result(
        [trial(2)],
        environment=HOW,
        interrupted=True,
        strict=True,
        leaks=(leak,),
        regressions=("slower",),
        details={"small/case-2@glm-4@1": "text"},
    )
    merged = merge(named(good, bad, make_result([trial(3)], environment=HOW, leaks=(leak,))))
    assert (merged.interrupted, merged.strict, merged.leaks) == (True, True, (leak,))
    assert merged.regressions == ("slower",)
    assert merged.details == {"small/case-2@glm-4@1": "text"}


def test_a_threshold_of_all_parts_is_there_once():
    gate = GateResult(
        suite="small",
        text="rate(passed) == 100%",
        status="passed",
        got="100%",
        n=1,
        severity="error",
    )
    tagged = replace(gate, tag="slow")
    parts = [
        make_result([trial(n)], environment=HOW, gates=gates)
        for n, gates in ((1, (gate, tagged)), (2, (replace(gate, status="failed", n=2),)))
    ]
    assert merge(named(*parts)).gates == (gate, tagged)


def test_warnings_are_found_again_and_ages_are_repeated():
    old = "recorded up to 99 days ago, which is older than the suite's max_age"
    first = make_result(
        [trial(1, rewritten="x")],
        environment=HOW,
        warnings=(Caveat(trials=("small/case-1@glm-4@1",), words=old),),
    )
    second = make_result(
        [trial(2, rewritten="y")],
        environment=HOW,
        warnings=(Caveat(trials=("small/case-2@glm-4@1",), words=old),),
    )
    both = ("small/case-1@glm-4@1", "small/case-2@glm-4@1")
    found = merge(named(first, second)).warnings
    assert [caveat.trials for caveat in found] == [both, both]
    assert [caveat.words for caveat in found][1] == old


def test_of_the_lags_only_the_ends_can_be_put_together():
    lags = [Distribution(n=3, min=0.1, p50=0.2, max=0.3), Distribution(n=2, min=0.05, p50=1, max=1)]
    parts = [
        make_result([trial(n)], environment=HOW, replay_lag=lag)
        for n, lag in enumerate([*lags, Distribution(n=0)], start=1)
    ]
    assert merge(named(*parts)).replay_lag == Distribution(n=5, min=0.05, max=1)
    assert merge(named(parts[0], parts[2])).replay_lag == lags[0]


def test_a_missing_shard_is_refused_for_what_it_found_would_be_missing_too():
    parts = [make_result([trial(n)], environment={**HOW, "shard": f"{n}/3"}) for n in (1, 2, 3)]
    assert len(merge(named(*parts)).trials) == 3
    with pytest.raises(UsageError, match=r"^the shard 2/3 is missing: r1\.json is 1/3$"):
        merge(named(parts[0], parts[2]))


@pytest.mark.parametrize(("shard", "words"), [("2/2", "2/2"), (None, "not set")])
def test_shards_of_different_runs_are_refused(shard, words):
    first = make_result([trial(1)], environment={**HOW, "shard": "1/3"})
    other = make_result([trial(2)], environment={**HOW, "shard": shard})
    message = (
        f"r1.json and r2.json are no parts of one run: shard is 1/3 in one and {words} in the other"
    )
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        merge(named(first, other))


def test_lags_without_ends_and_starts_without_a_time_are_put_together_too():
    environment = {**HOW, "started_at": None}
    parts = [
        make_result([trial(n)], environment=environment, replay_lag=Distribution(n=2))
        for n in (1, 2)
    ]
    merged = merge(named(*parts))
    assert merged.replay_lag == Distribution(n=4)
    assert merged.environment == environment
