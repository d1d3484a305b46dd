"""What is wrong in an `expect` is told with its place, its reason and its cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from glmbench.suites.expectations import read_expect
from glmbench.suites.nodes import Node
from glmbench.yamlsource import parse


def problems(text):
    document = parse(text, "s")
    found = []
    read_expect(Node(document, (), document.value, found))
    return [
        str(problem).removeprefix("s:") + (f" | {problem.hint}" if problem.hint else "")
        for problem in found
    ]


def bad_expectations():
    table = Path(__file__).with_name("bad_expectations.txt").read_text(encoding="utf-8")
    for entry in table.split("\n\n")[1:]:
        lines = entry.splitlines()
        text = "\n".join(line for line in lines if not line.startswith(">>> "))
        yield text, [line[4:] for line in lines if line.startswith(">>> ")]


@pytest.mark.parametrize(("text", "expected"), list(bad_expectations()))
def test_a_fault_is_told_with_its_place_and_cure(text, expected):
    assert sorted(problems(text)) == expected


def test_an_expected_error_may_stand_beside_any_finish_reason():
    assert problems("error: Auth\nfinish_reason: any") == []
