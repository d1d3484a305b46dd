"""The cases of a plan as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.report.grid import draw_table, room_beside, shorten
from glmbench.report.numbers import NOTHING, count

if TYPE_CHECKING:
    from pathlib import Path

    from glmbench.running.plan import Plan, SuitePlan
    from glmbench.suites.expect import Expect

MIN_PROMPT_WIDTH = 12
TAGS_WIDTH = 14


def render_plan(plan: Plan) -> str:
    """Draw one table per suite, ready to print."""
    return "\n\n".join(_suite(suite) for suite in plan.suites) + "\n"


def _suite(plan: SuitePlan) -> str:
    models = {trial.model for trial in plan.trials}
    several = len(models) > 1
    head = ["case", *(["model"] if several else []), "expects", "tags", "recorded"]
    rows = [
        [
            trial.case.id,
            *([trial.model] if several else []),
            _expected(trial.case.expect),
            shorten(", ".join(trial.case.tags) or NOTHING, TAGS_WIDTH),
            _recorded(plan.cassette_path(trial)),
        ]
        for trial in plan.trials
    ]
    room = max(MIN_PROMPT_WIDTH, room_beside(zip(head, *rows, strict=True)))
    prompts = [shorten(trial.case.messages[-1]["content"], room) for trial in plan.trials]
    whole = [[*row, prompt] for row, prompt in zip(rows, prompts, strict=True)]
    facts = [plan.provider_name, count(len(plan.suite.cases), "case")]
    facts += [] if several else [f"model {model}" for model in models]
    title = f"{plan.suite.name} ({plan.shown_path}): {', '.join(facts)}"
    return draw_table(title, [*head, "prompt"], whole, "l" * (len(head) + 1))


def _recorded(path: Path | None) -> str:
    if path is None:
        return NOTHING
    try:
        return "yes" if path.exists() else "no"
    except OSError:
        return "unreadable"


def _expected(expect: Expect) -> str:
    if expect.error is not None:
        return (expect.error.type or "ProviderError").removesuffix("Error")
    if expect.finish_reason is None:
        return NOTHING
    return " or ".join(reason or "no finish" for reason in expect.finish_reason)
