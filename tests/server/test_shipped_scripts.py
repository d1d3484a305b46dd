"""The shipped suites and the scripts that their cassettes are recorded from fit together."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from glmbench.cli.main import cli
from glmbench.messages import flatten_messages
from glmbench.server.composition import compose
from glmbench.server.frames import Identity, json_text
from glmbench.server.questions import RECEPTIONS
from glmbench.server.script import HttpAnswer
from glmbench.server.script_file import load_script
from glmbench.suites.load import load_suite

ROOT = Path(__file__).parents[2]
PROMPTS = ROOT / "prompts"
NAMES = sorted(path.stem for path in PROMPTS.glob("*.yaml"))

# The most that a recording of a suite may take; the quickstart shows long answers.
LIMITS_S = {"quickstart": 40.0}
USUAL_LIMIT_S = 10.0

DIALECTS = {"chatglm": "chatglm", "glm": "completions", "completions": "completions"}
FAKE_KEY = "not-a-real-key-0123456789"


def load(name):
    loaded = load_suite(PROMPTS / f"{name}.yaml")
    assert loaded.problems == ()
    return loaded.suite, load_script(PROMPTS / "emulator" / f"{name}.yaml")


def request_body(dialect, messages):
    """The request that a provider makes of messages, as far as the emulator reads it."""
    if dialect == "chatglm":
        content = [{"type": "text", "text": flatten_messages(messages)}]
        return {"messages": [{"role": "user", "content": content}]}
    return {"model": "m", "messages": list(messages), "stream": True}


@pytest.mark.parametrize("name", NAMES)
def test_each_case_is_answered_by_the_answer_of_its_name_and_none_is_left_over(name):
    suite, script = load(name)
    answered = {}
    for case in suite.cases:
        data = json_text(request_body(script.dialect, case.messages)).encode()
        question = RECEPTIONS[script.dialect].parse(data)
        answered[case.id] = script.find_answer(question.prompt).name
    # Faults are put into recordings of one and the same answer.
    assert answered == {case.id: "gardens" if case.fault else case.id for case in suite.cases}
    assert {answer.name for answer in script.answers} == set(answered.values())
    assert script.otherwise is None


@pytest.mark.parametrize("name", NAMES)
def test_a_script_emulates_the_service_of_its_suite(name):
    suite, script = load(name)
    assert script.dialect == DIALECTS[suite.provider.name]


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_takes_no_longer_than_it_may(name):
    _, script = load(name)
    total = sum(
        answer.reply.delay_s
        if isinstance(answer.reply, HttpAnswer)
        else compose(answer.reply, Identity(name=answer.name), "").end_at_s
        for answer in script.answers
    )
    assert 0.5 < total < LIMITS_S.get(name, USUAL_LIMIT_S)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("folder", [PROMPTS, PROMPTS / "emulator"], ids=["suite", "script"])
def test_both_files_say_that_nothing_was_measured_on_a_live_service(folder, name):
    text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    comment = " ".join(
        line.removeprefix("#").strip() for line in text.split("version:")[0].splitlines()
    )
    assert "ecorded from glmbench's own emulator" in comment
    assert re.search("NOTHING HERE WAS MEASURED ON (THE|A) LIVE SERVICE", comment)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_suite_passes_from_its_cassettes_without_a_key(name, tmp_path, monkeypatch):
    for variable in ("ZHIPUAI_API_KEY", "ZAI_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    result = tmp_path / "result.json"
    done = CliRunner().invoke(cli, ["run", str(PROMPTS / f"{name}.yaml"), "-o", str(result)])
    assert done.exit_code == 0, done.output
    trials = json.loads(result.read_text(encoding="utf-8"))["trials"]
    assert {trial["status"] for trial in trials} == {"passed"}
    # A refused connection brings nothing that would have an origin.
    brought = [trial for trial in trials if trial["timing"]["source"] != "none"]
    assert len(trials) - len(brought) == (name == "faults")
    assert {trial["origin"] for trial in brought} == {"emulator"}


def test_no_cassette_holds_the_key_that_it_was_recorded_with():
    recorder = (ROOT / "scripts" / "record_cassettes.py").read_text(encoding="utf-8")
    assert FAKE_KEY in recorder
    cassettes = sorted((ROOT / "cassettes").rglob("*.yaml"))
    assert len(cassettes) > len(NAMES)
    holding = [path for path in cassettes if FAKE_KEY in path.read_text(encoding="utf-8")]
    assert holding == []


def test_every_finish_reason_of_the_api_has_its_case():
    suite, script = load("finish_reasons")
    words = {
        answer.reply.ending.finish_reason
        for answer in script.answers
        if answer.reply.ending.kind == "finish"
    }
    assert words > {"stop", "length", "sensitive", "tool_calls", "network_error"}
    expected = {reason for case in suite.cases for reason in case.expect.finish_reason or ()}
    assert expected == {"stop", "length", "content_filter", "tool_calls", "unknown"}
