from __future__ import annotations

from pathlib import Path

import pytest

from glmbench.suites.bounds import Bound
from glmbench.suites.expect import ErrorExpect, Expect, TextExpect
from glmbench.suites.load import load_suite, option_path
from glmbench.suites.model import (
    Case,
    CassetteSettings,
    ProviderSpec,
    Suite,
)
from glmbench.yamlsource import Position

HEAD = "version: 1\nprovider: chatglm\n"


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "quick.yaml"
        path.write_text(text, encoding="utf-8")
        return load_suite(path, name="quick.yaml")

    return load


@pytest.fixture
def complaints(load):
    """Load a bad suite; every problem as `line:column: message | hint`."""

    def complaints(text):
        loaded = load(text)
        assert loaded.suite is None
        return [
            str(problem).removeprefix("quick.yaml:")
            + (f" | {problem.hint}" if problem.hint else "")
            for problem in loaded.problems
        ]

    return complaints


# --- good suites ----------------------------------------------------------------------------

FULL = """\
version: 1
name: 快速
description: What the provider must do.
provider:
  name: chatglm
  kwargs: {timeout: 30}
cassettes: {dir: ../cassettes/quick}
defaults:
  model: glm-4
  options: {temperature: 0.5, seed: 1}
  tags: [fast]
  timeout: 90s
  expect: {latency: {ttft: "< 3s"}, text: {contains: 你}}
cases:
  - id: hello
    description: A greeting.
    prompt: 你好
  - id: chat.2
    messages:
      - {role: system, content: Be brief.}
      - {role: user, content: Hi}
    model: glm-4-plus
    options: {seed: 2}
    tags: [slow, fast]
    timeout: 5
    expect:
      finish_reason: [stop, length]
      text: {equals: Hi, matches: "^H"}
      latency: {total: 1s..4s}
  - id: quota
    prompt: x
    expect: {error: {type: QuotaExceeded, status: 200, code: 500, message: 登录}}
"""


def test_a_suite_is_loaded_with_every_default_filled_in(load, tmp_path):
    ttft = Bound(text="< 3s", high=3.0, high_strict=True)
    loaded = load(FULL)
    assert loaded.problems == ()
    assert loaded.suite == Suite(
        version=1,
        name="快速",
        path=tmp_path / "quick.yaml",
        description="What the provider must do.",
        provider=ProviderSpec(name="chatglm", kwargs={"timeout": 30}),
        cassettes=CassetteSettings(dir="../cassettes/quick"),
        cases=(
            Case(
                id="hello",
                description="A greeting.",
                messages=({"role": "user", "content": "你好"},),
                model="glm-4",
                options={"temperature": 0.5, "seed": 1},
                tags=("fast",),
                timeout=90.0,
                expect=Expect(
                    finish_reason=("stop",),
                    text=TextExpect(contains=("你",)),
                    latency={"ttft": ttft},
                ),
            ),
            Case(
                id="chat.2",
                messages=(
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "Hi"},
                ),
                model="glm-4-plus",
                options={"temperature": 0.5, "seed": 2},
                tags=("fast", "slow"),
                timeout=5.0,
                expect=Expect(
                    finish_reason=("stop", "length"),
                    text=TextExpect(contains=("你",), equals="Hi", matches="^H"),
                    latency={"ttft": ttft, "total": Bound(text="1s..4s", low=1.0, high=4.0)},
                ),
            ),
            Case(
                id="quota",
                messages=({"role": "user", "content": "x"},),
                model="glm-4",
                options={"temperature": 0.5, "seed": 1},
                tags=("fast",),
                timeout=90.0,
                expect=Expect(
                    text=TextExpect(contains=("你",)),
                    error=ErrorExpect(
                        type="QuotaExceededError", status=200, code="500", message="登录"
                    ),
                    latency={"ttft": ttft},
                ),
            ),
        ),
    )


def test_the_least_suite_takes_its_name_from_the_file(load):
    suite = load(HEAD + "cases: [{id: a, prompt: hi}]\n").suite
    assert (suite.name, suite.cassettes) == ("quick", CassetteSettings(dir="cassettes/quick"))
    assert suite.provider == ProviderSpec(name="chatglm")
    assert suite.cases[0].expect == Expect(finish_reason=("stop",))


def test_a_provider_may_be_imported(load):
    suite = load(
        "version: 1\nprovider: {import: 'pkg.mod:Outer.Class', kwargs: {n: [1]}}\n"
        "cases: [{id: a, prompt: hi}]\n"
    ).suite
    assert suite.provider == ProviderSpec(import_path="pkg.mod:Outer.Class", kwargs={"n": [1]})


def test_every_case_can_be_found_in_the_file(load):
    positions = load(FULL).positions
    assert positions == {
        "hello": Position(15, 5),
        "chat.2": Position(18, 5),
        "quota": Position(30, 5),
    }


def test_cases_are_found_in_a_bad_suite_too(load):
    loaded = load(HEAD + "cases:\n- id: a\n- 3\n- id: a\n- id: b\n  prompt: x\n")
    assert loaded.positions == {"a": Position(4, 3), "b": Position(7, 3)}


def test_an_option_is_found_where_it_was_written(load):
    document = load(FULL).document
    assert document.position(option_path(document, 1, "seed")) == Position(23, 21)
    assert document.position(option_path(document, 1, "temperature")) == Position(10, 26)


def test_a_case_may_come_from_an_anchor(load):
    suite = load(
        HEAD + "cases:\n  - &a {id: a, prompt: hi, tags: [x]}\n  - {<<: *a, id: b}\n"
    ).suite
    assert [(case.id, case.tags) for case in suite.cases] == [("a", ("x",)), ("b", ("x",))]


# --- bad suites, one fault each -------------------------------------------------------------

GOOD = {
    "@head\n": HEAD,
    "@case\n": HEAD + "cases:\n  - id: a\n    prompt: hi\n",
}


def bad_suites():
    """Read (suite, problems) from the file beside this one."""
    file = Path(__file__).with_name("bad_suites.txt")
    for block in file.read_text(encoding="utf-8").split("\n\n")[1:]:
        suite, *problems = block.strip("\n").split("\n>>> ")
        suite += "\n"
        for short, lines in GOOD.items():
            suite = suite.replace(short, lines)
        yield pytest.param(suite, problems, id=problems[0][:60])


@pytest.mark.parametrize(("text", "expected"), list(bad_suites()))
def test_a_fault_is_told_with_its_place_and_cure(complaints, text, expected):
    assert complaints(text) == expected


# --- bad suites, many faults ----------------------------------------------------------------


def test_all_faults_of_a_suite_are_told_at_once_sorted_by_place(complaints):
    text = """\
version: 1
provider: {name: chatglm, kwarg: {}}
defaults:
  timeout: soon
cases:
  - id: a b
    prompt: hi
    expect: {text: {matches: "["}, finish_reason: done}
  - prompt: hi
    tag: x
"""
    assert [line.partition(" | ")[0] for line in complaints(text)] == [
        '2:27: unknown key "kwarg" in provider',
        '4:12: "soon" is no duration',
        '6:9: "a b" is no case id',
        "8:30: not a valid pattern: unterminated character set at character 2",
        '8:51: "done" is no finish reason',
        '9:5: a case needs "id"',
        '10:5: unknown key "tag" in a case',
    ]


def test_a_fault_in_an_anchor_is_told_once_and_where_it_is_written(complaints):
    text = """\
version: 1
provider: chatglm
defaults:
  expect: &quick {latency: {ttft: "3s"}}
cases:
  - {id: a, prompt: x, expect: *quick}
  - id: b
    prompt: x
    expect:
      <<: *quick
      finish_reson: stop
  - <<: {id: a, promt: x}
    prompt: y
"""
    assert complaints(text) == [
        '4:35: "3s" is no bound | write "< 3s" or a range',
        '11:7: unknown key "finish_reson" in expect | did you mean "finish_reason"?',
        '12:14: duplicate case id "a", first given on line 6',
        '12:17: unknown key "promt" in a case | did you mean "prompt"?',
    ]


def test_faults_of_the_yaml_itself_are_told_all_at_once(load):
    loaded = load("version: 1\nversion: 1\ncases:\n  - {id: a, id: b, 1: x}\n")
    assert [str(problem) for problem in loaded.problems] == [
        'quick.yaml:2:1: duplicate key "version", first given on line 1',
        'quick.yaml:4:13: duplicate key "id", first given on line 4',
        "quick.yaml:4:20: a key must be text, this is a number",
    ]
    assert (loaded.suite, loaded.document, loaded.positions) == (None, None, {})


def test_control_characters_in_values_do_not_reach_the_terminal(complaints):
    assert complaints(HEAD + 'cases: [{id: "a\\e[2J", prompt: x}]\n')[0].startswith(
        '3:14: "a\\x1b[2J" is no case id'
    )


# --- files ----------------------------------------------------------------------------------


def test_a_missing_suite_suggests_its_neighbour(tmp_path):
    (tmp_path / "quickstart.yaml").touch()
    (tmp_path / "quickstar.txt").touch()
    [problem] = load_suite(tmp_path / "quickstrat.yaml", name="q.yaml").problems
    assert problem.render() == (
        'q.yaml: there is no such file\n   = hint: did you mean "quickstart.yaml"?'
    )


def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "prompt" / "q.yaml"
    [problem] = load_suite(path).problems
    assert str(problem) == f"{path}: there is no such file"
    assert problem.hint == f"nor is there a folder {path.parent}"


def test_a_file_name_that_cannot_name_a_folder_asks_for_a_name(tmp_path):
    path = tmp_path / "a:b.yaml"
    path.write_text(HEAD + "cases: [{id: a, prompt: x}]\n")
    [problem] = load_suite(path, name="s").problems
    assert str(problem) == 's:1:1: the file name "a:b" cannot name the suite\'s cassettes'
    path.write_text(HEAD + "name: ab\ncases: [{id: a, prompt: x}]\n")
    assert load_suite(path).suite.name == "ab"


def test_a_suite_is_found_by_a_relative_path_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(HEAD + "cases: [{id: a, prompt: x}]\n")
    assert load_suite(Path("s.yaml")).suite.path == Path("s.yaml")
    assert load_suite(Path("x.yaml")).problems[0].file == "x.yaml"
