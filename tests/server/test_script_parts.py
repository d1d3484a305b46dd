"""The parts of an answer, from YAML: what each service has, and what is refused."""

from __future__ import annotations

import re

import pytest

from glmbench.errors import SuiteError
from glmbench.server.script import CallPart, ItemPart, TextPart
from glmbench.server.script_file import load_script


def load(tmp_path, dialect, lines):
    path = tmp_path / "script.yaml"
    indented = "".join(f"    {line}\n" for line in lines.strip().splitlines())
    head = f"version: 1\nemulate: {dialect}\nanswers:\n  - name: a\n    prompt: p\n"
    path.write_text(head + indented, encoding="utf-8")
    return load_script(path)


def parts_of(tmp_path, dialect, lines):
    (answer,) = load(tmp_path, dialect, lines).answers
    return answer.reply.parts


def test_every_kind_of_part_of_chatglm_is_read(tmp_path):
    parts = parts_of(
        tmp_path,
        "chatglm",
        """
parts:
  - think: hm
    piece: 1
    first_delay: 1s
    delay: 2s
  - tool_calls: {name: search, arguments: "{}"}
    first_delay: 3s
  - quote_result: [{title: t, url: u, text: x}]
  - browser_result: [{url: u}]
  - image: [http://x/1.png]
  - item: {type: novelty, level: 9}
    status: error
  - code: print(1)
  - execution_output: "1"
  - text_thinking: old
  - text: done
""",
    )
    assert parts == (
        TextPart(kind="think", text="hm", piece=1, first_delay_s=1.0, delay_s=2.0),
        ItemPart(
            item={"type": "tool_calls", "tool_calls": {"name": "search", "arguments": "{}"}},
            first_delay_s=3.0,
        ),
        ItemPart(
            item={"type": "quote_result"},
            meta_data={"metadata_list": [{"title": "t", "url": "u", "text": "x"}]},
        ),
        ItemPart(item={"type": "browser_result"}, meta_data={"metadata_list": [{"url": "u"}]}),
        ItemPart(item={"type": "image", "image": [{"image_url": "http://x/1.png"}]}),
        ItemPart(item={"type": "novelty", "level": 9}, status="error"),
        TextPart(kind="code", text="print(1)"),
        TextPart(kind="execution_output", text="1"),
        TextPart(kind="text_thinking", text="old"),
        TextPart(kind="text", text="done"),
    )


def test_every_kind_of_part_of_chat_completions_is_read(tmp_path):
    parts = parts_of(
        tmp_path,
        "completions",
        """
parts:
  - think: hm
    first_delay: 1s
  - text: [a, b]
  - tool_calls: {name: search, arguments: {q: 你好}}
    piece: 3
    first_delay: 1s
    delay: 2s
  - tool_calls: {id: call_1, name: search, arguments: '{"q": 1}'}
  - tool_calls: {name: now, arguments: ["{", "}"]}
  - tool_calls: {name: now}
""",
    )
    assert parts == (
        TextPart(kind="think", text="hm", first_delay_s=1.0),
        TextPart(kind="text", text=("a", "b")),
        CallPart(name="search", arguments='{"q":"你好"}', piece=3, first_delay_s=1.0, delay_s=2.0),
        CallPart(id="call_1", name="search", arguments='{"q": 1}'),
        CallPart(name="now", arguments=("{", "}")),
        CallPart(name="now", arguments="{}"),
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "parts: [{image: [u]}]",
            ['6:14: "image" does not go with "emulate: completions"'],
        ),
        (
            "parts: [{text: x, status: error}]",
            ['6:23: "status" does not go with "emulate: completions"'],
        ),
        ("parts: [{piece: 1}]", ["6:13: a part needs one of: text, think, tool_calls"]),
        ("parts: [{tool_calls: {id: x}}]", ['6:26: "name" is missing here']),
        (
            "parts: [{tool_calls: {name: x, arguments: 1}}]",
            ['6:47: "arguments" must be a text, not the number 1'],
        ),
    ],
)
def test_what_is_no_part_of_a_chat_completion_is_refused_with_its_place(tmp_path, lines, expected):
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, "completions", lines)
    said = re.findall(r"^.*?script\.yaml:(.*)$", str(caught.value), flags=re.MULTILINE)
    assert said == expected
