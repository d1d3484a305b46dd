"""Trials that share an event loop: live and recording ones, and replays at a speed."""

from __future__ import annotations

import signal
import time

import pytest
from emulation import emulated, truth
from running.runs import comparable, plans, run

from glmbench.cassettes.store import load
from glmbench.results.judge import Exit, decide
from glmbench.suites.rates import parse_rate

SCRIPT = """
version: 1
defaults: {first_delay: 30ms, delay: 5ms, piece: 3}
answers:
  - {name: cut, prompt: cut, text: Half of it, ending: {kind: cut, after: 2}}
  - {name: long, prompt: long, text: This takes a while, first_delay: 600ms}
  - {name: endless, prompt: endless, text: going on, ending: {kind: stall, after: 2}}
  - {name: echo, prompt: {matches: ^number}, text: "It was {prompt}.", echo: true}
"""
HEAD = """
version: 1
name: small
provider: chatglm
cases:
"""


def numbers(count, **more):
    lines = [f"  - {{id: n{n}, prompt: number {n}}}\n" for n in range(count)]
    return HEAD + "".join(lines)


def prompts(*texts):
    return HEAD + "".join(f"  - {{id: c{n}, prompt: {text}}}\n" for n, text in enumerate(texts))


def two_suites(folder, text):
    suites = []
    for name in ("first", "second"):
        (folder / name).mkdir()
        suites += plans(folder / name, text.replace("name: small", f"name: {name}"))
    return suites


def statuses(result):
    return [trial.status for trial in result.trials]


@pytest.fixture
def service(tmp_path):
    with emulated(tmp_path, SCRIPT) as address:
        yield address


def requests_made(folder):
    return len({line["request"] for line in truth(folder)})


# --- concurrency --------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 4, 12])
def test_rows_are_in_the_order_of_the_suite_and_tapes_do_not_mix(tmp_path, service, concurrency):
    suites = plans(tmp_path, numbers(12))
    result = run(suites, mode="record", connect_to=service, concurrency=concurrency)
    assert [trial.case for trial in result.trials] == [f"n{n}" for n in range(12)]
    assert [trial.text for trial in result.trials] == [f"It was number {n}." for n in range(12)]
    for n in range(12):
        (interaction,) = load(tmp_path / "cassettes" / "small" / f"n{n}@glm-4@1.yaml")
        assert f"number {n}".encode() in interaction.request.body
    replay = run(plans(tmp_path, numbers(12)))
    assert [comparable(trial) for trial in result.trials] == [
        comparable(trial) for trial in replay.trials
    ]


def test_so_many_are_under_way_at_once(tmp_path, service):
    suites = plans(tmp_path, prompts(*["long"] * 4))
    started = time.perf_counter()
    assert statuses(run(suites, mode="live", connect_to=service, concurrency=4)) == ["passed"] * 4
    # One after the other they take at least 2.4 s.
    assert time.perf_counter() - started < 2.2


def test_each_row_is_told_as_it_ends_and_once(tmp_path, service):
    told = []
    suites = plans(tmp_path, prompts("long", "number 1", "cut"))
    run(suites, told.append, mode="live", connect_to=service, concurrency=3)
    assert sorted(trial.case for trial in told) == ["c0", "c1", "c2"]
    assert told[-1].case == "c0"


def test_recordings_that_are_scrubbed_are_replayed_beside_live_trials(
    tmp_path, service, monkeypatch
):
    """`keep` replays in a thread; it disturbs neither the network nor the environment of others."""
    monkeypatch.setenv("SMALL_KEY", "number-of-harbours")
    # Every other answer repeats the key, so that it is scrubbed and replayed at once.
    texts = ['"number {{ env.SMALL_KEY }}"' if n % 2 else f"number {n}" for n in range(12)]
    suite = prompts(*texts).replace("cases:", "secrets: {env: [SMALL_KEY]}\ncases:")
    suites = plans(tmp_path, suite, environ={"SMALL_KEY": "number-of-harbours"}, mode="record")
    result = run(suites, mode="record", connect_to=service, concurrency=6)
    assert {trial.cassette.verdict for trial in result.trials} == {"RECORDED"}
    assert statuses(result) == ["passed"] * 12
    hidden = "It was number [secret:SMALL_KEY]."
    assert [trial.text for trial in result.trials[1::2]] == [hidden] * 6
    assert [trial.text for trial in result.trials[::2]] == [
        f"It was number {n}." for n in range(0, 12, 2)
    ]
    written = [path.read_bytes() for path in (tmp_path / "cassettes").rglob("*.yaml")]
    assert len(written) == 12
    assert not any(b"harbours" in each for each in written)
    monkeypatch.delenv("SMALL_KEY")
    replay = run(plans(tmp_path, suite))
    assert [comparable(trial) for trial in result.trials] == [
        comparable(trial) for trial in replay.trials
    ]


# --- limits -------------------------------------------------------------------------------


def test_what_would_go_beyond_the_requests_is_skipped_with_the_reason(tmp_path, service):
    suites = plans(tmp_path, numbers(5))
    result = run(suites, mode="live", connect_to=service, max_requests=3)
    assert statuses(result) == ["passed"] * 3 + ["skipped"] * 2
    assert {trial.skipped for trial in result.trials[3:]} == {"max_requests of 3 reached"}
    assert requests_made(tmp_path) == 3
    assert decide(result) == Exit.OK


@pytest.mark.parametrize(
    ("of_run", "expected"),
    [
        # A profile speaks of its own suite, the command line of all.
        ([], ["passed", "passed", "skipped"] * 2),
        (["max_requests"], ["passed", "passed", "skipped", "skipped", "skipped", "skipped"]),
    ],
)
def test_the_limits_of_the_command_line_are_those_of_all_suites_together(
    tmp_path, service, of_run, expected
):
    suites = two_suites(tmp_path, numbers(3))
    limits = {"max_requests": 2, "of_run": frozenset(of_run)}
    assert statuses(run(suites, mode="live", connect_to=service, **limits)) == expected


def test_the_time_of_the_command_line_is_that_of_all_suites_together(tmp_path, service):
    suites = two_suites(tmp_path, prompts("long"))
    limits = {"max_time_s": 0.5, "of_run": frozenset({"max_time_s"})}
    result = run(suites, mode="live", connect_to=service, **limits)
    assert statuses(result) == ["passed", "skipped"]


def test_a_trial_counts_one_request_for_each_turn(tmp_path, service):
    suite = HEAD + "  - {id: talk, turns: [number 1, number 2]}\n  - {id: one, prompt: number 3}\n"
    result = run(plans(tmp_path, suite), mode="live", connect_to=service, max_requests=2)
    assert statuses(result) == ["passed", "skipped"]


def test_after_the_time_nothing_starts_and_what_runs_goes_on(tmp_path, service):
    suites = plans(tmp_path, prompts("long", "number 1"))
    result = run(suites, mode="live", connect_to=service, max_time_s=0.3)
    assert statuses(result) == ["passed", "skipped"]
    assert result.trials[1].skipped == "max_time of 0.3 s passed"


def test_starts_are_a_rate_apart(tmp_path, service):
    suites = plans(tmp_path, numbers(4))
    run(suites, mode="live", connect_to=service, rate=parse_rate("5/s"), concurrency=4)
    arrived = sorted(line["at"] for line in truth(tmp_path) if line["what"] == "arrived")
    # Three intervals of 0.2 s; the first request may be late by what a connection takes.
    assert arrived[-1] - arrived[0] >= 0.55


def test_what_has_a_recording_uses_up_neither_requests_nor_the_rate(tmp_path, service):
    run(plans(tmp_path, numbers(3)), mode="record", connect_to=service)
    for timing in ("recorded", "20x"):
        (tmp_path / "cassettes" / "small" / "n3@glm-4@1.yaml").unlink(missing_ok=True)
        result = run(
            plans(tmp_path, numbers(4)),
            mode="record",
            connect_to=service,
            timing=timing,
            max_requests=1,
            rate=parse_rate("1/h"),
        )
        verdicts = [trial.cassette.verdict for trial in result.trials]
        assert verdicts == ["HIT", "HIT", "HIT", "RECORDED"]


def test_warm_up_requests_are_for_what_goes_to_the_network_only(tmp_path, service):
    run(plans(tmp_path, numbers(2)), mode="record", connect_to=service)
    before = requests_made(tmp_path)
    result = run(
        plans(tmp_path, numbers(2)), mode="record", connect_to=service, timing="20x", warmup=3
    )
    assert {trial.cassette.verdict for trial in result.trials} == {"HIT"}
    assert requests_made(tmp_path) == before


# --- fail-fast ----------------------------------------------------------------------------


def test_after_the_first_failure_nothing_starts_and_what_is_under_way_is_stopped(tmp_path, service):
    suites = plans(tmp_path, prompts("endless", "cut", "number 1", "number 2"))
    result = run(suites, mode="record", connect_to=service, concurrency=2, fail_fast=True)
    assert statuses(result) == ["skipped", "error", "skipped", "skipped"]
    assert {t.skipped for t in result.trials if t.skipped} == {"stopped by --fail-fast"}
    assert not (tmp_path / "cassettes").exists()
    assert decide(result) == Exit.CASSETTE


def test_a_failure_in_replay_stops_also_what_would_have_been_recorded(tmp_path, service):
    run(plans(tmp_path, prompts("number 0", "number 1")), mode="record", connect_to=service)
    (tmp_path / "cassettes" / "small" / "c0@glm-4@1.yaml").unlink()
    suite = prompts("number 0", "number 1, expect: {text: {equals: no}}", "number 2")
    result = run(plans(tmp_path, suite), mode="record", connect_to=service, fail_fast=True)
    assert statuses(result) == ["skipped", "failed", "skipped"]
    assert requests_made(tmp_path) == 2


def test_a_failure_stops_the_suites_that_follow(tmp_path, service):
    suites = two_suites(tmp_path, prompts("cut", "number 1"))
    result = run(suites, mode="live", connect_to=service, fail_fast=True)
    assert statuses(result) == ["error", "skipped", "skipped", "skipped"]


# --- replay on a real loop ----------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 6])
def test_a_replay_at_a_speed_shows_the_recorded_figures_also_concurrently(
    tmp_path, service, concurrency
):
    suites = plans(tmp_path, numbers(6))
    result = run(suites, mode="record", connect_to=service, concurrency=6)
    replay = run(plans(tmp_path, numbers(6)), timing="4x", concurrency=concurrency)
    assert {trial.cassette.verdict for trial in replay.trials} == {"HIT"}
    assert [comparable(trial) for trial in result.trials] == [
        comparable(trial) for trial in replay.trials
    ]
    assert replay.replay_lag.n > 0


SWALLOWING = """
version: 1
name: small
provider: {import: "provided:SwallowingAiohttp"}
cassettes: none
cases:
  - {id: one, prompt: Hi}
  - {id: two, prompt: Hi}
"""


@pytest.mark.parametrize("name", ["SwallowingAiohttp", "SwallowingSocket", "SwallowingThread"])
def test_a_replay_at_a_speed_is_sealed(tmp_path, name):
    suites = plans(tmp_path, SWALLOWING.replace("SwallowingAiohttp", name))
    result = run(suites, timing="4x", concurrency=2)
    assert [trial.cassette.verdict for trial in result.trials] == ["MISS", "MISS"]


def test_a_trial_is_not_blamed_for_what_another_tried_beside_it(tmp_path):
    suite = SWALLOWING.replace("SwallowingAiohttp", "SwallowingWhenTold")
    suite = suite.replace("{id: two, prompt: Hi}", "{id: two, prompt: swallow}")
    one, two = run(plans(tmp_path, suite), timing="4x", concurrency=2).trials
    assert (one.status, one.cassette) == ("passed", None)
    assert (two.status, two.cassette.verdict) == ("error", "MISS")


@pytest.mark.parametrize(
    ("times", "kept"),
    [pytest.param(1, ["c0", "c1"], id="once"), pytest.param(2, ["c0"], id="twice")],
)
def test_ctrl_c_starts_nothing_more_and_twice_stops_what_is_under_way(
    tmp_path, service, times, kept
):
    texts = ["number 0", "long", "number 1"]
    run(plans(tmp_path, prompts(*texts)), mode="record", connect_to=service)

    def interrupt(trial):
        if trial.case == "c0":
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    result = run(plans(tmp_path, prompts(*texts)), interrupt, timing="1x", concurrency=2)
    assert [trial.case for trial in result.trials] == kept
    assert decide(result) == Exit.INTERRUPTED


def test_ctrl_c_ends_a_warm_up_at_once(tmp_path, service):
    def interrupt(*_):
        signal.raise_signal(signal.SIGINT)

    # It never ends by itself: a signal that comes while it is under way is sent from a timer.
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        result = run(plans(tmp_path, prompts("endless")), mode="live", connect_to=service, warmup=9)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert (result.trials, decide(result)) == ((), Exit.INTERRUPTED)
