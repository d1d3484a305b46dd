"""What the quickstart suite expects of its answers is what its script says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from glmbench.server.script import HttpAnswer, TextPart
from glmbench.server.script_file import load_script
from glmbench.yamlsource import read

PROMPTS = Path(__file__).parents[2] / "prompts"
CASES = {case["id"]: case for case in read(PROMPTS / "quickstart.yaml").value["cases"]}
ANSWERS = load_script(PROMPTS / "emulator" / "quickstart.yaml")


def said(answer):
    """The text that the answer's frames bring, up to its ending."""
    text = "".join(
        part.text if isinstance(part.text, str) else "".join(part.text)
        for part in answer.reply.parts
        if isinstance(part, TextPart) and part.kind == "text"
    )
    assert answer.reply.ending.after is None
    return text


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
