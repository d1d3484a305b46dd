"""Every example of the suite file's page does what the page says.

A block that starts with `version:` is a whole suite. Any other stands behind a comment that says
where its keys belong: `fragment: suite`, `case` or `expect`; with `refused: ...` it must be an
error that says so.
"""

from __future__ import annotations

import textwrap

import pytest
from docs.pages import REFERENCE, ROOT, blocks, page

from glmbench.suites import load as loading
from glmbench.suites.load import load_suite
from glmbench.yamlsource import MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_PROBLEMS

PAGE = REFERENCE / "suite-file.md"
EXAMPLES = blocks(PAGE, "yaml")
README_SUITES = blocks(ROOT / "README.md", "yaml")


def keys_of(text):
    return {line.partition(":")[0] for line in text.splitlines() if line[:1].isalpha()}


def placed(kind, text):
    """Put a fragment into a suite that has nothing else to say."""
    if kind == "suite":
        rest = {
            "version": "version: 1\n",
            "provider": "provider: chatglm\n",
            "cases": "cases: [{id: example, prompt: Hello}]\n",
        }
        return text + "".join(line for key, line in rest.items() if key not in keys_of(text))
    case = text if kind == "case" else "expect:\n" + textwrap.indent(text, "  ")
    given = keys_of(case)
    if "id" not in given:
        case += "id: example\n"
    if not given & {"prompt", "messages"}:
        case += "prompt: Hello\n"
    head = "version: 1\nprovider: chatglm\ncases:\n  -\n"
    return head + textwrap.indent(case, "    ")


def problems(text, folder):
    path = folder / "example.yaml"
    path.write_text(text, encoding="utf-8")
    return [problem.render() for problem in load_suite(path, name="example.yaml").problems]


def parse_mark(block):
    fragment, _, refused = block.mark.partition("; refused: ")
    return fragment.removeprefix("fragment: "), refused


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: f"line {block.line}")
def test_an_example_is_taken_or_refused_as_the_page_says(block, tmp_path):
    if block.text.startswith("version:"):
        assert problems(block.text, tmp_path) == []
        return
    kind, refused = parse_mark(block)
    assert kind in {"suite", "case", "expect"}, "mark the fragment: <!-- fragment: case -->"
    found = "\n".join(problems(placed(kind, block.text), tmp_path))
    if refused:
        assert refused in found
    else:
        assert found == ""


@pytest.mark.parametrize("block", README_SUITES, ids=lambda block: f"line {block.line}")
def test_a_suite_in_the_readme_loads(block, tmp_path):
    assert problems(block.text, tmp_path) == []


def test_a_fragment_that_does_not_load_is_noticed(tmp_path):
    assert len(problems(placed("expect", "finish_raeson: stop\n"), tmp_path)) == 1
    assert len(problems(placed("case", "promt: x\n"), tmp_path)) == 1
    assert len(problems(placed("suite", "nmae: x\n"), tmp_path)) == 1


def test_every_key_has_an_example_or_a_row():
    text = page(PAGE)
    keys = [
        *("version", "name", "description", "provider", "cassettes", "defaults", "cases"),
        *("import", "kwargs", "dir", "id", "prompt", "messages", "role", "content", "model"),
        *("options", "tags", "timeout", "expect", "finish_reason", "text", "contains", "equals"),
        *("matches", "error", "type", "status", "code", "message", "latency", "ttft", "total"),
    ]
    assert [key for key in keys if f"`{key}`" not in text] == []


def known_keys(text, folder):
    """The keys that the loader names when it meets one that it does not know."""
    (hint,) = [line for line in "\n".join(problems(text, folder)).splitlines() if "hint" in line]
    return hint.partition("known here: ")[2].split(", ")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("suite", "xxxxxxxx: 1\n"),
        ("suite", "provider: {name: chatglm, xxxxxxxx: 1}\n"),
        ("suite", "cassettes: {xxxxxxxx: 1}\n"),
        ("suite", "defaults: {xxxxxxxx: 1}\n"),
        ("case", "xxxxxxxx: 1\n"),
        ("case", "messages: [{role: user, content: hi, xxxxxxxx: 1}]\n"),
        ("expect", "xxxxxxxx: 1\n"),
        ("expect", "text: {xxxxxxxx: 1}\n"),
        ("expect", "error: {xxxxxxxx: 1}\n"),
        ("expect", "latency: {xxxxxxxx: 1}\n"),
    ],
)
def test_every_key_that_the_loader_knows_is_on_the_page(kind, text, tmp_path):
    known = known_keys(placed(kind, text), tmp_path)
    assert len(known) > 0
    assert [key for key in known if f"`{key}`" not in page(PAGE)] == []


def test_the_limits_are_those_of_the_reader():
    text = page(PAGE)
    rows = [
        f"| {MAX_BYTES >> 20} MiB |",
        f"| {MAX_NODES:,} |",
        f"| {MAX_DEPTH} |",
        f"| {MAX_PROBLEMS} |",
    ]
    assert [row for row in rows if row not in text] == []


@pytest.mark.parametrize(("length", "taken"), [(51, True), (52, False)])
def test_a_suite_name_has_at_most_51_characters(length, taken, tmp_path):
    found = problems(placed("suite", f"name: {'n' * length}\n"), tmp_path)
    assert (found == []) is taken


def test_the_finish_reasons_and_error_types_are_all_on_the_page():
    from glmbench.parts import FINISH_REASONS
    from glmbench.suites.expectations import ERROR_TYPES

    words = [*FINISH_REASONS, *(name.removesuffix("Error") for name in ERROR_TYPES)]
    assert [word for word in words if f"`{word}`" not in page(PAGE)] == []


def test_the_version_of_the_format_is_the_one_on_the_page():
    assert f"format version {loading.VERSION}." in page(PAGE)
