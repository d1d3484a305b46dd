"""Every example of the suite file's page does what the page says.

A block that starts with `version:` is a whole suite. Any other stands behind a comment that says
where its keys belong: `fragment: suite`, `case` or `expect`; with `refused: ...` it must be an
error that says so. A block behind `file: NAME` lies beside every one of them.
"""

from __future__ import annotations

import textwrap

import pytest
from docs.pages import REFERENCE, ROOT, blocks, page
from jsonschema import Draft202012Validator

from glmbench.suites import datasets, sandbox, templates
from glmbench.suites import load as loading
from glmbench.suites.cases import MAX_MODEL, MAX_NAME
from glmbench.suites.load import load_suite
from glmbench.suites.recordings import MIN_SECRET
from glmbench.suites.schema import suite_schema
from glmbench.suites.thresholds import METRICS
from glmbench.yamlsource import MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_PROBLEMS, parse

PAGE = REFERENCE / "suite-file.md"
EXAMPLES = blocks(PAGE, "yaml")
README_SUITES = blocks(ROOT / "README.md", "yaml")
FILES = {
    block.mark.removeprefix("file: "): block.text
    for language in ("csv", "text")
    for block in blocks(PAGE, language)
    if block.mark.startswith("file: ")
}
SCHEMA = Draft202012Validator(suite_schema())


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
    if not given & {"prompt", "messages", "turns"}:
        case += "prompt: Hello\n"
    head = "version: 1\nprovider: chatglm\ncases:\n  -\n"
    return head + textwrap.indent(case, "    ")


def problems(text, folder):
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    path = folder / "example.yaml"
    path.write_text(text, encoding="utf-8")
    return [problem.render() for problem in load_suite(path, name="example.yaml").problems]


def parse_mark(block):
    fragment, _, refused = block.mark.partition("; refused: ")
    return fragment.removeprefix("fragment: "), refused


def whole(block):
    """The suite that a block is, or is put into."""
    if block.text.startswith("version:"):
        return block.text
    kind, _ = parse_mark(block)
    assert kind in {"suite", "case", "expect"}, "mark the fragment: <!-- fragment: case -->"
    return placed(kind, block.text)


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: f"line {block.line}")
def test_an_example_is_taken_or_refused_as_the_page_says(block, tmp_path):
    _, refused = parse_mark(block)
    found = "\n".join(problems(whole(block), tmp_path))
    if refused:
        assert refused in found
    else:
        assert found == ""


@pytest.mark.parametrize(
    "block",
    [block for block in EXAMPLES if not parse_mark(block)[1]],
    ids=lambda block: f"line {block.line}",
)
def test_an_example_that_is_taken_fits_the_schema(block):
    value = parse(whole(block), "s").value
    assert [error.json_path for error in SCHEMA.iter_errors(value)] == []


@pytest.mark.parametrize("block", README_SUITES, ids=lambda block: f"line {block.line}")
def test_a_suite_in_the_readme_loads(block, tmp_path):
    assert problems(block.text, tmp_path) == []


def test_a_fragment_that_does_not_load_is_noticed(tmp_path):
    assert len(problems(placed("expect", "finish_raeson: stop\n"), tmp_path)) == 1
    assert len(problems(placed("case", "promt: x\n"), tmp_path)) == 1
    assert len(problems(placed("suite", "nmae: x\n"), tmp_path)) == 1


def test_the_files_of_the_page_are_there():
    assert sorted(FILES) == ["facts.csv", "letter.txt"]


def described(schema):
    """The keys of every mapping in the schema, which another test keeps equal to the loader's."""
    if isinstance(schema, list):
        return [key for inner in schema for key in described(inner)]
    if not isinstance(schema, dict):
        return []
    own = schema["properties"] if schema.get("additionalProperties") is False else ()
    return [*own, *described(list(schema.values()))]


def test_every_key_that_the_loader_knows_is_on_the_page():
    keys = described(suite_schema())
    assert len(keys) > 90
    assert [key for key in keys if f"`{key}`" not in page(PAGE)] == []


def test_the_limits_are_those_of_the_readers():
    text = page(PAGE)
    rows = [
        f"| {MAX_BYTES >> 20} MiB |",
        f"| {MAX_NODES:,} |",
        f"| {MAX_DEPTH} |",
        f"| {MAX_PROBLEMS} |",
        f"| {loading.MAX_TRIALS:,} |",
        f"model and number | {MAX_NAME} |",
        f"model name | {MAX_MODEL} |",
        f"| {datasets.MAX_DATASET >> 20} MiB; {datasets.MAX_ROWS:,} |",
        f"| {datasets.MAX_TEXT >> 20} MiB |",
        f"| {templates.MAX_SOURCE:,}; {sandbox.MAX_RENDERED:,} |",
        f"fewer than {MIN_SECRET} characters",
    ]
    assert [row for row in rows if row not in text] == []


@pytest.mark.parametrize(("length", "taken"), [(51, True), (52, False)])
def test_a_suite_name_has_at_most_51_characters(length, taken, tmp_path):
    found = problems(placed("suite", f"name: {'n' * length}\n"), tmp_path)
    assert (found == []) is taken


def test_the_words_that_can_be_said_are_all_on_the_page():
    from glmbench.parts import FINISH_REASONS
    from glmbench.suites.expectations import ERROR_TYPES

    errors = [name.removesuffix("Error") for name in ERROR_TYPES]
    words = [*FINISH_REASONS, *errors, *METRICS]
    assert [word for word in words if f"`{word}`" not in page(PAGE)] == []


def test_the_version_of_the_format_is_the_one_on_the_page():
    assert f"format version {loading.VERSION}." in page(PAGE)
