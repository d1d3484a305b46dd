"""What a report of trouble should say of an installation, and how well this machine measures.

Of a variable that may hold a credential only its name and whether it is set: never its value, and
nothing that was made of it. No host name, no paths.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from glmbench.about import __version__
from glmbench.inspection.calibration import (
    Calibration,
    LoopLag,
    Uncalibrated,
    calibrate,
    measure_loop,
)
from glmbench.providers.registry import resolve
from glmbench.results.judge import Exit

if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARIES = (
    "aiohttp",
    "vcrpy",
    "msgspec",
    "PyYAML",
    "Jinja2",
    "jsonschema",
    "regex",
    "tabulate",
    "click",
    "rich",
)

PROVIDERS = ("chatglm", "completions", "glm")

# Those that aiohttp looks for when a provider is told to `trust_env`, in either case.
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A distribution and its version; None when it is not installed."""

    name: str
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionalPart:
    """What glmbench does without; `install` is what pip is told."""

    library: Library
    good_for: str
    install: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of the environment, without its value."""

    name: str
    is_set: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKeys:
    """Where a provider looks for its key, in that order; nowhere when it needs none."""

    provider: str
    variables: tuple[Variable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What is installed and set, found without running anything."""

    glmbench: str
    python: str
    platform: str
    libraries: tuple[Library, ...]
    parts: tuple[OptionalPart, ...]
    keys: tuple[ProviderKeys, ...]
    proxies: tuple[Variable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything that `glmbench doctor` says."""

    installation: Installation
    loop_lag: LoopLag
    calibration: Calibration

    @property
    def exit_code(self) -> Exit:
        return Exit.PROVIDER if isinstance(self.calibration, Uncalibrated) else Exit.OK


def diagnose(environ: Mapping[str, str]) -> Diagnosis:
    """Look at the installation, and measure for about two seconds."""
    return Diagnosis(
        installation=look_at_installation(environ),
        loop_lag=measure_loop(),
        calibration=calibrate(),
    )


def look_at_installation(environ: Mapping[str, str]) -> Installation:
    """Say what is installed and which variables are set."""
    return Installation(
        glmbench=__version__,
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=f"{platform.system()} {platform.machine()}",
        libraries=tuple(find_library(name) for name in LIBRARIES),
        parts=find_optional_parts(),
        keys=find_keys(environ),
        proxies=find_proxies(environ),
    )


def find_library(*names: str) -> Library:
    """Find the first of these that is installed; without any it is the first that is missing."""
    for name in names:
        try:
            return Library(name=name, version=version(name))
        except PackageNotFoundError:
            continue
    return Library(name=names[0], version=None)


def find_optional_parts() -> tuple[OptionalPart, ...]:
    """Find what glmbench does without, and say what for."""
    return (
        OptionalPart(
            library=find_library("uvloop"),
            good_for="hundreds of live streams at once",
            install="glmbench[uvloop]",
        ),
        OptionalPart(
            library=find_library("aiohttp-socks"),
            good_for="SOCKS proxies",
            install="glmbench[socks]",
        ),
        OptionalPart(
            # aiohttp takes either.
            library=find_library("brotli", "brotlicffi"),
            good_for="answers compressed with brotli",
            install="brotli",
        ),
        OptionalPart(
            library=find_library("pytest"),
            good_for="use_cassette in tests of yours",
            install="pytest",
        ),
    )


def find_keys(environ: Mapping[str, str]) -> tuple[ProviderKeys, ...]:
    """Find which keys of the built-in providers are set; one of blanks is none to them either."""
    return tuple(
        ProviderKeys(
            provider=name,
            variables=tuple(
                Variable(name=variable, is_set=bool(environ.get(variable, "").strip()))
                for variable in getattr(resolve(name), "api_key_variables", ())
            ),
        )
        for name in PROVIDERS
    )


def find_proxies(environ: Mapping[str, str]) -> tuple[Variable, ...]:
    """Find which variables name a proxy; such an address may hold a password."""
    return tuple(
        Variable(name=name, is_set=bool(environ.get(name) or environ.get(name.lower())))
        for name in PROXY_VARIABLES
    )
