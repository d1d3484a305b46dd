"""The result file: one JSON document, written from a RunResult and read into one again. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import asdict
from typing import Any

import msgspec

from glmbench.errors import UsageError
from glmbench.measure.stats import Summary as Distribution
from glmbench.results.cases import CaseResult, group_cases
from glmbench.results.judge import summarize
from glmbench.results.model import (
    SCHEMA,
    Caveat,
    GateResult,
    Leak,
    RunResult,
    SuiteInfo,
    Summary,
    TrialResult,
)
from glmbench.results.statistics import StatisticsGroup, latency_statistics, throughput_statistics

# What reports make commands of, or tell results apart by.
_SETTINGS = ("mode", "timing", "profile", "connect_to", "fault", "reframe", "started_at", "shard")
_SHARD = re.compile(r"[1-9][0-9]{0,3}/[1-9][0-9]{0,3}")

_TIMELINE = re.compile(r"(\d{1,15}/\d{1,15}/\d{1,15}/\d{1,15}/\d{1,15}( (?!$)|$))*")


class ResultDocument(msgspec.Struct, kw_only=True):
    """What a result file holds. What follows from the trials is written for its readers only."""

    schema: str
    suite: tuple[SuiteInfo, ...]
    environment: dict[str, Any]
    interrupted: bool = False
    strict: bool = False
    trials: tuple[TrialResult, ...]
    details: dict[str, str] = {}
    cases: tuple[CaseResult, ...] = ()
    statistics: Any = None
    thresholds: tuple[GateResult, ...] = ()
    regressions: tuple[str, ...] = ()
    uncompared: bool = False
    warnings: tuple[Caveat, ...] = ()
    leaks: tuple[Leak, ...] = ()
    replay_lag_s: Distribution = Distribution(n=0)
    summary: Summary | None = None


def to_json(result: RunResult) -> bytes:
    """Encode a result; equal results give equal bytes."""
    groups = (*latency_statistics(result.trials), *throughput_statistics(result.trials))
    document = ResultDocument(
        schema=SCHEMA,
        suite=result.suites,
        environment=result.environment,
        interrupted=result.interrupted,
        strict=result.strict,
        trials=result.trials,
        details=result.details,
        cases=group_cases(result.trials),
        statistics=[_plain(group) for group in groups],
        thresholds=result.gates,
        regressions=result.regressions,
        uncompared=result.uncompared,
        warnings=result.warnings,
        leaks=result.leaks,
        replay_lag_s=result.replay_lag,
        summary=summarize(result),
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _plain(group: StatisticsGroup) -> Any:
    return _finite(asdict(group))


def _finite(value: Any) -> Any:
    """Write infinity, which JSON has not, as the text "inf"."""
    match value:
        case float() if math.isinf(value):
            return "inf"
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
        case _:
            return value


def from_json(content: bytes, name: str) -> RunResult:
    """Decode a result file; `name` is what messages call it.

    Raises:
        UsageError: it is no result of this version, or contradicts itself.
    """
    _must_be_ours(content, name)
    try:
        document = msgspec.json.decode(content, type=ResultDocument)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{name} is no result of glmbench: {error}") from None
    result = RunResult(
        suites=document.suite,
        environment=document.environment,
        trials=document.trials,
        interrupted=document.interrupted,
        strict=document.strict,
        warnings=document.warnings,
        leaks=document.leaks,
        gates=document.thresholds,
        replay_lag=document.replay_lag_s,
        regressions=document.regressions,
        uncompared=document.uncompared,
        details=document.details,
    )
    problem = _contradiction(result)
    if problem is not None:
        raise UsageError(f"{name} is no result of glmbench: {problem}")
    return result


class _Schema(msgspec.Struct):
    schema: str


def _must_be_ours(content: bytes, name: str) -> None:
    """See to the version first: of another one any other message would mislead."""
    try:
        schema = msgspec.json.decode(content, type=_Schema).schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{name} is no result of glmbench: {error}") from None
    if schema != SCHEMA:
        raise UsageError(f"{name} is a {schema!r}, and this glmbench reads {SCHEMA!r}")


def _contradiction(result: RunResult) -> str | None:
    """Find what the types do not show and every reader of a result relies on."""
    for name in _SETTINGS:
        if not isinstance(result.environment.get(name), str | None):
            return f"{name} in its environment is no text"
    shard = result.environment.get("shard")
    if shard is not None and not _SHARD.fullmatch(shard):
        return "shard in its environment is none"
    suites = Counter(suite.name for suite in result.suites)
    if listed_twice := [name for name, n in suites.items() if n > 1]:
        return f'the suite "{listed_twice[0]}" is listed twice'
    for trial in result.trials:
        if trial.suite not in suites:
            return f'the trial {trial.id} is of the suite "{trial.suite}", which is not listed'
        if not all(_TIMELINE.fullmatch(turn.timeline.reads) for turn in trial.turns):
            return f"the trial {trial.id} has a timeline that cannot be read"
    twice = [name for name, n in Counter(t.full_id for t in result.trials).items() if n > 1]
    return f"the trial {twice[0]} is in it twice" if twice else None


def result_schema() -> dict[str, Any]:
    """Describe result files as JSON Schema."""
    (document, group), defs = msgspec.json.schema_components(
        [ResultDocument, StatisticsGroup], ref_template="#/$defs/{name}"
    )
    name = document["$ref"].rpartition("/")[2]
    defs[name]["properties"]["statistics"] = {"type": "array", "items": group}
    for definition in defs.values():
        for key, own in definition.get("properties", {}).items():
            if key.startswith("adjusted_"):
                own["anyOf"].append({"const": "inf"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        **document,
        "$defs": defs,
    }
