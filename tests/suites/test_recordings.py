from __future__ import annotations

import pytest

from glmbench.suites.model import CassetteSettings, SecretSettings
from glmbench.suites.nodes import Node
from glmbench.suites.recordings import read_cassettes, read_secrets, too_short
from glmbench.yamlsource import parse

BESIDE = CassetteSettings(dir="cassettes/quick")


def read(reader, source):
    """Read one value that must be good."""
    document = parse(f"x: {source}", "s")
    root = Node(document, (), document.value, []).child("x")
    value = reader(root)
    assert root.problems == []
    return value


def cassettes(source):
    return read(lambda node: read_cassettes(BESIDE, node), source)


def test_what_is_not_said_of_the_cassettes_is_as_without_the_key():
    assert cassettes("{}") == BESIDE


def test_a_suite_may_have_no_cassettes():
    assert cassettes("none") is None


def test_everything_can_be_said_of_the_cassettes():
    settings = cassettes("{dir: ../c, timing: instant, max_age: 12h, ignore: [$.id, '$.m[*].t']}")
    assert (settings.dir, settings.timing, settings.max_age_s) == ("../c", "instant", 43200.0)
    assert [path.text for path in settings.ignore] == ["$.id", "$.m[*].t"]


def test_one_path_to_ignore_needs_no_list():
    assert [path.text for path in cassettes("{ignore: $.id}").ignore] == ["$.id"]


@pytest.mark.parametrize(
    ("written", "settings"),
    [
        ("A", SecretSettings(env=("A",))),
        ("[A, _b2]", SecretSettings(env=("A", "_b2"))),
        ("{env: A}", SecretSettings(env=("A",))),
        ("{allow: [sk-x, y]}", SecretSettings(allow=("sk-x", "y"))),
        ("{}", SecretSettings()),
    ],
)
def test_secrets_are_names_of_variables_and_texts_that_are_none(written, settings):
    assert read(read_secrets, written) == settings


def test_a_value_too_short_to_be_told_from_text_is_named_but_no_unset_variable():
    environ = {"SHORT": "1234567", "LONG": "12345678", "EMPTY": ""}
    assert too_short(("SHORT", "LONG", "EMPTY", "UNSET"), environ) == ["SHORT"]
