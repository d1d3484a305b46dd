"""What the providers' pages say of attributes, options and defaults is so."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import fields
from importlib import import_module

import pytest
from docs.pages import DOCS, REFERENCE, blocks, page, section

from glmbench.providers.chatglm import ChatGLM
from glmbench.providers.completions import GLM, ChatCompletions
from glmbench.providers.registry import resolve
from glmbench.providers.timeouts import Timeouts
from glmbench.suites.load import load_suite

PAGE = page(REFERENCE / "providers.md")
HOW_TO = DOCS / "how-to" / "use-the-provider.md"
PROVIDERS = [ChatGLM, GLM, ChatCompletions]

# How the class talks to the rest of glmbench, no fact about the service.
INTERNAL = {"refuses_unknown_options"}


def rows(text, header):
    """The rows of the table with this header: the words in the first cell, and all cells."""
    table = text.split(f"\n{header}\n", 1)[1].split("\n\n", 1)[0]
    for line in table.splitlines()[1:]:
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        for word in re.findall(r"`(\w+)`", cells[0]):
            yield word, cells


def documented_options(text):
    header = "| option | type | default | meaning |"
    return {name: ast.literal_eval(cells[2].strip("`")) for name, cells in rows(text, header)}


def real_options(provider):
    return {
        name: parameter.default
        for name, parameter in inspect.signature(provider.create_async_generator).parameters.items()
        if parameter.default is not parameter.empty
    }


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_options_and_defaults_of_a_provider_are_the_documented_ones(provider):
    common = documented_options(section(PAGE, "What they share"))
    own = documented_options(section(PAGE, provider.__name__))
    assert common | own == real_options(provider)
    assert not common.keys() & own.keys()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_attributes_of_a_provider_are_the_documented_ones(provider):
    table = rows(section(PAGE, provider.__name__), "| attribute | value |")
    documented = {name: ast.literal_eval(cells[1].strip("`")) for name, cells in table}
    real = {
        name: value
        for name, value in vars(provider).items()
        if not name.startswith("_")
        and name not in INTERNAL
        and not isinstance(value, classmethod | staticmethod)
    }
    assert documented == real


def test_the_limits_are_the_documented_ones():
    limits = rows(section(PAGE, "What they share"), "| key | default | what it limits |")
    documented = {name: float(cells[1]) for name, cells in limits}
    assert documented == {field.name: field.default for field in fields(Timeouts)}


def test_the_names_in_a_suite_are_those_of_the_classes():
    named = re.findall(r"^\| `(\w+)` \| \[`(\w+)`\]", PAGE, re.MULTILINE)
    assert [name for name, _ in named] == ["chatglm", "glm", "completions"]
    assert {name: resolve(name).__name__ for name, _ in named} == dict(named)


SNIPPETS = blocks(HOW_TO, "python")


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda block: f"line {block.line}")
def test_a_snippet_compiles_and_imports_what_exists(snippet):
    tree = ast.parse(snippet.text)
    compile(tree, HOW_TO.name, "exec")
    missing = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if not hasattr(import_module(node.module), alias.name)
    ]
    assert missing == []


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda block: f"line {block.line}")
def test_a_snippet_passes_only_options_that_exist(snippet):
    classes = {provider.__name__: provider for provider in PROVIDERS}
    calls = [
        (classes[node.func.value.id], keyword.arg)
        for node in ast.walk(ast.parse(snippet.text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in classes
        for keyword in node.keywords
    ]
    assert [name for provider, name in calls if name not in real_options(provider)] == []


def test_the_suite_of_the_how_to_loads(tmp_path):
    (example,) = blocks(HOW_TO, "yaml")
    path = tmp_path / "my-endpoint.yaml"
    path.write_text(example.text, encoding="utf-8")
    assert load_suite(path).problems == ()
