"""The worst input gets one clear message with its place, the right exit code, no traceback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from e2e.support import QUICKSTART, ROOT, glmbench, result_of, write_suite

# A process for each command: `make slow` runs these.
pytestmark = pytest.mark.slow

GOOD = """\
version: 1
name: small
provider: chatglm
cases:
  - id: one
    prompt: Hi
"""

BROKEN = {
    "an unknown key": (
        GOOD.replace("prompt: Hi", "promt: Hi"),
        ['suite.yaml:6:5: unknown key "promt" in a case', 'hint: did you mean "prompt"?'],
    ),
    "a syntax error": (GOOD.replace("provider:", "provider: ]"), ["suite.yaml:3:11: "]),
    "a wrong type": (GOOD.replace("prompt: Hi", "prompt: [Hi]"), ["suite.yaml:6:13: "]),
    "a duplicate case id": (
        GOOD + "  - id: one\n    prompt: Ho\n",
        ["suite.yaml:7:9: ", '"one"'],
    ),
    "a duplicate key": (GOOD + "name: again\n", ["suite.yaml:7:1: ", '"name"']),
    "an unknown provider": (
        GOOD.replace("provider: chatglm", "provider: chatgml"),
        ["suite.yaml:3:11: ", "chatglm"],
    ),
    "an unknown provider option": (
        GOOD.replace("provider: chatglm", "provider: {name: chatglm, kwargs: {timout: 3}}"),
        ['suite.yaml:3:36: ChatGLM has no option "timout"', 'did you mean "timeout"?'],
    ),
    "an unknown option of a case": (
        GOOD + "    options: {conversation: x}\n",
        ['suite.yaml:7:15: ChatGLM has no option "conversation"'],
    ),
    "an unknown model": (GOOD + "    model: glm-9\n", ["suite.yaml:7:12: ", "glm-9", "glm-4"]),
    "a module that is not there": (
        GOOD.replace("provider: chatglm", 'provider: {import: "nowhere:Thing"}'),
        ["suite.yaml:3:20: ", 'there is no module "nowhere"'],
    ),
    "ids that are one file where case does not count": (
        GOOD + "  - id: ONE\n    prompt: Ho\n",
        ['suite.yaml:7:5: "ONE" would be recorded in the same file as "one"'],
    ),
    "no cases": (GOOD.split("cases:", maxsplit=1)[0] + "cases: []\n", ["suite.yaml:4:8: "]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_suite_is_refused_with_its_place(tmp_path, name):
    text, words = BROKEN[name]
    write_suite(tmp_path, text)
    done = glmbench("run", "suite.yaml", cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    for word in words:
        assert word in done.err


def test_all_problems_come_at_once_sorted_by_place(tmp_path):
    write_suite(
        tmp_path,
        "version: 1\nname: many\nprovider: {name: chatglm, kwargs: {timout: 1}}\n"
        "cases:\n  - id: a b\n    prompt: 3\n    expect: {finish_reason: stopp}\n",
    )
    done = glmbench("run", "suite.yaml", cwd=tmp_path)
    places = [
        line.split(": ")[0] for line in done.err.splitlines() if line.startswith("suite.yaml")
    ]
    assert done.code == 3
    assert places == ["suite.yaml:5:9", "suite.yaml:6:13", "suite.yaml:7:29"]


def test_two_suites_of_one_name_are_not_run_together(tmp_path):
    write_suite(tmp_path, GOOD, "first.yaml")
    write_suite(
        tmp_path, GOOD.replace("provider:", "cassettes: {dir: x}\nprovider:"), "second.yaml"
    )
    done = glmbench("run", "first.yaml", "second.yaml", cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert 'second.yaml: it has the same name as first.yaml, "small"' in done.err


def test_a_missing_suite_names_the_nearest_one(tmp_path):
    write_suite(tmp_path, GOOD, "greetings.yaml")
    done = glmbench("run", "greeting.yaml", cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert (
        'greeting.yaml: there is no such file\n   = hint: did you mean "greetings.yaml"?'
        in done.err
    )


def test_a_missing_cassette_is_a_row_and_exit_6(tmp_path):
    write_suite(tmp_path, GOOD)
    done = glmbench("run", "suite.yaml", "-o", "r.json", cwd=tmp_path)
    assert (done.code, done.err) == (6, "")
    (trial,) = result_of(tmp_path / "r.json")["trials"]
    assert (trial["status"], trial["cassette"]["verdict"]) == ("error", "MISS")
    assert "there is no file cassettes/small/one@glm-4@1.yaml" in done.out
    assert "again: glmbench run suite.yaml --case one" in done.out


def test_a_damaged_cassette_is_a_row_that_says_what_to_do(tmp_path):
    copy = _copy_of_quickstart(tmp_path)
    cassette = tmp_path / "cassettes" / "quickstart" / "ping@glm-4@1.yaml"
    cassette.write_text(cassette.read_text().replace("pong", "gnop"))
    done = glmbench("run", copy, "-o", tmp_path / "r.json", cwd=tmp_path)
    assert done.code == 6
    trials = {trial["case"]: trial for trial in result_of(tmp_path / "r.json")["trials"]}
    assert trials["ping"]["cassette"]["verdict"] == "DAMAGED"
    assert "its body does not fit its stream track" in trials["ping"]["cassette"]["reason"]
    assert {trial["status"] for name, trial in trials.items() if name != "ping"} == {"passed"}


def test_a_changed_prompt_is_stale_and_shows_the_first_difference(tmp_path):
    copy = _copy_of_quickstart(tmp_path)
    copy.write_text(copy.read_text().replace("exactly one word: pong", "exactly one word: ping"))
    done = glmbench("run", copy, "--case", "ping", cwd=tmp_path)
    assert done.code == 6
    assert "STALE" in done.out
    assert "$.messages[0].content[0].text: recorded" in done.out


def test_an_expectation_that_fails_is_exit_1_and_shows_both_sides(tmp_path):
    copy = _copy_of_quickstart(tmp_path)
    copy.write_text(copy.read_text().replace("text: {equals: pong}", "text: {equals: ping}"))
    done = glmbench("run", copy, "--case", "ping", cwd=tmp_path)
    assert done.code == 1
    assert "FAILED ping@glm-4@1" in done.out
    assert f"at {copy}:" in done.out
    assert "text.equals failed" in done.out


def test_an_unexpected_provider_error_is_exit_5(tmp_path):
    copy = _copy_of_quickstart(tmp_path)
    text = copy.read_text()
    start = text.index("- id: cut-stream")
    changed = text[start:].replace("type: IncompleteStream", "type: Auth", 1)
    copy.write_text(text[:start] + changed)
    done = glmbench("run", copy, "--case", "cut-stream", cwd=tmp_path)
    assert done.code == 5, "another error than the expected one is unexpected too"
    assert "IncompleteStreamError: " in done.out
    copy.write_text(text[:start] + "- {id: cut-stream, prompt: " + _prompt_of("cut-stream") + "}\n")
    done = glmbench("run", copy, "--case", "cut-stream", cwd=tmp_path)
    assert done.code == 5
    assert "IncompleteStreamError: " in done.out


def _prompt_of(case):
    text = QUICKSTART.read_text(encoding="utf-8")
    rest = text[text.index(f"- id: {case}") :]
    return rest.split("prompt: ", 1)[1].splitlines()[0]


def _copy_of_quickstart(folder):
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    shutil.copytree(ROOT / "cassettes", folder / "cassettes")
    return folder / "prompts" / "quickstart.yaml"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "Missing argument 'SUITE...'"),
        (["run", "s.yaml", "--mode", "reply"], "'reply' is not one of"),
        (["run", "s.yaml", "--timing", "fast"], "timing is 'fast'"),
        (["run", str(QUICKSTART), "--connect-to", "h:1"], "--connect-to needs --mode"),
        (["run", "s.yaml", "--mode", "live", "--connect-to", "h"], "'h' is not HOST:PORT"),
        (["run", "s.yaml", "--mode", "live", "--connect-to", "h:0"], "'h:0' is not HOST:PORT"),
        (["run", "s.yaml", "-o", "r.txt"], "r.txt ends in none of .json, "),
        (["run", "s.yaml", "-o", "no/r.json"], "there is no folder no"),
        (["run", str(QUICKSTART), "--case", "pingg"], 'no case "pingg"; did you mean "ping"?'),
        (["ruin"], "No such command 'ruin'"),
        (["serve"], "serve needs either CASSETTES or --emulate SERVICE, and not both"),
    ],
)
def test_a_wrong_command_line_is_exit_2_and_says_why(tmp_path, arguments, words):
    done = glmbench(*arguments, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_result_is_written_although_the_terminal_cannot_show_it(tmp_path):
    copy = _copy_of_quickstart(tmp_path)
    copy.write_text(
        copy.read_text().replace("finish_reason: content_filter", "finish_reason: stop")
    )
    arguments = ["run", copy, "--case", "moderated", "-o", tmp_path / "r.json"]
    done = glmbench(*arguments, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (done.code, done.err) == (1, "")
    assert "content_filter \\u2260 stop" in done.out
    assert result_of(tmp_path / "r.json")["summary"]["exit_code"] == 1


def test_a_broken_emulator_script_is_exit_3(tmp_path):
    script = write_suite(tmp_path, "version: 1\nanswres: []\n", "script.yaml")
    done = glmbench("serve", "--emulate", "chatglm", "--script", script, cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert "script.yaml:2:1: " in done.err


def test_version_prints_the_version():
    done = glmbench("--version")
    assert (done.code, done.out) == (0, "glmbench, version 0.1.0\n")


def test_a_help_text_that_cannot_be_written_is_no_bug():
    command = [sys.executable, "-W", "error", "-m", "glmbench", "--help"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "The output could not be written: No space left on device\n",
    )
