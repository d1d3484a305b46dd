from __future__ import annotations

import pytest
from docs.pages import ROOT
from jsonschema import Draft202012Validator

from glmbench.suites.schema import suite_schema
from glmbench.yamlsource import parse

VALIDATOR = Draft202012Validator(suite_schema())
EXAMPLES = sorted((ROOT / "tests" / "examples" / "expect").glob("*.yaml"))


def fits(expect):
    case = {"id": "a", "prompt": "x", "expect": expect}
    return VALIDATOR.is_valid({"version": 1, "provider": "p", "cases": [case]})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_of_a_check_fits(path):
    given = parse(path.read_text(encoding="utf-8"), "s").value
    suite = {"version": 1, "provider": "p", **given}
    assert [error.json_path for error in VALIDATOR.iter_errors(suite)] == []


def test_every_check_has_an_example():
    assert len(EXAMPLES) >= 30


@pytest.mark.parametrize(
    "expect",
    ["none", {}, {"text": "any"}, {"latency": {"ttft": "any"}}, {"error": "any"}, {"json": "any"}],
)
def test_a_check_or_all_of_them_can_be_dropped(expect):
    assert fits(expect)


@pytest.mark.parametrize(
    "expect",
    [
        "any",
        {"text": "none"},
        {"text": {}},
        {"finish_reason": "eos"},
        {"latency": {"ttft": 3}},
        {"error": {"type": "Quota"}},
        {"tool_calls": "f"},
        {"stream": {"well_formed": "yes"}},
        {"json": {"at": {"city": 1}}},
    ],
)
def test_what_no_check_means_is_refused(expect):
    assert not fits(expect)
