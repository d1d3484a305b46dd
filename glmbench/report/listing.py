"""The cases of a plan as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.problems import printable
from glmbench.report.grid import draw_table, room_beside, shorten
from glmbench.report.numbers import NOTHING, count

if TYPE_CHECKING:
    from pathlib import Path

    from glmbench.running.plan import Plan, SuitePlan
    from glmbench.suites.expand import Trial

MIN_PROMPT_WIDTH = 12
TAGS_WIDTH = 14
NAME_WIDTH = 32


def render_plan(plan: Plan, *, trials: bool = False) -> str:
    """Draw one table per suite, of its cases or of its trials, ready to print."""
    draw = _trials if trials else _cases
    return "\n\n".join(draw(suite) for suite in plan.suites) + "\n"


def _trials(plan: SuitePlan) -> str:
    rows = [
        [trial.id, _expected(trial), _tags(trial), _recorded(plan.cassette_path(trial))]
        for trial in plan.trials
    ]
    prompts = [trial.prompt for trial in plan.trials]
    title = _title(plan, count(len(plan.trials), "trial"))
    return _table(title, ["trial", "expects", "tags", "recorded"], rows, prompts)


def _cases(plan: SuitePlan) -> str:
    groups: dict[str, list[Trial]] = {}
    for trial in plan.trials:
        groups.setdefault(trial.case.id, []).append(trial)
    rows = [
        [
            case_id,
            str(len(trials)),
            _expected(trials[0]),
            _tags(trials[0]),
            _all_recorded(plan, trials),
        ]
        for case_id, trials in groups.items()
    ]
    prompts = [trials[0].prompt for trials in groups.values()]
    title = _title(plan, count(len(groups), "case"))
    return _table(title, ["case", "n", "expects", "tags", "recorded"], rows, prompts)


def _title(plan: SuitePlan, counted: str) -> str:
    models = list(dict.fromkeys(trial.model for trial in plan.trials))
    facts = [plan.provider_name, counted, *(f"model {model}" for model in models[:3])]
    facts += [f"and {len(models) - 3} models more"] if len(models) > 3 else []
    return printable(f"{plan.suite.name} ({plan.shown_path}): {', '.join(facts)}")


def _table(title: str, head: list[str], rows: list[list[str]], prompts: list[str]) -> str:
    names = [shorten(row[0], NAME_WIDTH) for row in rows]
    rows = [[name, *row[1:]] for name, row in zip(names, rows, strict=True)]
    room = max(MIN_PROMPT_WIDTH, room_beside(zip(head, *rows, strict=True)))
    whole = [[*row, shorten(prompt, room)] for row, prompt in zip(rows, prompts, strict=True)]
    return draw_table(title, [*head, "prompt"], whole, "l" * (len(head) + 1))


def _tags(trial: Trial) -> str:
    return shorten(", ".join(trial.case.tags) or NOTHING, TAGS_WIDTH)


def _all_recorded(plan: SuitePlan, trials: list[Trial]) -> str:
    """Say whether all trials of a case are recorded, or how many."""
    said = [_recorded(plan.cassette_path(trial)) for trial in trials]
    if len(set(said)) == 1:
        return said[0]
    return f"{said.count('yes')} of {len(said)}"


def _recorded(path: Path | None) -> str:
    if path is None:
        return NOTHING
    try:
        return "yes" if path.exists() else "no"
    except OSError:
        return "unreadable"


def _expected(trial: Trial) -> str:
    expect = trial.turns[-1].expect
    if expect.error is not None:
        return (expect.error.type or "ProviderError").removesuffix("Error")
    if expect.finish_reason is None:
        return NOTHING
    return " or ".join(reason or "no finish" for reason in expect.finish_reason)
