"""RunResult to its JSON, the canonical artefact. Pure."""

from __future__ import annotations

import msgspec

from glmbench.results.cases import group_cases
from glmbench.results.judge import summarize
from glmbench.results.model import SCHEMA, RunResult


def to_json(result: RunResult) -> bytes:
    """Encode a result; equal results give equal bytes."""
    document = {
        "schema": SCHEMA,
        "suite": result.suites,
        "environment": result.environment,
        "trials": result.trials,
        "details": result.details,
        "cases": group_cases(result.trials),
        "thresholds": result.gates,
        "warnings": result.warnings,
        "leaks": result.leaks,
        "replay_lag_s": result.replay_lag,
        "summary": summarize(result),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
