"""A suite as plain data, after defaults: nothing here is left for a reader to fill in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from glmbench.jsonpath import JsonPath
    from glmbench.suites.expect import Expect
    from glmbench.suites.faults import Fault
    from glmbench.suites.profiles import Profile
    from glmbench.suites.thresholds import Threshold
    from glmbench.yamlsource import NodePath

OnTurnFailure: TypeAlias = Literal["stop", "continue"]
ON_TURN_FAILURE: tuple[OnTurnFailure, ...] = ("stop", "continue")

Role: TypeAlias = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


class Message(TypedDict):
    """One message as providers take it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSpec:
    """Which provider, by the name glmbench knows or as "module:Class"; exactly one is set.

    The texts in `kwargs` are templates, unless `template` is false.
    """

    name: str | None = None
    import_path: str | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    template: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CassetteSettings:
    """Where a suite's cassettes are and how they are used.

    `dir` is as written, relative to the suite's folder. `ignore` names what does not count when
    request bodies are compared.
    """

    dir: str
    timing: str | None = None
    max_age_s: float | None = None
    ignore: tuple[JsonPath, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSettings:
    """`env` names environment variables whose values are written nowhere; `allow` are texts that
    look like credentials and are none.
    """

    env: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the suite, and where it stands; a template is rendered for each trial."""

    source: str
    path: NodePath
    is_template: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is said in one turn, and what its answer must show.

    The first turn of a case with `messages` says all of them; any other says one user message.
    """

    messages: tuple[tuple[Role, Text], ...]
    expect: Expect


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One prompt or conversation and what is expected of the answers. `timeout` is in seconds.

    `min_pass` is how many of its repeats must pass; None means all. `rows` are those of its
    dataset; None without one. `skip` is the reason for not running it.
    """

    id: str
    turns: tuple[Turn, ...]
    description: str | None = None
    tags: tuple[str, ...] = ()
    vars: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Mapping[str, Any], ...] | None = None
    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = None
    repeat: int | None = None
    min_pass: int | None = None
    skip: str | None = None
    fault: Fault | None = None
    on_turn_failure: OnTurnFailure = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite file. `cassettes` is None for `cassettes: none`, a provider that makes no HTTP.

    `matrix` has the values of each axis in their order; that of `model` names models. `env` names
    environment variables that templates may use, besides the secrets.
    """

    version: int
    name: str
    path: Path
    provider: ProviderSpec
    cassettes: CassetteSettings | None
    cases: tuple[Case, ...]
    secrets: SecretSettings = SecretSettings()
    env: tuple[str, ...] = ()
    matrix: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = ()
    description: str | None = None

    @property
    def cassettes_path(self) -> Path | None:
        return None if self.cassettes is None else self.path.parent / self.cassettes.dir
