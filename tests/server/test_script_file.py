"""Scripts from YAML: what they become, and what is said of those that are wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from glmbench.errors import SuiteError
from glmbench.server.script import (
    Answer,
    Ending,
    HttpAnswer,
    Options,
    PromptMatch,
    RawFrame,
    RawFrames,
    Script,
    Speech,
    TextPart,
)
from glmbench.server.script_file import load_script
from glmbench.server.script_options import OPTION_KEYS, WIRE_KEYS


def load(tmp_path: Path, text: str) -> Script:
    path = tmp_path / "script.yaml"
    path.write_text(text, encoding="utf-8")
    return load_script(path)


def only_answer(tmp_path: Path, lines: str) -> Answer:
    indented = "".join(f"    {line}\n" for line in lines.strip().splitlines())
    head = "version: 1\nanswers:\n  - name: a\n    prompt: p\n"
    (answer,) = load(tmp_path, head + indented).answers
    return answer


def test_thinking_comes_before_the_text_and_the_answers_options_before_the_defaults(tmp_path):
    script = load(
        tmp_path,
        """
version: 1
defaults: {framing: "2026", mode: delta, delay: 40ms, first_delay: 1.5s, piece: 3}
answers:
  - name: first
    prompt: 你好
    delay: 0.02
    text: 好
    think: [嗯, 嗯]
otherwise:
  text: who knows
""",
    )
    options = Options(framing="2026", mode="delta", delay_s=0.02, first_delay_s=1.5, piece=3)
    assert script.answers == (
        Answer(
            name="first",
            match=PromptMatch(kind="equals", pattern="你好"),
            reply=Speech(
                parts=(
                    TextPart(kind="think", text=("嗯", "嗯")),
                    TextPart(kind="text", text="好"),
                ),
                options=options,
            ),
        ),
    )
    assert script.otherwise is not None
    assert script.otherwise.name == "otherwise"
    assert script.otherwise.match is None
    assert script.otherwise.reply.options.delay_s == 0.04


def test_every_option_of_an_answer_is_read(tmp_path):
    answer = only_answer(
        tmp_path,
        """
text: x
framing: 2024
line_end: crlf
mode: delta
head_delay: 1ms
opening_delay: 2ms
first_delay: 3ms
delay: 4ms
piece: 5
coalesce: 6
finish_brings: all
push_flag: false
gzip: true
with_head: true
bom: true
comment: keep-alive
done: true
""",
    )
    assert answer.reply.options == Options(
        framing="2024",
        line_end="crlf",
        mode="delta",
        head_delay_s=0.001,
        opening_delay_s=0.002,
        first_delay_s=0.003,
        delay_s=0.004,
        piece=5,
        coalesce=6,
        finish_brings="all",
        push_flag=False,
        gzip=True,
        with_head=True,
        bom=True,
        comment="keep-alive",
        done=True,
    )


def test_raw_frames_are_json_text_or_bytes(tmp_path):
    answer = only_answer(
        tmp_path,
        r"""
frames:
  - json: {status: init, parts: null}
    delay: 5ms
  - raw: "data: {}\n\n"
  - ": 评\n"
  - hex: ff 0d
ending: {kind: cut, after: 3, partial: 1, delay: 1s}
""",
    )
    assert answer.reply == RawFrames(
        frames=(
            RawFrame(content={"status": "init", "parts": None}, delay_s=0.005),
            RawFrame(content=b"data: {}\n\n"),
            RawFrame(content=": 评\n".encode()),
            RawFrame(content=b"\xff\r"),
        ),
        ending=Ending(kind="cut", after=3, partial=1, delay_s=1.0),
    )


def test_an_http_answer_has_a_status_headers_and_a_body(tmp_path):
    answer = only_answer(
        tmp_path,
        """
http:
  status: 429
  reason: Slow Down
  headers: {Retry-After: 30, X-Note: a b}
  json: {status: 10061, message: 请求过于频繁}
  delay: 10ms
""",
    )
    assert answer.reply == HttpAnswer(
        status=429,
        reason="Slow Down",
        headers={"Retry-After": "30", "X-Note": "a b"},
        content_type="application/json; charset=utf-8",
        body='{"status":10061,"message":"请求过于频繁"}'.encode(),
        delay_s=0.01,
    )


@pytest.mark.parametrize(
    ("lines", "content_type", "body"),
    [
        ("http: {}", None, b""),
        ("http: {json: null}", "application/json; charset=utf-8", b"null"),
        ("http: {html: <p>}", "text/html; charset=utf-8", b"<p>"),
        ("http: {text: no}", "text/plain; charset=utf-8", b"no"),
    ],
)
def test_an_http_body_is_json_html_text_or_empty(tmp_path, lines, content_type, body):
    reply = only_answer(tmp_path, lines).reply
    assert (reply.content_type, reply.body) == (content_type, body)


@pytest.mark.parametrize("kind", ["equals", "contains", "matches"])
def test_a_prompt_may_say_how_it_is_compared(tmp_path, kind):
    text = f"version: 1\nanswers:\n  - {{name: a, prompt: {{{kind}: x+}}, text: y}}\n"
    assert load(tmp_path, text).answers[0].match == PromptMatch(kind=kind, pattern="x+")


REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "emulator-script.md").read_text(
    encoding="utf-8"
)


def test_the_examples_in_the_reference_are_scripts(tmp_path):
    scripts = [
        load(tmp_path, example)
        for example in re.findall(r"```yaml\n(.*?)```", REFERENCE, flags=re.DOTALL)
    ]
    assert [(script.dialect, [a.name for a in script.answers]) for script in scripts] == [
        ("chatglm", ["hello", "too-fast"]),
        ("completions", ["weather", "refused"]),
    ]


def option_rows():
    """The option tables of the reference: each key with the heading over it and its mark."""
    text = REFERENCE.split("## Options")[1].split("## Endings")[0]
    of_chatglm = text.index("Only in `chatglm`")
    of_completions = text.index("Only in `completions`")
    for row in re.finditer(r"^\| (.*?) \| (.*?) \|", text, flags=re.MULTILINE):
        dialects = {"chatglm", "completions"}
        if row.start() > of_completions:
            dialects = {"completions"}
        elif row.start() > of_chatglm:
            dialects = {"chatglm"}
        for key in re.findall(r"`(\w+)`", row[1]):
            yield key, dialects, "*" in row[1]


@pytest.mark.parametrize("dialect", ["chatglm", "completions"])
def test_the_reference_lists_every_option_and_marks_those_that_frames_do_not_take(dialect):
    rows = [(key, starred) for key, dialects, starred in option_rows() if dialect in dialects]
    assert {key for key, _ in rows} == set(OPTION_KEYS[dialect])
    starred = {key for key, starred in rows if starred}
    assert starred == set(OPTION_KEYS[dialect]) - set(WIRE_KEYS[dialect])


def problems(tmp_path: Path, text: str) -> list[str]:
    """The first line of each problem: the place after the folder, and the message."""
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, text)
    return re.findall(r"^.*?script\.yaml:(.*)$", str(caught.value), flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("text: x\ntxt: y", ['6:5: unknown key "txt"']),
        ("delay: 1s", ["3:5: an answer needs one of: text, think, parts, frames, http"]),
        ("text: 5", ['5:11: "text" must be a text, not the number 5']),
        ("text: [a, 1]", ["5:15: a fragment must be a text, not the number 1"]),
        ("text: x\ndelay: soon", ['6:12: this is no delay: "soon"']),
        ("text: x\ndelay: -1", ["6:12: a delay must be 0 to 3600 seconds, not -1"]),
        ("text: x\ndelay: true", ["6:12: this is no delay: true"]),
        ("text: x\npiece: 0", ['6:12: "piece" must be at least 1, not 0']),
        ("text: x\npiece: two", ['6:12: "piece" must be a whole number, not a text']),
        ("text: x\ngzip: 1", ['6:11: "gzip" must be true or false, not the number 1']),
        (
            "text: x\nmode: snapshots",
            ['6:11: "mode" must be one of snapshot, delta, not "snapshots"'],
        ),
        (
            "text: x\nframing: 2023",
            ['6:14: "framing" must be one of 2024, 2025, 2026, not the number 2023'],
        ),
        ('text: x\ncomment: "a\\nb"', ["6:14: a comment is one line"]),
        ("http: {}\ntext: x", ['6:5: "text" does not go with "http"']),
        ("frames: []\nmode: delta", ['6:5: "mode" does not go with "frames"']),
        ("frames: {}", ['5:13: "frames" must be a list, not a mapping']),
        ("frames: [{delay: 1}]", ["5:14: a frame needs one of: json, raw, hex"]),
        (
            "frames: [{hex: xyz}]",
            ["5:20: these are no bytes: pairs of hexadecimal digits, blanks between them"],
        ),
        ("frames: [7]", ["5:14: this must be a mapping, not the number 7"]),
        (
            "frames: []\nending: finish",
            ['6:13: "ending" must be one of eof, cut, reset, stall, not "finish"'],
        ),
        ("text: x\nparts: []", ['5:11: "text" belongs inside "parts" here']),
        ("parts: [{text: x, think: y}]", ['5:23: a part cannot have "text" and "think"']),
        ("parts: [{image: [1]}]", ["5:22: an address must be a text, not the number 1"]),
        ("parts: [{quote_result: [{title: t}]}]", ['5:29: "url" is missing here']),
        (
            "parts: [{image: [u], piece: 1}]",
            ['5:26: "piece" does not go with a part that comes whole'],
        ),
        ("text: x\nending: {after: 1}", ['6:13: "kind" is missing here']),
        (
            "text: x\nending: {kind: cut, notice: n}",
            ['6:25: "notice" does not go with the ending "cut"'],
        ),
        (
            "text: [x]\nending: {kind: cut, after: 4}",
            ['6:32: "after" must be 0 to 3 for this answer, not 4'],
        ),
        (
            "frames: [x]\nending: {kind: cut, after: 2}",
            ['6:32: "after" must be 0 to 1 for this answer, not 2'],
        ),
        (
            "text: [x]\ndelays: [1, 2]",
            ['6:13: "delays" must have one entry for each fragment: 1, not 2'],
        ),
        (
            "text: x\necho: true\ndelays: [1]",
            ['7:13: "delays" does not go with "echo": the prompt sets the length'],
        ),
        ("http: {status: 99}", ['5:20: "status" must be 200 to 599, not 99']),
        ("http: {json: 1, text: x}", ['5:21: a response cannot have "json" and "text"']),
        (
            "http: {headers: {content-length: 5}}",
            ["5:38: the emulator writes content-length by itself"],
        ),
        (
            'http: {headers: {X-A: "a\\nb"}}',
            ['5:27: "X-A" must be one line without control characters'],
        ),
    ],
)
def test_what_is_wrong_with_an_answer_is_said_with_its_place(tmp_path, lines, expected):
    indented = "".join(f"    {line}\n" for line in lines.splitlines())
    head = "version: 1\nanswers:\n  - name: a\n    prompt: p\n"
    assert problems(tmp_path, head + indented) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("answers: []", ['1:1: "version" is missing here']),
        ("version: 1", ['1:1: "answers" is missing here']),
        ("version: 2\nanswers: []", ['1:10: "version" must be 1']),
        ("version: true\nanswers: []", ['1:10: "version" must be 1']),
        ("version: 1\nanswers: 5", ['2:10: "answers" must be a list, not the number 5']),
        ("- 1", ["1:1: this must be a mapping, not a list"]),
        ("version: 1\nanswer: []", ['1:1: "answers" is missing here', '2:1: unknown key "answer"']),
        (
            "version: 1\nanswers: [{text: x}]",
            ['2:11: "name" is missing here', '2:11: "prompt" is missing here'],
        ),
        (
            "version: 1\nanswers:\n  - {name: a b, prompt: x, text: y}",
            ['3:12: "a b" is no name: letters, digits, ".", "_" and "-"'],
        ),
        (
            (
                "version: 1\nanswers:\n"
                "  - {name: a, prompt: x, text: y}\n"
                "  - {name: a, prompt: z, text: y}\n"
                '  - {name: b, prompt: "x ", text: y}\n'
            ),
            ['4:12: the name "a" is taken', '5:23: the answer "a" takes this prompt already'],
        ),
        (
            "version: 1\nanswers:\n  - {name: a, prompt: {matches: '('}, text: y}",
            [
                (
                    "3:33: this is no regular expression: missing ), unterminated subpattern at "
                    "position 0"
                )
            ],
        ),
        (
            "version: 1\nanswers:\n  - {name: a, prompt: {equals: x, contains: y}, text: y}",
            ['3:35: a prompt cannot have "equals" and "contains"'],
        ),
        (
            "version: 1\nanswers: []\notherwise: {prompt: x, text: y}",
            ['3:13: "prompt" does not go with "otherwise"'],
        ),
        ("version: 1\ndefaults: {text: x}\nanswers: []", ['2:12: unknown key "text"']),
    ],
)
def test_what_is_wrong_with_a_script_is_said_with_its_place(tmp_path, text, expected):
    assert problems(tmp_path, text) == expected


def test_an_unknown_key_near_a_known_one_gets_a_hint_and_a_caret(tmp_path):
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, "version: 1\nanswers:\n  - {name: a, prompt: p, text: x, dellay: 1}\n")
    assert str(caught.value).split("script.yaml", 1)[1] == (
        ':3:35: unknown key "dellay"\n'
        " 3 |   - {name: a, prompt: p, text: x, dellay: 1}\n"
        "   |                                   ^\n"
        '   = hint: did you mean "delay"?'
    )


def test_a_missing_file_and_a_broken_one_are_suite_errors(tmp_path):
    with pytest.raises(SuiteError, match=r"nowhere\.yaml: there is no such file$"):
        load_script(tmp_path / "nowhere.yaml")
    with pytest.raises(SuiteError, match=r"script\.yaml:3:1: not valid YAML: "):
        load(tmp_path, "version: 1\nanswers: [\n")
