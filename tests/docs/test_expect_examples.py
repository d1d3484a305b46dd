"""Every check has an example that passes and one that fails, and the page shows these files.

A file begins with a comment that says what the turn was; below it stands a fragment of a suite
with the cases `passes` and `fails`. It is named after the check.
"""

from __future__ import annotations

from dataclasses import fields

import pytest
import yaml
from docs.pages import REFERENCE, ROOT, blocks, page, section

from glmbench.checks.evaluate import evaluate
from glmbench.measure.observation import Failure, Observation, Read, StampedPart
from glmbench.measure.timing import measure_throughput, measure_timing
from glmbench.parts import FinishReason, Reasoning, ToolCalls, Usage
from glmbench.suites import expect as data
from glmbench.suites.bounds import parse_duration
from glmbench.suites.load import load_suite

FOLDER = ROOT / "tests" / "examples" / "expect"
FILES = sorted(FOLDER.glob("*.yaml"))
PAGE = REFERENCE / "suite-file.md"
EXPECT = section(page(PAGE), "expect")

# --- the turn that a file tells of ----------------------------------------------------------


def told(text):
    head = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
    return yaml.safe_load("\n".join(head))


def us(duration):
    return round(parse_duration(duration) * 1_000_000)


def content(turn, count):
    """The thinking as one piece, then the answer cut into the pieces that are left."""
    thinking, answer = turn.get("thinking"), turn.get("answer", "")
    pieces = [Reasoning(thinking)] if thinking else []
    left = count - len(pieces)
    size = -(-len(answer) // left) or 1
    return [*pieces, *(answer[start : start + size] for start in range(0, left * size, size))]


def ending(turn):
    if "calls" in turn:
        yield ToolCalls([{"type": "function", "function": {**call}} for call in turn["calls"]])
    if "tokens" in turn:
        yield Usage(input_tokens=turn["tokens"]["input"], output_tokens=turn["tokens"]["output"])
    if "error" not in turn:
        reason = turn.get("finish", "stop")
        yield FinishReason(reason, turn.get("native"), rewritten=turn.get("final"))


def observed(text):
    turn = told(text)
    instants = [us(at) for at in turn.get("chunks", ["0.5s", "0.8s", "1s"])]
    end = us(turn.get("end", "5s"))
    stamped = zip(instants, content(turn, len(instants)), strict=True)
    error = turn.get("error")
    return Observation(
        source="recorded",
        reads=tuple(Read(at_us=at, size=9, events=1) for at in instants),
        parts=(
            *(StampedPart(at_us=at, part=part) for at, part in stamped),
            *(StampedPart(at_us=end, part=part) for part in ending(turn)),
        ),
        failure=Failure(**error, expected_kind=True) if error else None,
        end_us=end,
    )


def names_two_planets(observation):
    planets = [name for name in ("Mercury", "Venus", "Mars") if name in observation.text]
    return len(planets) == 2, ", ".join(planets)


def is_polite(observation):
    return "please" in observation.text


FUNCTIONS = {
    "my_checks:names_two_planets": names_two_planets,
    "my_checks:is_polite": is_polite,
}

# --- the examples ---------------------------------------------------------------------------


def expectations(text, folder):
    path = folder / "example.yaml"
    path.write_text(f"version: 1\nprovider: chatglm\n{text}", encoding="utf-8")
    loaded = load_suite(path)
    assert [str(problem) for problem in loaded.problems] == []
    return {case.id: case.turns[0].expect for case in loaded.suite.cases}


def results(text, case, folder):
    turn = observed(text)
    expect = expectations(text, folder)[case]
    timing, throughput = measure_timing(turn), measure_throughput(turn)
    return evaluate(expect, turn, timing, throughput, FUNCTIONS)


# What these two words do is seen in other checks.
SEEN_IN = {"any": "text.starts_with", "none": "finish_reason"}


def is_about(check, name):
    """Whether a result is of a check; `error` is of all its keys, `reasoning.matches` of one."""
    return f"{check}.".startswith(f"{name}.") or f"{name}.".startswith(f"{check}.")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_first_example_passes(path, tmp_path):
    found = results(path.read_text("utf-8"), "passes", tmp_path)
    assert {result.status for result in found} <= {"passed"}
    assert any(is_about(path.stem, result.name) for result in found) is (path.stem not in SEEN_IN)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_second_example_fails_by_nothing_but_what_the_file_is_named_after(path, tmp_path):
    check = SEEN_IN.get(path.stem, path.stem)
    found = results(path.read_text("utf-8"), "fails", tmp_path)
    failed = [result.name for result in found if result.status != "passed"]
    assert len(failed) == 1
    assert is_about(check, failed[0])


def names_of(kind):
    return [field.name for field in fields(kind)]


def checks():
    """Every check there is, as the data of an expectation has it."""
    groups = {
        "text": names_of(data.TextExpect),
        "json": names_of(data.JsonExpect),
        "error": names_of(data.ErrorExpect),
        "stream": names_of(data.StreamExpect),
        "latency": data.LATENCY_METRICS,
        "throughput": data.THROUGHPUT_METRICS,
        "tokens": data.TOKEN_COUNTS,
    }
    whole = {name for name in names_of(data.Expect) if name not in groups} - {"drops"}
    return whole | {f"{group}.{key}" for group, keys in groups.items() for key in keys}


def test_every_check_has_its_file():
    assert {path.stem for path in FILES} == checks() | set(SEEN_IN)


def rows(check):
    """The rows of the tables in which a check should stand: its group's own, or the first."""
    group, dot, key = check.partition(".")
    titles = {"text": "text and reasoning"}
    part = EXPECT.split(f"\n### {titles.get(group, group)}\n")[1] if dot else EXPECT
    lines = part.split("\n### ")[0].splitlines()
    return [line for line in lines if line.startswith("|") and f"`{key or group}`" in line]


def test_every_check_has_its_row():
    assert [check for check in checks() if not rows(check)] == []


def test_every_example_of_the_section_is_one_of_the_files():
    files = {path.read_text("utf-8") for path in FILES}
    shown = [block for block in blocks(PAGE, "yaml") if f"```yaml\n{block.text}```" in EXPECT]
    taken = [block for block in shown if "refused: " not in block.mark]
    assert len(taken) > len(checks()) / 3
    assert [block.line for block in taken if block.text not in files] == []


def test_a_turn_is_what_the_comment_tells():
    turn = observed("# thinking: Hm.\n# answer: abcd\n# chunks: [1s, 2s, 3s]\n# end: 4s\ncases: []")
    assert (turn.reasoning, turn.text, turn.end_us) == ("Hm.", "abcd", 4_000_000)
    assert [(s.at_us, s.part) for s in turn.parts][1:3] == [(2_000_000, "ab"), (3_000_000, "cd")]
