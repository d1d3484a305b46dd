"""Everything that can be known to be wrong before the first request, and what will run.

The loader knows the file; the plan adds what only the provider can say: whether it exists, takes
these options, and has these models. All problems of all suites are reported in one go.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from glmbench.errors import SuiteError, UsageError
from glmbench.problems import Problem, did_you_mean
from glmbench.providers.registry import import_provider, option_names, resolve
from glmbench.suites.expand import Trial, expand, find_collisions
from glmbench.suites.load import LoadedSuite, load_suite, option_path
from glmbench.suites.recordings import MIN_SECRET, too_short

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from glmbench.suites.model import Suite
    from glmbench.yamlsource import Document, NodePath


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitePlan:
    """One suite, ready to run: its provider class and its trials in order."""

    suite: Suite
    shown_path: str
    provider: Any
    provider_name: str
    trials: tuple[Trial, ...]
    lines: dict[str, int]

    def cassette_path(self, trial: Trial) -> Path | None:
        """Say where a trial's cassette is; None where the suite has none."""
        folder = self.suite.cassettes_path
        return None if folder is None else folder / trial.cassette

    def cassette_name(self, trial: Trial) -> str:
        """Name a cassette relative to the suite's folder, the same from everywhere."""
        folder = self.suite.cassettes.dir if self.suite.cassettes else ""
        return f"{folder.rstrip('/')}/{trial.cassette}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will run; `problems` is empty or nothing may run."""

    suites: tuple[SuitePlan, ...]
    problems: tuple[Problem, ...]


def make_plan(paths: Sequence[Path]) -> Plan:
    """Load suites and check them against their providers. Never raises for bad content."""
    suites: list[SuitePlan] = []
    problems: list[Problem] = []
    for path in paths:
        loaded = load_suite(path)
        plan, found = _plan_suite(loaded, str(path))
        problems += [*loaded.problems, *found]
        if plan is not None:
            suites.append(plan)
    problems += _clashes(suites)
    return Plan(suites=tuple(suites), problems=tuple(sorted(set(problems))))


def load_plan(paths: Sequence[Path]) -> Plan:
    """Make a plan that can run.

    Raises:
        SuiteError: something is wrong; its text holds every problem, sorted by place.
    """
    plan = make_plan(paths)
    if plan.problems:
        raise SuiteError("\n\n".join(problem.render() for problem in plan.problems))
    return plan


def select(plan: Plan, cases: Sequence[str]) -> Plan:
    """Keep the named cases; without names, all.

    Raises:
        UsageError: no suite of the plan has a case of that name.
    """
    if not cases:
        return plan
    known = {trial.case.id for suite in plan.suites for trial in suite.trials}
    for case in cases:
        if case not in known:
            near = did_you_mean(case, known)
            raise UsageError(f'no case "{case}"' + (f"; {near}" if near else ""))
    chosen = tuple(
        replace(suite, trials=tuple(t for t in suite.trials if t.case.id in cases))
        for suite in plan.suites
    )
    return replace(plan, suites=chosen)


def _plan_suite(loaded: LoadedSuite, shown_path: str) -> tuple[SuitePlan | None, list[Problem]]:
    suite, document = loaded.suite, loaded.document
    if suite is None or document is None:
        return None, []
    try:
        provider = _find_provider(suite)
    except UsageError as error:
        return None, [_provider_problem(document, str(error))]
    problems = _option_problems(suite, document, provider)
    problems += _model_problems(suite, document, provider)
    trials = expand(suite, str(getattr(provider, "default_model", "") or ""))
    problems += _collision_problems(loaded, trials)
    problems += _secret_problems(suite, document)
    plan = SuitePlan(
        suite=suite,
        shown_path=shown_path,
        provider=provider,
        provider_name=suite.provider.name or suite.provider.import_path or "",
        trials=trials,
        lines={case_id: position.line for case_id, position in loaded.positions.items()},
    )
    return plan, problems


def _find_provider(suite: Suite) -> Any:
    spec = suite.provider
    if spec.import_path is not None:
        return import_provider(spec.import_path)
    assert spec.name is not None
    return resolve(spec.name)


def _provider_problem(document: Document, message: str) -> Problem:
    spec = document.value["provider"]
    key = ("import" if "import" in spec else "name",) if isinstance(spec, dict) else ()
    return document.problem(("provider", *key), message)


def _option_problems(suite: Suite, document: Document, provider: Any) -> list[Problem]:
    known = option_names(provider)
    if known is None:
        return []
    problems = []
    for option in suite.provider.kwargs:
        if option not in known:
            path: NodePath = ("provider", "kwargs", option)
            problems.append(_unknown_option(document, path, option, provider, known))
    for index, case in enumerate(suite.cases):
        for option in case.options:
            if option not in known:
                path = option_path(document, index, option)
                problems.append(_unknown_option(document, path, option, provider, known))
    return problems


def _unknown_option(
    document: Document, path: NodePath, option: str, provider: Any, known: Iterable[str]
) -> Problem:
    hint = did_you_mean(option, known) or f"it takes {', '.join(sorted(known))}"
    message = f'{provider.__name__} has no option "{option}"'
    return document.problem(path, message, hint, key=True)


def _model_problems(suite: Suite, document: Document, provider: Any) -> list[Problem]:
    get_model = getattr(provider, "get_model", None)
    problems = []
    for index, case in enumerate(suite.cases):
        own = "model" in document.value["cases"][index]
        path: NodePath = ("cases", index, "model") if own else ("defaults", "model")
        if case.model is None:
            if not getattr(provider, "default_model", None):
                message = f"{provider.__name__} has no default model: the case needs one"
                problems.append(document.problem(("cases", index), message))
        elif get_model is not None:
            try:
                get_model(case.model)
            except UsageError as error:
                problems.append(document.problem(path, str(error)))
    return problems


def _collision_problems(loaded: LoadedSuite, trials: Sequence[Trial]) -> list[Problem]:
    assert loaded.document is not None
    problems = []
    for first, second in find_collisions(trials):
        position = loaded.positions[second.case.id]
        whole = loaded.document.problem((), "")
        message = (
            f'"{second.case.id}" would be recorded in the same file as "{first.case.id}" '
            "where the case of letters does not count"
        )
        problems.append(
            replace(
                whole,
                line=position.line,
                column=position.column,
                message=message,
                hint="give one of them another id",
                source_line=None,
            )
        )
    return problems


def _secret_problems(suite: Suite, document: Document) -> list[Problem]:
    """Refuse secrets that are too short to be told from ordinary text."""
    return [
        document.problem(
            ("secrets",),
            f"the value of {name} has fewer than {MIN_SECRET} characters: as a secret it would be "
            "found in ordinary text",
        )
        for name in too_short(suite.secrets.env, os.environ)
    ]


def _clashes(suites: Sequence[SuitePlan]) -> list[Problem]:
    """Refuse two suites of one run with the same name, or the same cassettes."""
    problems = []
    folders: dict[Path, SuitePlan] = {}
    names: dict[str, SuitePlan] = {}
    for plan in suites:
        namesake = names.setdefault(plan.suite.name, plan)
        if namesake is not plan:
            problems.append(
                Problem(
                    file=plan.shown_path,
                    line=0,
                    column=0,
                    message=f'it has the same name as {namesake.shown_path}, "{plan.suite.name}"',
                    hint="suites of one run need different names",
                )
            )
        folder = plan.suite.cassettes_path
        if folder is None:
            continue
        other = folders.setdefault(folder.resolve(), plan)
        taken = {trial.cassette.lower() for trial in other.trials}
        if other is not plan and any(trial.cassette.lower() in taken for trial in plan.trials):
            problems.append(
                Problem(
                    file=plan.shown_path,
                    line=0,
                    column=0,
                    message=f"its cassettes would be the files of {other.shown_path}",
                    hint="give the suites different names or different cassettes.dir",
                )
            )
    return problems
