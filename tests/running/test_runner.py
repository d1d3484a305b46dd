"""A recording run and its replay agree to the last digit, and nothing gets round the tape."""

from __future__ import annotations

import asyncio
import socket
import time
from itertools import accumulate

import msgspec
import pytest
import yaml
from emulation import emulated, truth

from glmbench import ChatGLM
from glmbench.cassettes.context import activate
from glmbench.cassettes.recording_tape import RecordingTape
from glmbench.cassettes.store import load
from glmbench.errors import SuiteError
from glmbench.results.judge import Exit, decide
from glmbench.running.plan import load_plan
from glmbench.running.runner import run_suites
from glmbench.running.stage import Settings

# Tracks count in whole microseconds.
ROUNDING = 1e-6

SCRIPT = """
version: 1
defaults: {framing: "2025", first_delay: 100ms, delay: 10ms, piece: 1}
answers:
  - name: fifty
    prompt: fifty
    text: &fifty "01234567890123456789012345678901234567890123456789"
  - name: packed
    prompt: packed
    text: *fifty
    gzip: true
  - name: with-head
    prompt: with head
    text: *fifty
    with_head: true
    opening_delay: 0
  - name: delta
    prompt: delta
    mode: delta
    text: 你好，你好
    think: 想一想
  - name: cut
    prompt: cut
    text: *fifty
    ending: {kind: cut, after: 11}
  - name: moderated
    prompt: moderated
    text: not for you
    ending: {kind: intervene, notice: refused}
"""

SUITE = """
version: 1
name: small
provider: {provider}
cases:
  - {{id: fifty, prompt: fifty}}
  - {{id: packed, prompt: packed}}
  - {{id: with-head, prompt: with head}}
  - {{id: delta, prompt: delta}}
  - {{id: cut, prompt: cut, expect: {{error: IncompleteStream}}}}
  - {{id: moderated, prompt: moderated, expect: {{finish_reason: content_filter}}}}
"""


def suite(folder, provider="chatglm", text=SUITE):
    path = folder / "suite.yaml"
    path.write_text(text.format(provider=provider), encoding="utf-8")
    return load_plan([path]).suites


def run(plans, **settings):
    return run_suites(plans, Settings(**settings), {})


def comparable(trial):
    """Everything but what is known live only, and the words for where the figures come from."""
    data = msgspec.to_builtins(trial)
    for turn in (data, *data["turns"]):
        for key in ("source", "client_lag_p50_s", "client_lag_max_s"):
            del turn["timing"][key]
        for check in turn["checks"]:
            del check["note"]
    del data["cassette"]["verdict"]
    return data


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    with emulated(folder, SCRIPT) as address:
        result = run(suite(folder), mode="record", connect_to=address)
    return folder, result


def test_everything_passes_while_recording(recorded):
    _, result = recorded
    assert [trial.status for trial in result.trials] == ["passed"] * 6
    assert {trial.cassette.verdict for trial in result.trials} == {"RECORDED"}
    assert {trial.timing.source for trial in result.trials} == {"live"}
    assert {trial.origin for trial in result.trials} == {"emulator"}


@pytest.mark.parametrize("timing", ["recorded", "instant"])
def test_the_replay_equals_the_recording_run_exactly(recorded, timing):
    folder, result = recorded
    replay = run(suite(folder), timing=timing)
    assert {trial.cassette.verdict for trial in replay.trials} == {"HIT"}
    assert {trial.timing.source for trial in replay.trials} == {"recorded"}
    for live, again in zip(result.trials, replay.trials, strict=True):
        assert comparable(live) == comparable(again)


@pytest.mark.parametrize("prompt", ["fifty", "packed", "with-head"])
def test_every_arrival_lies_between_its_write_and_its_consumer(tmp_path, prompt):
    """The emulator's truth: no chunk arrives before it was written or after it was handed on."""
    taken = []

    async def ask():
        messages = [{"role": "user", "content": prompt.replace("-", " ")}]
        async for part in ChatGLM.create_async_generator("glm-4", messages):
            taken.append((time.perf_counter(), tape.position(), part))
            # Slower than the frames come: what is late here must not count as late arrival.
            await asyncio.sleep(0.012)

    with emulated(tmp_path, SCRIPT) as address:
        tape = RecordingTape(None, connect_to=address)
        with activate(tape):
            asyncio.run(ask())
    ((exchange, served),) = tape.served()
    chunks = served.interaction.track.chunks
    arrivals = [exchange.zero + chunk.at_us / 1e6 for chunk in chunks]
    # A write may share a read with the next one when the machine is busy; it never splits.
    written = list(accumulate(line["bytes"] for line in truth(tmp_path) if line.get("frames")))
    written_at = [line["at"] for line in truth(tmp_path) if line.get("frames")]
    ends = list(accumulate(chunk.size for chunk in chunks))
    assert set(ends) <= set(written)
    assert ends[-1] == written[-1]
    for end, arrival in zip(ends, arrivals, strict=True):
        assert written_at[written.index(end)] <= arrival + ROUNDING
    texts = [(at, position.chunk) for at, position, part in taken if isinstance(part, str)]
    assert "".join(part for _, _, part in taken if isinstance(part, str)) == "0123456789" * 5
    assert [chunk for _, chunk in texts] == sorted(chunk for _, chunk in texts)
    for at, chunk in texts:
        assert arrivals[chunk] <= at + ROUNDING


def test_the_first_token_is_timed_by_its_read_and_not_by_the_end(recorded):
    _, result = recorded
    for trial in result.trials[:2]:
        # The server waits at least as long as its script says; a busy machine only adds.
        assert 0.1 <= trial.timing.ttft_s < trial.timing.total_s
        assert trial.timing.total_s >= 0.59
        assert trial.timing.gaps > 1


def test_the_cut_stream_keeps_its_chunks_and_its_error(recorded):
    folder, result = recorded
    cut = result.trials[4]
    assert cut.error.type == "IncompleteStreamError"
    assert cut.text == "0123456789"
    (interaction,) = load(folder / "cassettes" / "small" / "cut@glm-4@1.yaml")
    assert interaction.track.end.kind == "truncated"


def test_a_slow_consumer_changes_no_figure(tmp_path):
    """The provider sleeps longer than the frames are apart; each read keeps its own instant."""
    with emulated(tmp_path, SCRIPT) as address:
        text = SUITE.split("  - {{id: packed", maxsplit=1)[0]
        result = run(
            suite(tmp_path, "{import: 'provided:Dawdling'}", text),
            mode="record",
            connect_to=address,
        )
        replay = run(suite(tmp_path, "{import: 'provided:Dawdling'}", text))
    (live,), (again,) = result.trials, replay.trials
    assert live.status == "passed", live.error
    assert comparable(live) == comparable(again)
    assert live.timing.client_lag_max_s > 0.1


SWALLOWING = """
version: 1
name: swallowing
provider: {provider}
cases:
  - {{id: one, prompt: Hi}}
"""


@pytest.mark.parametrize("name", ["SwallowingAiohttp", "SwallowingSocket", "SwallowingThread"])
def test_a_provider_that_swallows_a_miss_gets_no_green_light(tmp_path, name):
    plans = suite(tmp_path, f"{{import: 'provided:{name}'}}", SWALLOWING)
    (trial,) = run(plans).trials
    assert trial.text == "as if nothing had happened"
    assert (trial.status, trial.cassette.verdict) == ("error", "MISS")


def test_a_provider_without_http_is_a_miss_in_replay_and_stamped_at_the_consumer_live(tmp_path):
    plans = suite(tmp_path, "{import: 'provided:Offline'}", SWALLOWING)
    (replayed,) = run(plans).trials
    (live,) = run(plans, mode="live").trials
    assert (replayed.status, replayed.cassette.verdict) == ("error", "MISS")
    assert (live.status, live.timing.source) == ("passed", "consumer")
    assert live.timing.ttft_s >= 0


WITHOUT_HTTP = SWALLOWING.replace("cases:", "cassettes: none\ncases:")


def test_a_suite_without_cassettes_runs_its_provider_in_replay_sealed_and_untimed(tmp_path):
    plans = suite(tmp_path, "{import: 'provided:Offline'}", WITHOUT_HTTP)
    (replayed,) = run(plans).trials
    (live,) = run(plans, mode="live").trials
    assert (replayed.status, replayed.cassette, replayed.timing.source) == ("passed", None, "none")
    assert (live.status, live.timing.source) == ("passed", "consumer")
    assert list(tmp_path.glob("cassettes*")) == []


@pytest.mark.parametrize("name", ["SwallowingAiohttp", "SwallowingSocket", "SwallowingThread"])
def test_a_suite_without_cassettes_may_not_use_the_network_in_replay(tmp_path, name):
    plans = suite(tmp_path, f"{{import: 'provided:{name}'}}", WITHOUT_HTTP)
    (trial,) = run(plans).trials
    assert (trial.status, trial.cassette.verdict) == ("error", "MISS")


def test_a_plain_async_function_is_a_provider_too(tmp_path):
    text = WITHOUT_HTTP.replace("prompt: Hi", "prompt: Hi, expect: {{finish_reason: null}}")
    provider = "{import: 'provided:answering', kwargs: {word: echo}}"
    (trial,) = run(suite(tmp_path, provider, text)).trials
    assert (trial.status, trial.text) == ("passed", "echo: Hi")


def test_an_option_that_the_function_does_not_take_is_refused_before_the_run(tmp_path):
    provider = "{import: 'provided:answering', kwargs: {wrod: echo}}"
    with pytest.raises(SuiteError, match='answering has no option "wrod"'):
        suite(tmp_path, provider, WITHOUT_HTTP)


def test_parts_of_another_project_are_taken_by_their_shape(tmp_path):
    text = WITHOUT_HTTP.replace("prompt: Hi", "prompt: Hi, expect: {{finish_reason: length}}")
    (trial,) = run(suite(tmp_path, "{import: 'provided:Elsewhere'}", text)).trials
    assert trial.status == "passed"
    assert (trial.text, trial.reasoning) == ("the answer", "let me see")
    assert (trial.finish_reason, trial.native_finish_reason) == ("length", "max_tokens")


def test_a_provider_that_crashes_is_a_row_and_the_run_goes_on(tmp_path):
    text = SWALLOWING + "  - {{id: two, prompt: Hi}}\n"
    plans = suite(tmp_path, "{import: 'provided:Crashing'}", text)
    result = run(plans, mode="live")
    assert [trial.status for trial in result.trials] == ["error", "error"]
    assert result.trials[0].error.type == "LookupError"
    assert result.trials[0].error.message == ""
    assert result.details["swallowing/one@any@1"] == "a foreign text"


def test_a_provider_that_cancels_itself_is_a_row_and_the_run_goes_on(tmp_path):
    text = SWALLOWING + "  - {{id: two, prompt: Hi}}\n"
    result = run(suite(tmp_path, "{import: 'provided:Cancelling'}", text), mode="live")
    assert [trial.status for trial in result.trials] == ["error", "error"]
    assert {trial.error.type for trial in result.trials} == {"CancelledError"}
    assert not result.interrupted


def test_a_provider_cannot_end_the_run(tmp_path):
    text = SWALLOWING + "  - {{id: two, prompt: Hi}}\n"
    result = run(suite(tmp_path, "{import: 'provided:Leaving'}", text), mode="live")
    assert [trial.error.type for trial in result.trials] == ["SystemExit", "SystemExit"]
    assert decide(result) == Exit.PROVIDER


def test_a_recording_that_cannot_be_written_is_a_row_and_the_run_goes_on(tmp_path):
    (tmp_path / "cassettes").write_text("a file where a folder should be")
    text = SUITE.split("  - {{id: packed", maxsplit=1)[0] + "  - {{id: delta, prompt: delta}}\n"
    with emulated(tmp_path, SCRIPT) as address:
        result = run(suite(tmp_path, text=text), mode="record", connect_to=address)
    assert [trial.status for trial in result.trials] == ["error", "error"]
    reason = "cassettes/small/fifty@glm-4@1.yaml could not be written: Not a directory."
    assert result.trials[0].cassette.reason == reason
    assert decide(result) == Exit.CASSETTE


def test_a_provider_that_fails_before_its_first_request_is_not_blamed_on_the_cassette(tmp_path):
    plans = suite(tmp_path, "{import: 'provided:Refusing'}", SWALLOWING)
    result = run(plans)
    (trial,) = result.trials
    assert (trial.status, trial.cassette) == ("error", None)
    assert trial.error.message == "there is no such option"
    assert decide(result) == Exit.PROVIDER


def test_a_recording_that_gets_no_answer_shows_the_providers_error_and_saves_nothing(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = closed.getsockname()
    plans = suite(tmp_path, text=SWALLOWING)
    result = run(plans, mode="record", connect_to=address)
    (trial,) = result.trials
    assert (trial.status, trial.error.type) == ("error", "ConnectFailedError")
    assert trial.cassette.verdict == "LIVE"
    assert decide(result) == Exit.PROVIDER
    assert not (tmp_path / "cassettes").exists()


def test_the_timeout_of_a_case_stops_it_and_saves_nothing(tmp_path):
    script = SCRIPT.replace("first_delay: 100ms", "first_delay: 5s")
    text = SUITE.split("  - {{id: packed", maxsplit=1)[0].replace(
        "prompt: fifty}}", "prompt: fifty, timeout: 0.3}}"
    )
    with emulated(tmp_path, script) as address:
        (trial,) = run(suite(tmp_path, text=text), mode="record", connect_to=address).trials
    assert (trial.status, trial.error.type) == ("error", "DeadlineExceededError")
    assert trial.cassette.verdict == "LIVE"
    assert not (tmp_path / "cassettes").exists()


def test_the_timeout_of_a_case_fires_in_virtual_time(recorded):
    folder, _ = recorded
    text = SUITE.replace("prompt: fifty}}", "prompt: fifty, timeout: 0.3}}", 1)
    trial = run(suite(folder, text=text)).trials[0]
    assert (trial.status, trial.error.type) == ("error", "DeadlineExceededError")
    assert trial.error.message == "the case's timeout of 0.3 s passed"
    # 100 ms and then a character each 10 ms: the text so far is there.
    assert 0 < len(trial.text) < 25
    assert "01234567890123456789".startswith(trial.text[:20])


def test_a_stock_cassette_replays_without_a_timing_and_latency_is_unmeasured(recorded, tmp_path):
    folder, _ = recorded
    text = SUITE.split("  - {{id: packed", maxsplit=1)[0].replace(
        "prompt: fifty}}", "prompt: fifty, expect: {{latency: {{ttft: '< 3s'}}}}}}"
    )
    plans = suite(tmp_path, text=text)
    source = (folder / "cassettes" / "small" / "fifty@glm-4@1.yaml").read_text(encoding="utf-8")
    target = tmp_path / "cassettes" / "small" / "fifty@glm-4@1.yaml"
    target.parent.mkdir(parents=True)
    document = yaml.safe_load(source)
    del document["interactions"][0]["response"]["x-stream"]
    target.write_text(yaml.safe_dump(document), encoding="utf-8")
    (trial,) = run(plans).trials
    assert (trial.status, trial.timing.source, trial.timing.ttft_s) == ("unmeasured", "none", None)
    assert trial.cassette.verdict == "HIT"
