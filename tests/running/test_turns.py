"""A conversation: what each turn is told, what each must show, and when it ends."""

from __future__ import annotations

import json
from dataclasses import replace

import provided
import pytest
from emulation import emulated
from running.runs import comparable, plans, run

from glmbench.cassettes.reframe import parse_reframe
from glmbench.cassettes.store import load, save
from glmbench.results.judge import Exit, decide
from glmbench.suites.faults import parse_fault

COMPLETIONS_SCRIPT = """
version: 1
emulate: completions
defaults: {first_delay: 20ms, delay: 5ms, piece: 2}
answers:
  - {name: hello, prompt: Hello, text: Good morning, first_delay: 200ms}
  - {name: again, prompt: And again, text: Good evening}
  - {name: cut, prompt: Break off, text: Half of it, ending: {kind: cut, after: 3}}
  - {name: nothing, prompt: Say nothing, http: {status: 429, json: {error: {code: "1302"}}}}
"""

CHATGLM_SCRIPT = COMPLETIONS_SCRIPT.replace("completions", "chatglm")

COMPLETIONS = """
version: 1
name: small
provider: {name: completions, kwargs: {base_url: "https://api.example.com/v1", api_key: ""}}
defaults: {model: any}
cases:
"""

CHATGLM = """
version: 1
name: small
provider: chatglm
cases:
"""

TWO_TURNS = """
  - id: talk
    turns:
      - {prompt: Hello, expect: {text: {contains: morning}}}
      - {prompt: And again, expect: {text: {contains: evening}}}
"""


def asked(folder, name):
    """Return the JSON bodies of a cassette's requests."""
    recorded = load(folder / "cassettes" / "small" / f"{name}.yaml")
    return [json.loads(interaction.request.body) for interaction in recorded]


def record(folder, script, suite, **settings):
    with emulated(folder, script) as address:
        return run(plans(folder, suite), mode="record", connect_to=address, **settings)


def test_a_provider_without_a_conversation_is_sent_the_history(tmp_path):
    (trial,) = record(tmp_path, COMPLETIONS_SCRIPT, COMPLETIONS + TWO_TURNS).trials
    assert trial.status == "passed"
    first, second = asked(tmp_path, "talk@any@1")
    assert first["messages"] == [{"role": "user", "content": "Hello"}]
    assert second["messages"] == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Good morning"},
        {"role": "user", "content": "And again"},
    ]


def test_a_providers_own_conversation_is_gone_on_with_and_told_the_new_message_only(tmp_path):
    (trial,) = record(tmp_path, CHATGLM_SCRIPT, CHATGLM + TWO_TURNS).trials
    assert trial.status == "passed"
    first, second = asked(tmp_path, "talk@glm-4@1")
    assert first["conversation_id"] == ""
    assert len(second["conversation_id"]) > 0
    assert second["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "And again"}]}
    ]


@pytest.mark.parametrize(
    ("script", "suite"),
    [(COMPLETIONS_SCRIPT, COMPLETIONS), (CHATGLM_SCRIPT, CHATGLM)],
    ids=["history", "conversation"],
)
@pytest.mark.parametrize("timing", ["recorded", "instant", "4x"])
def test_the_replay_of_several_turns_equals_their_recording_exactly(
    tmp_path, script, suite, timing
):
    result = record(tmp_path, script, suite + TWO_TURNS)
    replay = run(plans(tmp_path, suite + TWO_TURNS), timing=timing)
    (live,), (again,) = result.trials, replay.trials
    assert (live.status, live.cassette.verdict) == ("passed", "RECORDED")
    assert (again.status, again.cassette.verdict) == ("passed", "HIT")
    assert comparable(live) == comparable(again)


def test_the_figures_of_a_trial_are_those_of_its_first_turn_and_every_turn_has_its_own(tmp_path):
    (trial,) = record(tmp_path, COMPLETIONS_SCRIPT, COMPLETIONS + TWO_TURNS).trials
    first, second = trial.turns
    assert (trial.text, trial.timing, trial.checks) == (first.text, first.timing, first.checks)
    assert [turn.text for turn in trial.turns] == ["Good morning", "Good evening"]
    # The time of a turn begins with its own request: the first one waits 200 ms, the second 20.
    assert first.timing.ttft_s >= 0.2
    assert 0.02 <= second.timing.ttft_s < first.timing.total_s
    assert [len(turn.checks) for turn in trial.turns] == [2, 2]


def test_the_track_says_which_turn_a_response_belongs_to(tmp_path):
    record(tmp_path, COMPLETIONS_SCRIPT, COMPLETIONS + TWO_TURNS)
    recorded = load(tmp_path / "cassettes" / "small" / "talk@any@1.yaml")
    places = [(each.track.seq, each.track.turn, each.track.attempt) for each in recorded]
    assert places == [(1, 1, 1), (2, 2, 1)]
    # Instants count from the first request of the turn.
    assert all(each.track.chunks[0].at_us < 1_000_000 for each in recorded)


FAILING = """
  - id: talk
    on_turn_failure: {then}
    turns:
      - {{prompt: {first}, expect: {{text: {{contains: nothing like this}}}}}}
      - And again
"""


@pytest.mark.parametrize(
    ("then", "first", "statuses"),
    [
        ("stop", "Hello", ["failed"]),
        ("continue", "Hello", ["failed", "passed"]),
        ("stop", "Break off", ["error"]),
        ("continue", "Break off", ["error", "passed"]),
        # There is no answer to go on from.
        ("continue", "Say nothing", ["error"]),
    ],
)
def test_a_turn_that_fails_ends_the_trial_unless_the_case_goes_on(tmp_path, then, first, statuses):
    suite = COMPLETIONS + FAILING.format(then=then, first=first)
    with emulated(tmp_path, COMPLETIONS_SCRIPT) as address:
        (trial,) = run(plans(tmp_path, suite), mode="live", connect_to=address).trials
    assert [turn.status for turn in trial.turns] == statuses
    assert trial.status == statuses[0]


def test_a_failure_of_a_later_turn_is_that_of_the_trial(tmp_path):
    suite = COMPLETIONS + "  - {id: talk, turns: [Hello, Break off, And again]}\n"
    with emulated(tmp_path, COMPLETIONS_SCRIPT) as address:
        result = run(plans(tmp_path, suite), mode="live", connect_to=address)
    (trial,) = result.trials
    assert [turn.status for turn in trial.turns] == ["passed", "error"]
    assert (trial.status, trial.error.type) == ("error", "IncompleteStreamError")
    assert trial.text == "Good morning"
    assert decide(result) == Exit.PROVIDER


def test_an_expected_error_is_a_pass_and_no_empty_answer_is_put_into_the_history(tmp_path):
    suite = COMPLETIONS + (
        "  - id: talk\n"
        "    turns: [{prompt: Say nothing, expect: {error: RateLimited}}, And again]\n"
    )
    (trial,) = record(tmp_path, COMPLETIONS_SCRIPT, suite).trials
    assert [turn.status for turn in trial.turns] == ["passed", "passed"]
    _, second = asked(tmp_path, "talk@any@1")
    assert [message["role"] for message in second["messages"]] == ["user", "user"]


def test_one_deadline_covers_all_turns(tmp_path):
    script = COMPLETIONS_SCRIPT.replace("first_delay: 20ms", "first_delay: 5s")
    suite = COMPLETIONS + "  - {id: talk, timeout: 0.6, turns: [Hello, And again, Hello]}\n"
    with emulated(tmp_path, script) as address:
        (trial,) = run(plans(tmp_path, suite), mode="record", connect_to=address).trials
    assert [turn.status for turn in trial.turns] == ["passed", "error"]
    assert trial.error.message == "the case's timeout of 0.6 s passed"
    assert not (tmp_path / "cassettes").exists()


def test_the_deadline_of_a_replay_at_a_speed_is_scaled_with_it(tmp_path):
    suite = COMPLETIONS + "  - {id: talk, turns: [Hello, And again]}\n"
    record(tmp_path, COMPLETIONS_SCRIPT, suite)
    # Recorded, it took some 300 ms; at this pace it takes four times that.
    timely = suite.replace("id: talk,", "id: talk, timeout: 0.8,")
    (trial,) = run(plans(tmp_path, timely), timing="0.25x").trials
    assert trial.status == "passed"


def edit_first_answer(path, before, after):
    first, *others = load(path)
    body = first.body.replace(before, after)
    assert len(body) == len(first.body)
    save(path, (replace(first, body=body), *others))


def test_a_request_that_is_stale_because_of_an_earlier_answer_says_so(tmp_path):
    suite = COMPLETIONS + "  - {id: talk, turns: [Hello, And again]}\n"
    record(tmp_path, COMPLETIONS_SCRIPT, suite)
    path = tmp_path / "cassettes" / "small" / "talk@any@1.yaml"
    edit_first_answer(path, b"Go", b"Wo")
    (trial,) = run(plans(tmp_path, suite)).trials
    assert (trial.status, trial.cassette.verdict) == ("error", "STALE")
    assert [turn.text for turn in trial.turns] == ["Wood morning", ""]
    assert trial.cassette.reason == (
        "POST https://api.example.com/v1/chat/completions is recorded in "
        "cassettes/small/talk@any@1.yaml with another request (in an earlier answer): "
        '$.messages[1].content: recorded "Good morning", sent "Wood morning". '
        "Record it again with --mode refresh if the new request is right."
    )


def test_a_request_that_is_stale_because_of_its_own_words_does_not_say_so(tmp_path):
    suite = COMPLETIONS + "  - {id: talk, turns: [Hello, And again]}\n"
    record(tmp_path, COMPLETIONS_SCRIPT, suite)
    (trial,) = run(plans(tmp_path, suite.replace("And again", "Once more"))).trials
    assert trial.cassette.verdict == "STALE"
    assert "with another request: $.messages[2].content: recorded" in trial.cassette.reason


@pytest.mark.parametrize(
    ("script", "suite"),
    [(COMPLETIONS_SCRIPT, COMPLETIONS), (CHATGLM_SCRIPT, CHATGLM)],
    ids=["history", "conversation"],
)
def test_a_broken_turn_that_is_saved_by_force_replays_as_it_was(tmp_path, script, suite):
    talk = "  - {id: talk, on_turn_failure: continue, turns: [Hello, Break off, And again]}\n"
    (live,) = record(tmp_path, script, suite + talk, force=True).trials
    (again,) = run(plans(tmp_path, suite + talk)).trials
    assert [turn.status for turn in live.turns] == ["passed", "error", "passed"]
    assert comparable(live) == comparable(again)


@pytest.mark.parametrize("framing", ["whole", "event", "byte", "random:7"])
def test_other_chunks_change_neither_an_answer_nor_the_requests_that_follow(tmp_path, framing):
    record(tmp_path, COMPLETIONS_SCRIPT, COMPLETIONS + TWO_TURNS)
    plan = plans(tmp_path, COMPLETIONS + TWO_TURNS)
    (trial,) = run(plan, reframe=parse_reframe(framing)).trials
    assert (trial.status, trial.cassette.verdict) == ("passed", "HIT")
    assert [turn.text for turn in trial.turns] == ["Good morning", "Good evening"]


@pytest.mark.parametrize("then", ["stop", "continue"])
def test_a_fault_is_put_on_the_last_turn(tmp_path, then):
    suite = COMPLETIONS + f"  - {{id: talk, on_turn_failure: {then}, turns: [Hello, And again]}}\n"
    record(tmp_path, COMPLETIONS_SCRIPT, suite)
    (trial,) = run(plans(tmp_path, suite), fault=parse_fault("{cut_after: 2, kind: eof}")).trials
    assert [turn.status for turn in trial.turns] == ["passed", "error"]
    assert (trial.error.type, trial.cassette.verdict) == ("IncompleteStreamError", "HIT")


def test_a_check_in_python_sees_each_turn_and_the_last_one_once(tmp_path):
    checked = TWO_TURNS.replace(
        "  - id: talk", '  - id: talk\n    expect: {python: "provided:noted"}'
    )
    suite = COMPLETIONS + checked
    record(tmp_path, COMPLETIONS_SCRIPT, suite)
    provided.SEEN.clear()
    (trial,) = run(plans(tmp_path, suite)).trials
    assert [turn.checks[-1].name for turn in trial.turns] == ["python", "python"]
    # Once to know whether to go on after the first, and once to judge each.
    assert provided.SEEN == ["Good morning", "Good morning", "Good evening"]
