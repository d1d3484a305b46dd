"""The cases of a plan as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabulate import tabulate

from glmbench.problems import shortened
from glmbench.report.numbers import NOTHING, count

if TYPE_CHECKING:
    from pathlib import Path

    from glmbench.running.plan import Plan, SuitePlan
    from glmbench.suites.model import Expect

PROMPT_WIDTH = 26


def render_plan(plan: Plan) -> str:
    """Draw one table per suite, ready to print."""
    return "\n\n".join(_suite(suite) for suite in plan.suites) + "\n"


def _suite(plan: SuitePlan) -> str:
    rows = [
        [
            trial.case.id,
            trial.model,
            _expected(trial.case.expect),
            ", ".join(trial.case.tags) or NOTHING,
            shortened(trial.case.messages[-1]["content"], PROMPT_WIDTH),
            _recorded(plan.cassette_path(trial)),
        ]
        for trial in plan.trials
    ]
    head = ["case", "model", "expects", "tags", "prompt", "recorded"]
    table = tabulate(rows, head, tablefmt="simple", disable_numparse=True)
    cases = count(len(plan.suite.cases), "case")
    return f"{plan.suite.name} ({plan.shown_path}): {plan.provider_name}, {cases}\n{table}"


def _recorded(path: Path | None) -> str:
    if path is None:
        return NOTHING
    return "yes" if path.exists() else "no"


def _expected(expect: Expect) -> str:
    if expect.error is not None:
        return (expect.error.type or "ProviderError").removesuffix("Error")
    if expect.finish_reason is None:
        return NOTHING
    return " or ".join(reason or "no finish" for reason in expect.finish_reason)
