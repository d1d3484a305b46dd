"""What makes a run another one is said in words; what only sets its pace does not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from e2e.support import PATHS, ROOT
from running.runs import described, plans
from running.test_resuming import SUITE

from glmbench.cassettes.reframe import parse_reframe
from glmbench.results.journal import find_differences
from glmbench.running.plan import Request, load_plan
from glmbench.running.selection import Selection, select
from glmbench.suites.expand import Choices


def differences(before, now):
    return "; ".join(find_differences(before, now))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("number 2", "number 4", "small/two@glm-4@1 has changed"),
        ("contains: number", "contains: numbers", "small/two@glm-4@1 has changed"),
        ("id: two", "id: two, options: {assistant_id: x}", "small/two@glm-4@1 has changed"),
        ("id: two", "id: two, timeout: 9s", "small/two@glm-4@1 has changed"),
        ("id: two", "id: two, fault: {refuse: true}", "small/two@glm-4@1 has changed"),
        ("id: two", "id: two, tags: [new]", "small/two@glm-4@1 has changed"),
        ("id: two", "id: two, skip: broken", "small/two@glm-4@1 has changed"),
        ("id: three", "id: drei", "small/three@glm-4@1 is gone; small/drei@glm-4@1 is new"),
        (
            "provider: chatglm",
            "provider: {name: chatglm, kwargs: {assistant_id: x}}",
            "small: what its cases share has changed",
        ),
        (
            "prompt: number 3}\n",
            "prompt: number 3}\ncassettes: {dir: elsewhere}\n",
            "small: what its cases share has changed",
        ),
    ],
)
def test_a_suite_that_has_changed_is_another_run(tmp_path, old, new, words):
    before = described(plans(tmp_path, SUITE))
    assert SUITE.count(old) == 1
    now = described(plans(tmp_path, SUITE.replace(old, new)))
    assert differences(before, now) == words


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mode": "live"}, "small: mode was replay and is live"),
        ({"timing": "4x"}, "small: timing was recorded and is 4x"),
        ({"retries": 3}, "small: retries was 0 and is 3"),
        ({"concurrency": 4}, "small: concurrency was 1 and is 4"),
        (
            {"mode": "live", "force": True},
            "small: mode was replay and is live; small: force was false and is true",
        ),
        (
            {"connect_to": ("127.0.0.1", 80), "reframe": parse_reframe("byte")},
            "small: connect_to was none and is 127.0.0.1:80; small: reframe was none and is byte",
        ),
    ],
)
def test_other_settings_are_another_run(tmp_path, settings, words):
    suites = plans(tmp_path, SUITE)
    assert differences(described(suites), described(suites, **settings)) == words


def test_another_version_is_another_run(tmp_path):
    suites = plans(tmp_path, SUITE)
    before = {"glmbench": "0.1.0", "libraries": {"aiohttp": "3.14.5"}, "started_at": "then"}
    now = {"glmbench": "0.2.0", "libraries": {"aiohttp": "3.15.0"}, "started_at": "now"}
    words = differences(described(suites, before), described(suites, now))
    assert words == "glmbench was 0.1.0 and is 0.2.0; aiohttp was 3.14.5 and is 3.15.0"


@pytest.mark.parametrize(
    "settings", [{"max_requests": 9}, {"max_time_s": 9.0}, {"fail_fast": True}, {"strict": True}]
)
def test_how_long_it_may_go_on_can_be_changed(tmp_path, settings):
    suites = plans(tmp_path, SUITE)
    assert described(suites, **settings) == described(suites)


def test_another_selection_is_another_run(tmp_path):
    plan = load_plan([ROOT / "prompts" / "quickstart.yaml"])
    fewer = select(plan, Selection(cases=("ping", "moderated"))).suites
    words = differences(described(fewer), described(plan.suites))
    assert words.startswith("quickstart/hello-zh@glm-4@1 is new; ")
    assert words.count(" is new") == 10


def test_each_row_of_a_dataset_is_told_apart(tmp_path):
    path = tmp_path / "rows.jsonl"
    text = SUITE + "  - {id: rows, prompt: 'number {{ n }}', dataset: rows.jsonl}\n"
    path.write_text('{"n": 1}\n{"n": 2}\n')
    before = described(plans(tmp_path, text))
    path.write_text('{"n": 1}\n{"n": 3}\n')
    now = described(plans(tmp_path, text))
    assert differences(before, now) == "small/rows.2@glm-4@1 has changed"


def test_a_value_of_the_command_line_shows_in_the_trials(tmp_path):
    text = SUITE + "  - {id: said, prompt: 'number {{ n }}', vars: {n: 1}}\n"
    now = described(plans(tmp_path, text, choices=Choices(vars={"n": "2"})))
    words = differences(described(plans(tmp_path, text)), now)
    assert words == "small/said@glm-4@1 has changed"


def test_another_value_of_a_secret_is_the_same_run(tmp_path, monkeypatch):
    text = SUITE + "  - {id: four, prompt: 'my {{ env.PASS_WORD }}'}\nsecrets: [PASS_WORD]\n"
    marks = []
    for value in ("correct-horse", "battery-staple"):
        monkeypatch.setenv("PASS_WORD", value)
        environ = {"PASS_WORD": value}
        suites = load_plan([_written(tmp_path, text)], Request(mode="live", environ=environ)).suites
        assert suites[0].trials[3].prompt == f"my {value}"
        marks.append(described(suites, mode="live"))
    assert marks[0] == marks[1]


def _written(folder, text):
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path


DESCRIBE = """
import sys
from pathlib import Path
from glmbench.running.plan import load_plan
from glmbench.running.marks import describe_run
from glmbench.running.stage import Settings
suites = load_plan([Path(path) for path in sys.argv[1:]]).suites
marks = describe_run(suites, {plan.suite.name: Settings() for plan in suites}, {}).marks
print("\\n".join(f"{name} = {mark}" for name, mark in marks.items()))
"""


def test_the_marks_are_the_same_in_every_process():
    shipped = sorted((ROOT / "prompts").glob("*.yaml"))
    own = described(load_plan(shipped).suites).marks
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE, *map(str, shipped)],
        env={**os.environ, "PYTHONPATH": PATHS, "PYTHONHASHSEED": "17"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.splitlines() == [f"{name} = {mark}" for name, mark in own.items()]
