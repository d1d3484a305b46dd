"""A suite as plain data, after defaults: nothing here is left for a reader to fill in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from glmbench.suites.expect import Expect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from glmbench.jsonpath import JsonPath
    from glmbench.suites.faults import Fault

Role: TypeAlias = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


class Message(TypedDict):
    """One message as providers take it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSpec:
    """Which provider, by the name glmbench knows or as "module:Class"; exactly one is set."""

    name: str | None = None
    import_path: str | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CassetteSettings:
    """Where a suite's cassettes are and how they are used.

    `dir` is as written, relative to the suite's folder. `ignore` names what does not count when
    request bodies are compared.
    """

    dir: str
    max_age_s: float | None = None
    ignore: tuple[JsonPath, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSettings:
    """`env` names environment variables whose values are written nowhere; `allow` are texts that
    look like credentials and are none.
    """

    env: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


STOP = Expect(finish_reason=("stop",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One prompt or conversation and what is expected of the answer. `timeout` is in seconds."""

    id: str
    messages: tuple[Message, ...]
    description: str | None = None
    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    timeout: float | None = None
    fault: Fault | None = None
    expect: Expect = STOP


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite file. `cassettes` is None for `cassettes: none`, a provider that makes no HTTP."""

    version: int
    name: str
    path: Path
    provider: ProviderSpec
    cassettes: CassetteSettings | None
    cases: tuple[Case, ...]
    secrets: SecretSettings = SecretSettings()
    description: str | None = None

    @property
    def cassettes_path(self) -> Path | None:
        return None if self.cassettes is None else self.path.parent / self.cassettes.dir
