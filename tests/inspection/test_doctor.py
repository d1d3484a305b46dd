"""What is installed and set is found, and no value of a variable is in what is said of it."""

from __future__ import annotations

import platform
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from glmbench.about import __version__
from glmbench.inspection.calibration import LoopLag, Uncalibrated
from glmbench.inspection.doctor import (
    LIBRARIES,
    PROVIDERS,
    Diagnosis,
    Library,
    ProviderKeys,
    Variable,
    find_keys,
    find_library,
    find_optional_parts,
    find_proxies,
    look_at_installation,
)
from glmbench.providers.registry import _BUILT_IN
from glmbench.results.judge import Exit

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_every_built_in_provider_is_looked_at():
    assert sorted(PROVIDERS) == sorted(_BUILT_IN)


def test_every_dependency_is_looked_at():
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    names = [re.match(r"[\w-]+", text)[0] for text in project["dependencies"]]
    assert sorted(LIBRARIES) == sorted(names)


def test_every_extra_of_ours_is_an_optional_part():
    extras = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    offered = {part.install for part in find_optional_parts()}
    assert {f"glmbench[{extra}]" for extra in extras} <= offered


def test_what_is_installed_has_its_version():
    assert find_library("aiohttp") == Library(name="aiohttp", version=version("aiohttp"))


def test_the_first_of_several_that_is_there_counts():
    found = find_library("no-such-distribution", "aiohttp")
    assert found == Library(name="aiohttp", version=version("aiohttp"))


def test_of_several_that_are_missing_the_first_is_named():
    found = find_library("no-such-distribution", "nor-this-one")
    assert found == Library(name="no-such-distribution", version=None)


def test_the_installation_names_python_and_platform_and_nothing_else_of_the_machine():
    found = look_at_installation({})
    assert found.glmbench == __version__
    assert found.python == f"{platform.python_implementation()} {platform.python_version()}"
    assert found.platform == f"{platform.system()} {platform.machine()}"


@pytest.mark.parametrize(("value", "is_set"), [("k" * 20, True), ("", False), (" \t", False)])
def test_a_key_is_set_or_not_as_its_provider_sees_it(value, is_set):
    assert find_keys({"ZAI_API_KEY": value}) == (
        ProviderKeys(provider="chatglm", variables=()),
        ProviderKeys(
            provider="completions", variables=(Variable(name="OPENAI_API_KEY", is_set=False),)
        ),
        ProviderKeys(
            provider="glm",
            variables=(
                Variable(name="ZHIPUAI_API_KEY", is_set=False),
                Variable(name="ZAI_API_KEY", is_set=is_set),
            ),
        ),
    )


def test_a_proxy_variable_counts_in_either_case():
    found = find_proxies({"http_proxy": "http://user:word@proxy", "NO_PROXY": "localhost"})
    assert found == (
        Variable(name="HTTP_PROXY", is_set=True),
        Variable(name="HTTPS_PROXY", is_set=False),
        Variable(name="NO_PROXY", is_set=True),
    )


def test_no_value_of_a_variable_is_in_what_was_found():
    names = ("OPENAI_API_KEY", "ZHIPUAI_API_KEY", "ZAI_API_KEY", "HTTP_PROXY", "HTTPS_PROXY")
    found = look_at_installation(dict.fromkeys(names, "very-secret-value"))
    assert "very-secret-value" not in repr(found)
    assert {v.name for keys in found.keys for v in keys.variables if v.is_set} == set(names[:3])


@pytest.mark.parametrize(
    ("calibration", "code"), [((), Exit.OK), (Uncalibrated(reason="refused"), Exit.PROVIDER)]
)
def test_a_calibration_that_could_not_run_ends_it_with_5(calibration, code):
    diagnosis = Diagnosis(
        installation=look_at_installation({}),
        loop_lag=LoopLag(loop="asyncio", timers=()),
        calibration=calibration,
    )
    assert diagnosis.exit_code == code
