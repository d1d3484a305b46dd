"""A saved stream becomes the cassette of a case, and replays as one."""

from __future__ import annotations

import json

import pytest

from glmbench.cassettes.store import load
from glmbench.errors import CassetteError, UsageError
from glmbench.running.importing import import_stream
from glmbench.running.interruption import Interruption
from glmbench.running.plan import load_plan
from glmbench.running.runner import run_suites
from glmbench.running.stage import Settings, make_stage

SUITE = """
version: 1
name: small
provider: {provider}
cases: [{{id: one, prompt: hello, expect: {{text: {{equals: Hello there}}}}}}]
"""


def frames(*texts):
    for number, text in enumerate(texts):
        last = number == len(texts) - 1
        part = {
            "logic_id": "a",
            "content": [{"type": "text", "text": text}],
            "status": "finish" if last else "init",
        }
        status = "finish" if last else "init"
        yield f"data: {json.dumps({'parts': [part], 'status': status})}"


PLAIN = "".join(f"{line}\n\n" for line in frames("Hello", "Hello there")).encode()
TIMED = "".join(
    f"{at} {line}\n{at}\n"
    for at, line in zip(("0.5", "0.75"), frames("Hello", "Hello there"), strict=True)
).encode()


def plan(folder, provider="chatglm"):
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(provider=provider), encoding="utf-8")
    (suite,) = load_plan([path]).suites
    return suite


def imported(folder, raw, **suite):
    made = plan(folder, **suite)
    (trial,) = made.trials
    with Interruption() as interruption:
        stage = make_stage(made, Settings(), interruption)
        return import_stream(stage, trial, made.cassette_path(trial), raw)


def replayed(folder):
    (trial,) = run_suites([plan(folder)], Settings(), {}).trials
    return trial


def test_a_stream_with_times_replays_with_them_and_says_where_it_is_from(tmp_path):
    row = imported(tmp_path, TIMED)
    trial = replayed(tmp_path)
    assert row == trial
    assert (trial.status, trial.cassette.verdict, trial.origin) == ("passed", "HIT", "import")
    assert (trial.timing.ttft_s, trial.timing.total_s) == (0.5, 0.75)


def test_a_stream_without_times_has_no_figures(tmp_path):
    assert imported(tmp_path, PLAIN).status == "passed"
    trial = replayed(tmp_path)
    assert (trial.status, trial.timing.source, trial.timing.ttft_s) == ("passed", "none", None)


def test_the_request_is_the_providers_own_without_its_credentials(tmp_path):
    imported(tmp_path, PLAIN)
    (interaction,) = load(tmp_path / "cassettes" / "small" / "one@glm-4@1.yaml")
    assert interaction.request.url == "https://chatglm.cn/chatglm/mainchat-api/guest/stream"
    assert json.loads(interaction.request.body)["messages"][0]["content"][0]["text"] == "hello"
    assert dict(interaction.request.headers)["Authorization"] == "[redacted]"


def test_a_cassette_that_is_there_is_not_overwritten(tmp_path):
    imported(tmp_path, PLAIN)
    with pytest.raises(UsageError, match=r"^cassettes/small/one@glm-4@1\.yaml is there already"):
        imported(tmp_path, TIMED)


def test_what_is_no_stream_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(UsageError, match="^this is no stream that can be imported: it is empty$"):
        imported(tmp_path, b"\n")
    assert not (tmp_path / "cassettes").exists()


def test_a_provider_that_asks_for_nothing_has_nothing_to_import(tmp_path):
    with pytest.raises(CassetteError, match="^Nothing was imported: the provider makes no request"):
        imported(tmp_path, PLAIN, provider='{import: "provided:Offline"}')
