"""Another go after an error that can pass: recorded, replayed, and outside of the latency."""

from __future__ import annotations

import json
import time

import pytest
from running.runs import comparable, plans, run, served
from streamserver import CUT, LAST, chunked, head

from glmbench.cassettes.store import load

SUITE = """
version: 1
name: small
provider: {name: completions, kwargs: {base_url: "https://api.example.com/v1", api_key: ""}}
defaults: {model: any}
cases:
"""
ONE = SUITE + "  - {id: one, prompt: Hello}\n"


def answer(text):
    chunk = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]}
    body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
    return [head("Content-Type: text/event-stream"), chunked(body), LAST, CUT]


def refusal(status="429 Too Many Requests", retry_after="1", code="1302"):
    body = json.dumps({"error": {"code": code, "message": "no"}}).encode()
    headers = ["Content-Type: application/json"]
    headers += [f"Retry-After: {retry_after}"] if retry_after else []
    return [head(*headers, status=status, framing=f"length={len(body)}"), body, CUT]


BROKEN = [head("Content-Type: text/event-stream"), chunked(b'data: {"choices": []}\n\n'), CUT]
FINE = answer("Good morning")


def cassette(folder):
    return load(folder / "cassettes" / "small" / "one@any@1.yaml")


def test_without_retries_the_first_error_stands(tmp_path):
    with served(refusal(), FINE) as (server, address):
        (trial,) = run(plans(tmp_path, ONE), mode="live", connect_to=address).trials
    assert (trial.status, trial.error.type) == ("error", "RateLimitedError")
    assert (trial.turns[0].attempts, len(server.requests)) == (1, 1)


def test_attempts_are_recorded_and_a_replay_follows_them_to_the_last_digit(tmp_path):
    with served(refusal(retry_after="0"), refusal(), FINE) as (server, address):
        result = run(plans(tmp_path, ONE), mode="record", connect_to=address, retries=2)
    (live,) = result.trials
    assert (live.status, live.cassette.verdict) == ("passed", "RECORDED")
    assert (live.turns[0].attempts, live.turns[0].waited_s, len(server.requests)) == (3, 1.0, 3)
    places = [(each.track.turn, each.track.attempt, each.status) for each in cassette(tmp_path)]
    assert places == [(1, 1, 429), (1, 2, 429), (1, 3, 200)]
    # Without --retries.
    (again,) = run(plans(tmp_path, ONE)).trials
    assert (again.status, again.cassette.verdict) == ("passed", "HIT")
    assert comparable(live) == comparable(again)


def test_the_wait_is_in_no_latency(tmp_path):
    with served(refusal(retry_after="1"), FINE) as (_, address):
        (trial,) = run(plans(tmp_path, ONE), mode="live", connect_to=address, retries=1).trials
    assert trial.turns[0].waited_s == 1.0
    assert trial.timing.total_s < 0.9


def test_a_replay_at_a_speed_waits_that_much_shorter_and_shows_the_same(tmp_path):
    with served(refusal(retry_after="1"), FINE) as (_, address):
        result = run(plans(tmp_path, ONE), mode="record", connect_to=address, retries=1)
    started = time.perf_counter()
    replay = run(plans(tmp_path, ONE), timing="20x")
    assert time.perf_counter() - started < 0.9
    assert comparable(result.trials[0]) == comparable(replay.trials[0])


def test_an_answer_that_broke_off_is_asked_for_again_and_only_the_last_attempt_counts(tmp_path):
    with served(BROKEN, FINE) as (_, address):
        plan = plans(tmp_path, ONE)
        (live,) = run(plan, mode="record", connect_to=address, retries=1).trials
    assert (live.status, live.text, live.turns[0].attempts) == ("passed", "Good morning", 2)
    (again,) = run(plans(tmp_path, ONE)).trials
    assert comparable(live) == comparable(again)


def test_when_the_retries_are_used_up_the_last_error_stands_and_is_not_saved(tmp_path):
    with served(refusal(retry_after="0")) as (server, address):
        (trial,) = run(plans(tmp_path, ONE), mode="record", connect_to=address, retries=2).trials
    assert (trial.status, trial.error.type) == ("error", "RateLimitedError")
    assert (trial.turns[0].attempts, len(server.requests)) == (3, 3)
    assert trial.cassette.verdict == "LIVE"
    assert not (tmp_path / "cassettes").exists()


def test_an_expected_error_after_retries_is_recorded_with_all_its_attempts(tmp_path):
    suite = SUITE + "  - {id: one, prompt: Hello, expect: {error: RateLimited}}\n"
    with served(refusal(retry_after="0")) as (_, address):
        (live,) = run(plans(tmp_path, suite), mode="record", connect_to=address, retries=1).trials
    (again,) = run(plans(tmp_path, suite)).trials
    assert (live.status, live.turns[0].attempts) == ("passed", 2)
    assert comparable(live) == comparable(again)


def test_one_deadline_covers_all_attempts_and_no_wait_is_begun_that_would_reach_it(tmp_path):
    suite = SUITE + "  - {id: one, prompt: Hello, timeout: 5}\n"
    started = time.perf_counter()
    with served(refusal(retry_after="30")) as (server, address):
        (trial,) = run(plans(tmp_path, suite), mode="live", connect_to=address, retries=9).trials
    assert time.perf_counter() - started < 5
    assert (trial.error.type, trial.turns[0].attempts) == ("RateLimitedError", 1)
    assert len(server.requests) == 1


def test_a_key_that_is_refused_is_not_tried_again(tmp_path):
    with served(refusal("401 Unauthorized", code="1000")) as (server, address):
        (trial,) = run(plans(tmp_path, ONE), mode="live", connect_to=address, retries=3).trials
    assert (trial.error.type, len(server.requests)) == ("AuthError", 1)


def test_retries_use_up_the_requests_of_the_run(tmp_path):
    suite = ONE + "  - {id: two, prompt: Hello}\n"
    with served(refusal(retry_after="0")) as (server, address):
        one, two = run(
            plans(tmp_path, suite), mode="live", connect_to=address, retries=9, max_requests=3
        ).trials
    assert (one.status, one.turns[0].attempts) == ("error", 3)
    assert (two.status, two.skipped) == ("skipped", "max_requests of 3 reached")
    assert len(server.requests) == 3


def test_each_turn_has_its_own_retries(tmp_path):
    suite = SUITE + "  - {id: one, turns: [Hello, And again]}\n"
    zero = refusal(retry_after="0")
    with served(zero, FINE, zero, answer("Good evening")) as (_, address):
        (live,) = run(plans(tmp_path, suite), mode="record", connect_to=address, retries=1).trials
    assert [(turn.attempts, turn.text) for turn in live.turns] == [
        (2, "Good morning"),
        (2, "Good evening"),
    ]
    places = [(each.track.turn, each.track.attempt) for each in cassette(tmp_path)]
    assert places == [(1, 1), (1, 2), (2, 1), (2, 2)]
    (again,) = run(plans(tmp_path, suite)).trials
    assert comparable(live) == comparable(again)


@pytest.mark.parametrize("warmup", [0, 2])
def test_warm_up_requests_are_made_before_and_leave_no_row(tmp_path, warmup):
    with served(FINE) as (server, address):
        result = run(plans(tmp_path, ONE), mode="record", connect_to=address, warmup=warmup)
    assert [trial.status for trial in result.trials] == ["passed"]
    assert len(server.requests) == 1 + warmup
    assert len(cassette(tmp_path)) == 1


def test_a_warm_up_is_not_tried_again_and_uses_up_requests(tmp_path):
    with served(refusal(retry_after="0"), refusal(retry_after="0"), FINE) as (server, address):
        (trial,) = run(
            plans(tmp_path, ONE),
            mode="live",
            connect_to=address,
            warmup=2,
            retries=5,
            max_requests=2,
        ).trials
    assert (trial.status, trial.skipped) == ("skipped", "max_requests of 2 reached")
    assert len(server.requests) == 2
