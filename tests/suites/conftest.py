from __future__ import annotations

import pytest
from suites.broken import write_files

from glmbench.suites.load import load_suite


@pytest.fixture
def load(tmp_path):
    """Load a suite beside the files of broken.py."""

    def load(text):
        write_files(tmp_path)
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


@pytest.fixture
def only_case(load):
    """Load a suite of one case, written as what stands under its id, and return the case."""

    def only_case(lines, rest=""):
        body = "".join(f"    {line}\n" for line in lines.strip("\n").split("\n"))
        loaded = load(f"version: 1\nprovider: chatglm\n{rest}cases:\n  - id: a\n{body}")
        assert loaded.problems == ()
        (case,) = loaded.suite.cases
        return case

    return only_case
