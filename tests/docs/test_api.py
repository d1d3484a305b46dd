"""What the API's page and README's snippets say about names and signatures is so."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module

import pytest
from docs.pages import REFERENCE, ROOT, blocks, page, section

import glmbench

API = REFERENCE / "api.md"
SNIPPETS = blocks(ROOT / "README.md", "python")


def documented_exports():
    return re.findall(r"^### `(\w+)`$", section(page(API), "Exports"), re.MULTILINE)


def test_the_documented_exports_are_the_exports():
    assert sorted(documented_exports()) == sorted(glmbench.__all__)


@pytest.mark.parametrize("name", sorted(glmbench.__all__))
def test_an_export_can_be_imported(name):
    assert name in dir(glmbench)
    assert getattr(glmbench, name) is not None


def documented_callables():
    """The stubs of the page, with what they stand for."""
    for block in blocks(API, "python"):
        (stub,) = ast.parse(block.text).body
        real = getattr(glmbench, stub.name)
        if isinstance(stub, ast.FunctionDef):
            yield stub.name, stub, real
            continue
        for method in stub.body:
            is_init = method.name == "__init__"
            yield f"{stub.name}.{method.name}", method, real if is_init else method_of(real, method)


def method_of(real, method):
    return getattr(real, method.name)


def written(stub):
    """A stub's parameters as (name, kind, default); the receiver left out."""
    args = stub.args
    pad = [None] * (len(args.args) - len(args.defaults))
    rows = [
        (arg.arg, "POSITIONAL_OR_KEYWORD", default and ast.literal_eval(default), bool(default))
        for arg, default in zip(args.args, [*pad, *args.defaults], strict=True)
        if arg.arg not in {"self", "cls"}
    ]
    rows += [
        (arg.arg, "KEYWORD_ONLY", default and ast.literal_eval(default), bool(default))
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
    ]
    return rows + ([(args.kwarg.arg, "VAR_KEYWORD", None, False)] if args.kwarg else [])


def real_parameters(real):
    return [
        (p.name, p.kind.name, None if p.default is p.empty else p.default, p.default is not p.empty)
        for p in inspect.signature(real).parameters.values()
    ]


@pytest.mark.parametrize(
    ("stub", "real"),
    [pytest.param(stub, real, id=name) for name, stub, real in documented_callables()],
)
def test_a_documented_signature_is_the_real_one(stub, real):
    assert written(stub) == real_parameters(real)


def test_every_export_that_can_be_called_has_a_signature():
    stubs = {name.partition(".")[0] for name, _, _ in documented_callables()}
    callables = {name for name in glmbench.__all__ if callable(getattr(glmbench, name))}
    assert stubs == callables


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda block: f"line {block.line}")
def test_a_snippet_of_the_readme_compiles_and_imports_what_exists(snippet):
    tree = ast.parse(snippet.text)
    compile(tree, "README.md", "exec")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = import_module(node.module)
            assert [a.name for a in node.names if not hasattr(module, a.name)] == []
        elif isinstance(node, ast.Import):
            for alias in node.names:
                import_module(alias.name)


def test_the_readme_has_snippets_of_the_provider_and_of_cassettes():
    text = "".join(snippet.text for snippet in SNIPPETS)
    assert {"ChatGLM", "use_cassette", "run_virtual"} <= {
        alias.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
