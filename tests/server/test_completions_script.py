"""Scripts of chat completions: what they become, and which keys belong to another service."""

from __future__ import annotations

import re

import pytest

from glmbench.errors import SuiteError
from glmbench.server.completions_frames import TokenCounts
from glmbench.server.script import Ending, Options, Speech
from glmbench.server.script_file import load_script

HEAD = "version: 1\nemulate: completions\nanswers:\n  - name: a\n    prompt: p\n"


def load(tmp_path, lines):
    path = tmp_path / "script.yaml"
    indented = "".join(f"    {line}\n" for line in lines.strip().splitlines())
    path.write_text(HEAD + indented, encoding="utf-8")
    return load_script(path)


def only_reply(tmp_path, lines):
    (answer,) = load(tmp_path, lines).answers
    return answer.reply


def problems(tmp_path, lines):
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, lines)
    return re.findall(r"^.*?script\.yaml:(.*)$", str(caught.value), flags=re.MULTILINE)


def test_the_script_knows_its_dialect_and_closes_with_done_unless_told_otherwise(tmp_path):
    script = load(tmp_path, "text: hi")
    assert script.dialect == "completions"
    assert script.answers[0].reply.options == Options(dialect="completions", done=True)
    assert only_reply(tmp_path, "text: hi\ndone: false").options.done is False


def test_every_option_of_the_dialect_is_read(tmp_path):
    reply = only_reply(
        tmp_path,
        """
text: x
line_end: crlf
reasoning_key: reasoning
call_arguments: fragments
usage: {input: 1, output: 2, reasoning: 3, cached: 0}
usage_in: separate
nulls: true
""",
    )
    assert reply.options == Options(
        dialect="completions",
        done=True,
        line_end="crlf",
        reasoning_key="reasoning",
        call_arguments="fragments",
        usage=TokenCounts(input=1, output=2, reasoning=3, cached=0),
        usage_in="separate",
        nulls=True,
    )


def test_null_takes_the_usage_of_the_defaults_away(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text(
        """
version: 1
emulate: completions
defaults: {usage: {input: 1, output: 2}}
answers:
  - {name: a, prompt: a, text: x}
  - {name: b, prompt: b, text: x, usage: null}
""",
        encoding="utf-8",
    )
    counted, silent = (answer.reply.options.usage for answer in load_script(path).answers)
    assert (counted, silent) == (TokenCounts(input=1, output=2), None)


@pytest.mark.parametrize(
    ("written", "ending"),
    [
        ("finish", Ending(code="500")),
        (
            "{kind: finish, finish_reason: sensitive}",
            Ending(code="500", finish_reason="sensitive"),
        ),
        ("error", Ending(kind="error", code="500", message="internal error")),
        (
            "{kind: error, code: '1234', message: 网络错误}",
            Ending(kind="error", code="1234", message="网络错误"),
        ),
        ("{kind: eof, after: 1}", Ending(kind="eof", after=1, code="500")),
    ],
)
def test_an_ending_has_the_words_of_the_api(tmp_path, written, ending):
    assert only_reply(tmp_path, f"text: x\nending: {written}").ending == ending


@pytest.mark.parametrize(
    ("lines", "frames", "fragments"),
    [
        ("text: [a, b]", 3, 2),
        ("parts: [{tool_calls: {name: n, arguments: [a, b]}}]", 2, 1),
        (
            "call_arguments: fragments\nparts: [{tool_calls: {name: n, arguments: [a, b]}}]",
            4,
            3,
        ),
    ],
)
def test_the_frames_and_fragments_are_counted_as_they_are_written(
    tmp_path, lines, frames, fragments
):
    reply = only_reply(tmp_path, lines)
    assert isinstance(reply, Speech)
    assert (reply.frame_count(), reply.fragment_count()) == (frames, fragments)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("text: x\nmode: delta", ['7:5: "mode" does not go with "emulate: completions"']),
        (
            'frames: [x]\nframing: "2026"',
            ['7:5: "framing" does not go with "emulate: completions"'],
        ),
        ("frames: [x]\nusage: {input: 1, output: 1}", ['7:5: "usage" does not go with "frames"']),
        (
            "text: x\nending: intervene",
            [
                (
                    '7:13: "ending" must be one of finish, error, eof, cut, reset, stall, '
                    'not "intervene"'
                )
            ],
        ),
        (
            "text: x\nending: {kind: finish, notice: no}",
            ['7:28: "notice" does not go with "emulate: completions"'],
        ),
        (
            "text: x\nending: {kind: error, finish_reason: stop}",
            ['7:27: "finish_reason" does not go with the ending "error"'],
        ),
        ("text: x\nusage: {input: 1}", ['7:12: "output" is missing here']),
        (
            "text: x\nusage: {input: -1, output: 1}",
            ['7:20: "input" must be at least 0, not -1'],
        ),
    ],
)
def test_what_has_no_sense_in_the_dialect_is_refused_with_its_place(tmp_path, lines, expected):
    assert problems(tmp_path, lines) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("usage: {input: 1, output: 1}", '4:35: "usage" does not go with "emulate: chatglm"'),
        (
            "ending: {kind: finish, finish_reason: stop}",
            '4:58: "finish_reason" does not go with "emulate: chatglm"',
        ),
    ],
)
def test_chatglm_refuses_what_only_chat_completions_have(tmp_path, line, expected):
    path = tmp_path / "script.yaml"
    text = f"version: 1\nemulate: chatglm\nanswers:\n  - {{name: a, prompt: p, text: x, {line}}}\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        load_script(path)
    assert re.findall(r"script\.yaml:(.*)$", str(caught.value), re.MULTILINE) == [expected]


def test_an_unknown_service_is_refused(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text("version: 1\nemulate: completion\nanswers: []\n", encoding="utf-8")
    with pytest.raises(SuiteError, match='"emulate" must be one of chatglm, completions'):
        load_script(path)
