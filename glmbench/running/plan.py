"""Everything that can be known to be wrong before the first request, and what will run.

The loader knows the file; the plan adds what only the provider can say: whether it exists, takes
these options, and has these models. All problems of all suites are reported in one go.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from glmbench.errors import SuiteError, UsageError
from glmbench.gates import unsupported
from glmbench.problems import Problem, did_you_mean
from glmbench.providers.registry import import_function, import_provider, option_names, resolve
from glmbench.redaction.redactor import Secret
from glmbench.running.stand_ins import stand_in
from glmbench.suites.expand import (
    AS_WRITTEN,
    Choices,
    Trial,
    count_trials,
    expand,
    fill_in,
    find_collisions,
)
from glmbench.suites.load import MAX_TRIALS, LoadedSuite, load_suite, option_path
from glmbench.suites.profiles import Profile
from glmbench.suites.recordings import MIN_SECRET, too_short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from glmbench.cassettes.context import Mode
    from glmbench.suites.model import Suite
    from glmbench.suites.thresholds import When
    from glmbench.yamlsource import Document, NodePath


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitePlan:
    """One suite, ready to run: its provider class and its trials in order.

    `kwargs` are the provider's options with their templates filled in, `functions` the checks that
    are written in Python, by their import paths.
    """

    suite: Suite
    shown_path: str
    provider: Any
    provider_name: str
    trials: tuple[Trial, ...]
    lines: dict[str, int]
    kwargs: Mapping[str, Any]
    functions: Mapping[str, Callable[..., Any]]
    profile: Profile
    mode: Mode

    @property
    def takes_conversation(self) -> bool:
        """Whether the provider goes on with a conversation that the service remembers."""
        return "conversation_id" in (option_names(self.provider) or ())

    def cassette_path(self, trial: Trial) -> Path | None:
        """Say where a trial's cassette is; None where the suite has none."""
        folder = self.suite.cassettes_path
        return None if folder is None else folder / trial.cassette

    def cassette_name(self, trial: Trial) -> str:
        """Name a cassette relative to the suite's folder, the same from everywhere."""
        folder = self.suite.cassettes.dir if self.suite.cassettes else ""
        return f"{folder.rstrip('/')}/{trial.cassette}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line says about all suites; None leaves it to the suite or its profile."""

    profile: str | None = None
    mode: Mode | None = None
    choices: Choices = AS_WRITTEN
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will run; `problems` is empty or nothing may run."""

    suites: tuple[SuitePlan, ...]
    problems: tuple[Problem, ...]


def make_plan(paths: Sequence[Path], request: Request) -> Plan:
    """Load suites and check them against their providers. Never raises for bad content."""
    suites: list[SuitePlan] = []
    problems: list[Problem] = []
    for path in paths:
        loaded = load_suite(path)
        plan, found = _plan_suite(loaded, str(path), request)
        problems += [*loaded.problems, *found]
        if plan is not None:
            suites.append(plan)
    problems += _clashes(suites)
    return Plan(suites=tuple(suites), problems=tuple(sorted(set(problems))))


def load_plan(paths: Sequence[Path], request: Request | None = None) -> Plan:
    """Make a plan that can run; without a request, of a replay in this environment.

    Raises:
        SuiteError: something is wrong; its text holds every problem, sorted by place.
        UsageError: a value for templates is given that no suite has.
    """
    plan = make_plan(paths, request or Request(environ=os.environ))
    if plan.problems:
        raise SuiteError("\n\n".join(problem.render() for problem in plan.problems))
    if request is not None:
        _must_be_values(request.choices.vars, plan)
    return plan


def _must_be_values(given: Iterable[str], plan: Plan) -> None:
    """Refuse a value that no template knows: a slip would change nothing, unseen."""
    known: set[str] = set()
    for suite in plan.suites:
        known |= suite.suite.matrix.keys() - {"model"}
        for case in suite.suite.cases:
            known |= {*case.vars, *(case.rows[0] if case.rows else ())}
    for name in given:
        if name not in known:
            near = did_you_mean(name, known)
            raise UsageError(f'no case has the value "{name}"' + (f"; {near}" if near else ""))


def _plan_suite(
    loaded: LoadedSuite, shown_path: str, request: Request
) -> tuple[SuitePlan | None, list[Problem]]:
    suite, document = loaded.suite, loaded.document
    if suite is None or document is None:
        return None, []
    profile, problems = _find_profile(suite, document, request)
    mode = request.mode or profile.mode or "replay"
    try:
        # A module may read the environment when it is imported.
        with stand_in(suite.secrets.env if mode == "replay" else ()):
            provider = _find_provider(suite)
    except UsageError as error:
        return None, [*problems, _provider_problem(document, str(error))]
    variables = _variables(suite, mode, request.environ)
    kwargs, unfilled = fill_in(suite.provider, variables)
    functions, not_found = _find_functions(suite, document)
    default_model = str(getattr(provider, "default_model", "") or "")
    choices = _with_profile(request.choices, profile)
    total = sum(count_trials(case, suite.matrix, choices.repeat) for case in suite.cases)
    if total > MAX_TRIALS:
        message = f"repeated so often it has {total:,} trials; at most {MAX_TRIALS:,} are run"
        return None, [*problems, document.problem((), message)]
    expansion = expand(suite, default_model, variables=variables, choices=choices)
    problems += [document.problem(*problem) for problem in (*unfilled, *expansion.problems)]
    problems += not_found
    problems += _option_problems(suite, document, provider)
    problems += _model_problems(suite, document, provider)
    problems += _collision_problems(loaded, expansion.trials)
    problems += _secret_problems(suite, document, request.environ)
    problems += _threshold_problems(suite, document, expansion.trials, mode)
    plan = SuitePlan(
        suite=suite,
        shown_path=shown_path,
        provider=provider,
        provider_name=suite.provider.name or suite.provider.import_path or "",
        trials=expansion.trials,
        lines={case_id: position.line for case_id, position in loaded.positions.items()},
        kwargs=kwargs,
        functions=functions,
        profile=profile,
        mode=mode,
    )
    return plan, problems


def _find_profile(
    suite: Suite, document: Document, request: Request
) -> tuple[Profile, list[Problem]]:
    name = request.profile
    if name is None or name in suite.profiles:
        return suite.profiles.get(name or "", Profile()), []
    path: NodePath = ("profiles",) if suite.profiles else ()
    near = did_you_mean(name, suite.profiles) or "it has " + (", ".join(suite.profiles) or "none")
    return Profile(), [document.problem(path, f'the suite has no profile "{name}"', near)]


def _with_profile(choices: Choices, profile: Profile) -> Choices:
    return replace(
        choices,
        repeat=choices.repeat or profile.repeat,
        timeout=choices.timeout if choices.timeout is not None else profile.timeout_s,
    )


def _variables(suite: Suite, mode: Mode, environ: Mapping[str, str]) -> dict[str, str]:
    """Give templates what they may see of the environment; in replay a secret is a placeholder."""
    names = (*suite.env, *suite.secrets.env)
    variables = {name: environ[name] for name in names if name in environ}
    if mode == "replay":
        variables |= {n: Secret(name=n, value="").placeholder for n in suite.secrets.env}
    return variables


def _find_functions(
    suite: Suite, document: Document
) -> tuple[dict[str, Callable[..., Any]], list[Problem]]:
    """Import the checks that are written in Python."""
    functions: dict[str, Callable[..., Any]] = {}
    problems = []
    for index, case in enumerate(suite.cases):
        for path in {path for turn in case.turns for path in turn.expect.python}:
            if path in functions:
                continue
            try:
                functions[path] = import_function(path)
            except UsageError as error:
                own = document.value["cases"][index]
                place: NodePath = ("cases", index) if "expect" in own else ("defaults", "expect")
                problems.append(document.problem(place, str(error)))
    return functions, problems


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
            if not suite.matrix.get("model") and not getattr(provider, "default_model", None):
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


def _secret_problems(suite: Suite, document: Document, environ: Mapping[str, str]) -> list[Problem]:
    """Refuse secrets that are too short to be told from ordinary text."""
    return [
        document.problem(
            ("secrets",),
            f"the value of {name} has fewer than {MIN_SECRET} characters: as a secret it would be "
            "found in ordinary text",
        )
        for name in too_short(suite.secrets.env, environ)
    ]


# What a run in this mode has figures of: while recording, some may be replayed.
_JUDGED: Mapping[Mode, frozenset[When]] = {
    "replay": frozenset({"replay"}),
    "record": frozenset({"live", "replay"}),
    "refresh": frozenset({"live"}),
    "live": frozenset({"live"}),
}


def _threshold_problems(
    suite: Suite, document: Document, trials: Sequence[Trial], mode: Mode
) -> list[Problem]:
    """Refuse a percentile that the trials are too few for, where this run would judge it."""
    problems = []
    for index, threshold in enumerate(suite.thresholds):
        if (threshold.when or "live") not in _JUDGED[mode]:
            continue
        # A fault makes figures that are nobody's.
        cases = [t.case for t in trials if t.case.skip is None and t.case.fault is None]
        n = sum(threshold.tag is None or threshold.tag in case.tags for case in cases)
        reason = unsupported(threshold, n)
        if reason is not None:
            problems.append(document.problem(("thresholds", index), reason))
    return problems


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
