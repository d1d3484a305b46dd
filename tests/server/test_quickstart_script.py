"""The shipped suite and the script that its cassettes are recorded from fit together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from glmbench.server.composition import compose
from glmbench.server.frames import Identity
from glmbench.server.script import HttpAnswer, TextPart
from glmbench.server.script_file import load_script
from glmbench.suites.load import load_suite
from glmbench.yamlsource import read

PROMPTS = Path(__file__).parents[2] / "prompts"
SUITE = PROMPTS / "quickstart.yaml"
SCRIPT = PROMPTS / "emulator" / "quickstart.yaml"

CASES = {case["id"]: case for case in read(SUITE).value["cases"]}
ANSWERS = load_script(SCRIPT)


def test_the_suite_loads():
    assert load_suite(SUITE).problems == ()


def said(answer):
    """The text that the answer's frames bring, up to its ending."""
    text = "".join(
        part.text if isinstance(part.text, str) else "".join(part.text)
        for part in answer.reply.parts
        if isinstance(part, TextPart) and part.kind == "text"
    )
    assert answer.reply.ending.after is None
    return text


@pytest.mark.parametrize("case", CASES)
def test_each_prompt_is_answered_by_the_answer_of_its_name(case):
    found = ANSWERS.find_answer(CASES[case]["prompt"])
    assert found is not None
    assert found.name == case


def test_the_script_has_no_answer_without_a_prompt():
    assert {answer.name for answer in ANSWERS.answers} == set(CASES)
    assert ANSWERS.otherwise is None


@pytest.mark.parametrize("case", [name for name in CASES if "text" in CASES[name]["expect"]])
def test_what_a_case_expects_of_the_text_is_in_the_script(case):
    text = said(ANSWERS.find_answer(CASES[case]["prompt"]))
    ((how, wanted),) = CASES[case]["expect"]["text"].items()
    match how:
        case "contains":
            assert wanted in text
        case "equals":
            assert wanted == text
        case "matches":
            assert re.search(wanted, text)


def test_what_a_case_expects_of_the_end_is_what_the_script_does():
    ends = {
        case: answer.reply.ending.kind
        for case in CASES
        if not isinstance((answer := ANSWERS.find_answer(CASES[case]["prompt"])).reply, HttpAnswer)
    }
    assert {case for case, kind in ends.items() if kind != "finish"} == {"moderated", "cut-stream"}
    assert ends["moderated"] == "intervene"
    assert CASES["moderated"]["expect"] == {"finish_reason": "content_filter"}
    assert ends["cut-stream"] == "cut"
    assert CASES["cut-stream"]["expect"]["error"]["type"] in {
        "IncompleteStream",
        "IncompleteStreamError",
    }


def test_a_recording_of_the_suite_takes_less_than_forty_seconds():
    total = 0.0
    for answer in ANSWERS.answers:
        if isinstance(answer.reply, HttpAnswer):
            total += answer.reply.delay_s
        else:
            total += compose(answer.reply, Identity(name=answer.name), "").end_at_s
    assert 10.0 < total < 40.0


@pytest.mark.parametrize("path", [SUITE, SCRIPT])
def test_both_files_say_that_nothing_was_measured_on_the_live_service(path):
    comment = " ".join(
        line.removeprefix("#").strip()
        for line in path.read_text(encoding="utf-8").split("version:")[0].splitlines()
    )
    assert "ecorded from glmbench's own emulator" in comment
    assert "NOTHING HERE WAS MEASURED ON THE LIVE SERVICE" in comment
