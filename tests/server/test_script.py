"""Which answer a prompt gets."""

from __future__ import annotations

import pytest

from glmbench.server.script import (
    Answer,
    Ending,
    HttpAnswer,
    PromptMatch,
    Script,
    TextPart,
    echo_script,
)


def answer(name, kind, pattern):
    return Answer(name=name, match=PromptMatch(kind=kind, pattern=pattern), reply=HttpAnswer())


SCRIPT = Script(
    answers=(
        answer("exact", "equals", "Hello"),
        answer("part", "contains", "天气"),
        answer("pattern", "matches", r"^\d+ [+] \d+$"),
        answer("late", "contains", "Hello"),
    )
)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Hello", "exact"),
        ("  Hello\n", "exact"),
        ("Hello there", "late"),
        ("北京天气如何", "part"),
        ("1 + 2", "pattern"),
        ("1 + 2?", None),
    ],
)
def test_the_first_answer_that_accepts_the_prompt_is_given(prompt, name):
    found = SCRIPT.find_answer(prompt)
    assert (found.name if found else None) == name


def test_otherwise_takes_what_no_answer_accepts():
    script = Script(answers=SCRIPT.answers, otherwise=Answer(name="rest", reply=HttpAnswer()))
    assert script.find_answer("?").name == "rest"
    assert script.find_answer("Hello").name == "exact"


def test_the_built_in_script_answers_any_prompt():
    assert echo_script("chatglm").find_answer("什么都行").name == "echo"


def test_a_text_is_cut_by_characters_and_a_list_is_left_as_it_is():
    assert TextPart(kind="text", text="一二三四五").fragments(2) == ("一二", "三四", "五")
    assert TextPart(kind="text", text="abc", piece=1).fragments(2) == ("a", "b", "c")
    assert TextPart(kind="text", text=("哈", "哈", "")).fragments(2) == ("哈", "哈", "")
    assert TextPart(kind="text", text="").fragments(2) == ()


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("finish", "eof"),
        ("intervene", "eof"),
        ("error", "eof"),
        ("eof", "eof"),
        ("cut", "cut"),
        ("reset", "reset"),
        ("stall", "stall"),
    ],
)
def test_every_ending_does_one_thing_to_the_connection(kind, end):
    assert Ending(kind=kind).of_body == end
