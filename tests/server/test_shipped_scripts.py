"""The shipped suites and the scripts that their cassettes are recorded from fit together."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
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
from glmbench.suites.expand import AS_WRITTEN, expand
from glmbench.suites.expect import Expect
from glmbench.suites.load import load_suite
from glmbench.suites.model import Case, SecretSettings
from glmbench.suites.profiles import Profile
from glmbench.yamlsource import read

ROOT = Path(__file__).parents[2]
PROMPTS = ROOT / "prompts"
NAMES = sorted(path.stem for path in PROMPTS.glob("*.yaml"))

# The most that a recording of a suite may take; the quickstart shows long answers.
LIMITS_S = {"quickstart": 40.0}
USUAL_LIMIT_S = 10.0

DIALECTS = {"chatglm": "chatglm", "glm": "completions", "completions": "completions"}
# What a suite is that has only the keys it must have, as far as that is to be seen.
UNSAID = {
    "name": "",
    "path": Path(),
    "provider": None,
    "cassettes": None,
    "cases": (),
    "secrets": SecretSettings(),
    "matrix": {},
    "profiles": {},
    "thresholds": (),
    "description": None,
}
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


def trials_of(suite):
    expansion = expand(suite, "m", variables={}, choices=AS_WRITTEN)
    assert expansion.problems == ()
    return [trial for trial in expansion.trials if trial.case.skip is None]


def answer_names(trial):
    """The names that the answers to the turns of a trial have in a script."""
    # Faults are put into recordings of one and the same answer.
    name = "gardens" if trial.case.fault else trial.name
    if len(trial.turns) == 1:
        return [name]
    return [f"{name}.turn-{number}" for number in range(1, len(trial.turns) + 1)]


def answers_to(script, trial):
    for turn in trial.turns:
        data = json_text(request_body(script.dialect, turn.messages)).encode()
        question = RECEPTIONS[script.dialect].parse(data)
        yield script.find_answer(question.prompt).name


@pytest.mark.parametrize("name", NAMES)
def test_each_turn_is_answered_by_the_answer_of_its_name_and_none_is_left_over(name):
    suite, script = load(name)
    trials = trials_of(suite)
    answered = {trial.id: list(answers_to(script, trial)) for trial in trials}
    assert answered == {trial.id: answer_names(trial) for trial in trials}
    assert {answer.name for answer in script.answers} == {n for ns in answered.values() for n in ns}
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
    for variable in ("ZHIPUAI_API_KEY", "ZAI_API_KEY", "OPENAI_API_KEY", "EXAMPLE_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    result = tmp_path / "result.json"
    done = CliRunner().invoke(cli, ["run", str(PROMPTS / f"{name}.yaml"), "-o", str(result)])
    assert done.exit_code == 0, done.output
    trials = json.loads(result.read_text(encoding="utf-8"))["trials"]
    skipped = [trial["case"] for trial in trials if trial["status"] == "skipped"]
    assert skipped == [case.id for case in load(name)[0].cases if case.skip is not None]
    trials = [trial for trial in trials if trial["status"] != "skipped"]
    assert {trial["status"] for trial in trials} == {"passed"}
    # A refused connection brings nothing that would have an origin.
    brought = [trial for trial in trials if trial["timing"]["source"] != "none"]
    assert len(trials) - len(brought) == (name == "faults")
    assert {trial["origin"] for trial in brought} == {"emulator"}


@pytest.mark.parametrize("name", NAMES)
def test_the_first_line_of_a_shipped_suite_leads_editors_to_its_schema(name):
    path = PROMPTS / f"{name}.yaml"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")
    assert path.parent.joinpath(schema).resolve() == ROOT / "docs/reference/suite.schema.json"


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_of_a_shipped_suite_selects_something(name, monkeypatch):
    monkeypatch.setenv("EXAMPLE_API_KEY", FAKE_KEY)
    path = str(PROMPTS / f"{name}.yaml")
    for profile in load(name)[0].profiles:
        done = CliRunner().invoke(cli, ["run", path, "--profile", profile, "--dry-run"])
        assert done.exit_code == 0, done.output


def unused(shown, nothing):
    """The fields in which nothing that is shown differs from one that says nothing."""
    names = [field.name for field in fields(nothing)]
    return {n for n in names if all(getattr(each, n) == getattr(nothing, n) for each in shown)}


def test_together_the_shipped_suites_use_almost_every_key():
    suites = [load(name)[0] for name in NAMES]
    cases = [case for suite in suites for case in suite.cases]
    expects = [turn.expect for case in cases for turn in case.turns]
    profiles = [profile for suite in suites for profile in suite.profiles.values()]
    assert unused(cases, Case(id="", turns=())) == set()
    # What is not there needs code, or a variable that is set wherever the suites are run.
    assert unused(expects, Expect()) == {"python", "drops"}
    assert unused(suites, replace(suites[0], **UNSAID)) == {"version", "env"}
    assert unused(profiles, Profile()) == {"not_tags", "timeout_s", "fail_fast"}


def test_what_init_writes_is_a_suite_that_passes_from_its_cassette(tmp_path, monkeypatch):
    started = CliRunner().invoke(cli, ["init", str(tmp_path)])
    assert started.exit_code == 0, started.output
    monkeypatch.chdir(tmp_path)
    for verb in (
        ["run", "prompts/hello.yaml", "--profile", "ci"],
        ["validate", "prompts/hello.yaml"],
        ["cassette", "verify"],
        ["cassette", "scan"],
    ):
        done = CliRunner().invoke(cli, verb)
        assert done.exit_code == 0, done.output


def test_the_cassette_that_init_writes_is_the_first_of_the_quickstart():
    first = ROOT / "cassettes" / "quickstart" / "hello-zh@glm-4@1.yaml"
    assert (ROOT / "glmbench" / "starter" / "cassette.yaml").read_bytes() == first.read_bytes()


def test_the_workflow_that_init_writes_runs_verbs_that_there_are():
    workflow = read(ROOT / "glmbench" / "starter" / "workflow.yaml").value
    assert workflow["on"] == ["push", "pull_request"]
    steps = workflow["jobs"]["replay"]["steps"]
    said = [step["run"] for step in steps if step.get("run", "").startswith("glmbench ")]
    assert [line.split()[1:3] for line in said] == [
        ["run", "prompts/*.yaml"],
        ["cassette", "verify"],
        ["cassette", "scan"],
    ]


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
    expected = {
        reason
        for case in suite.cases
        for turn in case.turns
        for reason in turn.expect.finish_reason or ()
    }
    assert expected == {"stop", "length", "content_filter", "tool_calls", "unknown"}
