"""A suite as plain data, after defaults: nothing here is left for a reader to fill in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from glmbench.jsonpath import JsonPath
    from glmbench.parts import FinishReasonName
    from glmbench.suites.bounds import Bound
    from glmbench.suites.faults import Fault

Role: TypeAlias = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")

LatencyMetric: TypeAlias = Literal["ttft", "total"]
LATENCY_METRICS: tuple[LatencyMetric, ...] = ("ttft", "total")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TextExpect:
    """What the visible text must be; `matches` is a pattern that is searched for."""

    contains: tuple[str, ...] = ()
    equals: str | None = None
    matches: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorExpect:
    """The provider error that must come; None means any. `type` is a full class name.

    `message` is looked for within the error's message.
    """

    type: str | None = None
    status: int | None = None
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What a turn must show; an absent part is not checked.

    In `finish_reason`, None as an element stands for "no finish reason: the answer ends in an
    exception"; None as the whole means that the finish reason is not checked.
    """

    finish_reason: tuple[FinishReasonName | None, ...] | None = None
    text: TextExpect = TextExpect()
    error: ErrorExpect | None = None
    latency: Mapping[LatencyMetric, Bound] = field(default_factory=dict)


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
    expect: Expect = Expect(finish_reason=("stop",))


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
