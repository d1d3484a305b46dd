from __future__ import annotations

import re
import sys

import pytest

from glmbench.errors import UsageError
from glmbench.providers.chatglm import ChatGLM
from glmbench.providers.completions import GLM, ChatCompletions
from glmbench.providers.registry import import_provider, option_names, resolve

SOURCE = """
class Good:
    @classmethod
    async def create_async_generator(cls, model, messages, *, flavour="x"):
        yield "a"

class Any:
    @staticmethod
    async def create_async_generator(model, messages, proxy=None, **kwargs):
        yield "a"

class Bad:
    pass

good = Good()
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    """A current folder with modules that no other test has, and no trace of them afterwards."""
    (tmp_path / "tryout_pkg").mkdir()
    (tmp_path / "tryout_pkg" / "__init__.py").write_text("")
    (tmp_path / "tryout_pkg" / "own.py").write_text(SOURCE)
    (tmp_path / "tryout_broken.py").write_text("import no_such_thing_at_all")
    (tmp_path / "tryout_failing.py").write_text("raise RuntimeError('no key')")
    (tmp_path / "tryout_syntax.py").write_text("def")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    yield
    assert sys.path == path
    for name in [name for name in sys.modules if name.startswith("tryout_")]:
        del sys.modules[name]


def test_the_built_in_providers_have_names():
    assert [resolve(name) for name in ("chatglm", "completions", "glm")] == [
        ChatGLM,
        ChatCompletions,
        GLM,
    ]


def test_an_unknown_name_is_refused():
    sentence = (
        'no provider is called "ChatGML" (did you mean "chatglm"?); '
        "built in: chatglm, completions, glm; "
        'a class of your own is named as "package.module:Class"'
    )
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        resolve("ChatGML")


def test_a_class_is_imported_from_the_current_folder():
    provider = import_provider("tryout_pkg.own:Good")
    assert (provider.__module__, provider.__name__) == ("tryout_pkg.own", "Good")


def test_a_name_that_a_package_loads_lazily_is_found():
    assert import_provider("glmbench:ChatGLM") is ChatGLM


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("tryout_pkg.own", 'a provider is named as "package.module:Class", not "tryout_pkg.own"'),
        (":Good", 'a provider is named as "package.module:Class", not ":Good"'),
        ("tryout_pkg.own:", 'a provider is named as "package.module:Class", not "tryout_pkg.own:"'),
        (
            "tryout_nowhere:X",
            'there is no module "tryout_nowhere", neither installed nor in the current folder',
        ),
        (
            "tryout_pkg.nowhere:X",
            'there is no module "tryout_pkg.nowhere", neither installed nor in the current folder',
        ),
        ("tryout_broken:X", '"tryout_broken" needs the module "no_such_thing_at_all"'),
        ("tryout_failing:X", '"tryout_failing" cannot be imported: RuntimeError: no key'),
        (
            "tryout_pkg.own:God",
            'module "tryout_pkg.own" has no "God" (did you mean "Good"?)',
        ),
        (
            "tryout_pkg.own:good",
            '"tryout_pkg.own:good" is neither a class nor an async function that yields',
        ),
        (
            "tryout_pkg.own:Bad",
            '"tryout_pkg.own:Bad" has no create_async_generator, so it is not a provider',
        ),
        ("..own:X", None),
        ("tryout_syntax:X", None),
    ],
)
def test_what_cannot_be_a_provider_is_named(path, sentence):
    match = None if sentence is None else f"^{re.escape(sentence)}$"
    with pytest.raises(UsageError, match=match):
        import_provider(path)


def test_options_are_named_unless_any_is_taken():
    assert option_names(import_provider("tryout_pkg.own:Good")) == frozenset({"flavour"})
    assert option_names(import_provider("tryout_pkg.own:Any")) is None
    assert sorted(option_names(ChatGLM)) == [
        "api_endpoint",
        "assistant_id",
        "connector",
        "conversation_id",
        "headers",
        "proxy",
        "session",
        "ssl",
        "timeout",
        "trust_env",
    ]
