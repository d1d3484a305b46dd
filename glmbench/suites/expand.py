"""Suite to trials: cases x rows x axes x models x repeats, with every text rendered. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from glmbench.suites.model import Message, Text
from glmbench.suites.placeholders import fill_placeholders
from glmbench.suites.templates import TemplateError, attributes_of, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from glmbench.suites.expect import Expect
    from glmbench.suites.model import Case, ProviderSpec, Suite, Turn
    from glmbench.yamlsource import NodePath


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialTurn:
    """What is said in one turn of a trial, rendered, and what its answer must show."""

    messages: tuple[Message, ...]
    expect: Expect


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One execution of a case; `repeat` counts from 1, `cassette` is a file name.

    `name` is the case's id with the row of its dataset and its place in the matrix. `place` counts
    the trials of the suite from 1, whichever of them are selected.
    """

    case: Case
    name: str
    model: str
    repeat: int
    turns: tuple[TrialTurn, ...]
    timeout: float | None
    min_pass: int | None
    place: int = 0

    @property
    def id(self) -> str:
        """The name of the trial within its suite."""
        return f"{self.name}@{self.model}@{self.repeat}"

    @property
    def cassette(self) -> str:
        return f"{self.name}@{encoded_model(self.model)}@{self.repeat}.yaml"

    @property
    def prompt(self) -> str:
        """What is said first, for a table."""
        return self.turns[0].messages[-1]["content"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line or a profile says in place of the suite; None leaves it."""

    repeat: int | None = None
    timeout: float | None = None
    vars: Mapping[str, str] = field(default_factory=dict)


AS_WRITTEN = Choices()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """The trials in suite order, a case's repeats together, and where rendering failed."""

    trials: tuple[Trial, ...]
    problems: tuple[tuple[NodePath, str], ...] = ()


def expand(
    suite: Suite,
    default_model: str,
    *,
    variables: Mapping[str, str],
    choices: Choices,
) -> Expansion:
    """List the trials of a suite.

    Args:
        suite: it has no problems.
        default_model: for cases that name none where the matrix has none either.
        variables: the environment, as far as templates may see it.
        choices: of the command line and the profile.
    """
    trials: list[Trial] = []
    problems: dict[tuple[NodePath, str], str] = {}
    for case in suite.cases:
        for name, model, values in _variants(suite, case, default_model, choices):
            values["env"] = variables
            turns = []
            for turn in case.turns:
                try:
                    turns.append(_rendered(turn, values))
                except _RenderError as error:
                    problems.setdefault((error.path, str(error)), f"{name}@{model}")
            trials += _repeats(case, name, model, tuple(turns), choices, len(trials))
    # One fault shows in every trial, and is still one fault.
    found = [(path, f"{words} (in the trial {at})") for (path, words), at in problems.items()]
    return Expansion(trials=tuple(trials), problems=tuple(found))


def _variants(
    suite: Suite, case: Case, default_model: str, choices: Choices
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the name, the model and the values of each variant of a case."""
    models = (case.model,) if case.model else suite.matrix.get("model") or (default_model,)
    axes = [(axis, values) for axis, values in suite.matrix.items() if axis != "model"]
    for row_name, row in _rows(case):
        for places in product(*(values for _, values in axes)):
            chosen = {axis: value for (axis, _), value in zip(axes, places, strict=True)}
            name = case.id + row_name + "".join(_axis_name(*pair) for pair in chosen.items())
            for model in models:
                values = {**case.vars, **row, **chosen, **choices.vars, "model": model}
                yield name, str(model), values


def count_trials(
    case: Case, matrix: Mapping[str, tuple[Any, ...]], repeat: int | None = None
) -> int:
    """Count the trials of a case without making them; `repeat` goes over its own."""
    axes = [len(values) for axis, values in matrix.items() if axis != "model" or not case.model]
    rows = 1 if case.rows is None else len(case.rows)
    return rows * prod(axes) * (repeat or case.repeat or 1)


def longest_axes(matrix: Mapping[str, tuple[Any, ...]]) -> int:
    """Measure how much the axes add to the name of a trial, at most."""
    return sum(
        max((len(_axis_name(axis, value)) for value in values), default=0)
        for axis, values in matrix.items()
        if axis != "model"
    )


def longest_name(case: Case, axes: int) -> int:
    """Measure the longest name that a trial of the case has; the axes add so much to it."""
    return len(case.id) + len(_row_name(len(case.rows)) if case.rows else "") + axes


def _row_name(number: int) -> str:
    return f".{number}"


def _rows(case: Case) -> list[tuple[str, Mapping[str, Any]]]:
    if case.rows is None:
        return [("", {})]
    return [(_row_name(number), row) for number, row in enumerate(case.rows, start=1)]


def _axis_name(axis: str, value: object) -> str:
    return f".{axis}-{encoded_model(str(value))}"


class _RenderError(Exception):
    def __init__(self, path: NodePath, message: str) -> None:
        super().__init__(message)
        self.path = path


def _rendered(turn: Turn, values: Mapping[str, Any]) -> TrialTurn:
    messages = tuple(
        Message(role=role, content=_text(said, values)) for role, said in turn.messages
    )
    return TrialTurn(messages=messages, expect=turn.expect)


def _text(said: Text, values: Mapping[str, Any]) -> str:
    if not said.is_template:
        return said.source
    filled = fill_placeholders(said.source, values)
    if filled is not None:
        return filled
    try:
        for name in sorted(attributes_of(said.source, "env")):
            if name not in values["env"]:
                raise _RenderError(said.path, f"the environment variable {name} is not set")
        return render(said.source, values)
    except TemplateError as error:
        raise _RenderError(said.path, str(error)) from None


def fill_in(
    spec: ProviderSpec, variables: Mapping[str, str]
) -> tuple[Mapping[str, Any], tuple[tuple[NodePath, str], ...]]:
    """Fill the environment into the texts of a provider's options, at any depth."""
    problems: list[tuple[NodePath, str]] = []

    def filled(value: Any, path: NodePath) -> Any:
        if isinstance(value, dict):
            return {key: filled(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [filled(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        try:
            return _text(Text(value, path, spec.template), {"env": variables})
        except _RenderError as error:
            problems.append((error.path, str(error)))
            return value

    return filled(spec.kwargs, ("provider", "kwargs")), tuple(problems)


def _repeats(
    case: Case,
    name: str,
    model: str,
    turns: tuple[TrialTurn, ...],
    choices: Choices,
    before: int,
) -> Iterator[Trial]:
    for number in range(1, (choices.repeat or case.repeat or 1) + 1):
        yield Trial(
            case=case,
            name=name,
            model=model,
            repeat=number,
            turns=turns,
            timeout=choices.timeout if choices.timeout is not None else case.timeout,
            # How many must pass was said of the suite's own number of repeats.
            min_pass=case.min_pass if choices.repeat in {None, case.repeat or 1} else None,
            place=before + number,
        )


def encoded_model(model: str) -> str:
    """Percent-encode a model name for a file name; `urllib.parse.unquote` undoes it."""
    # Not urllib.parse.quote: it leaves "~" as it is.
    return re.sub(
        r"[^A-Za-z0-9._-]",
        lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()),
        model,
    )


def find_collisions(trials: Iterable[Trial]) -> list[tuple[Trial, Trial]]:
    """Pair each trial with the first whose cassette is the same file where case does not count.

    macOS folds case by default, so such suites would overwrite their own recordings there.
    """
    first: dict[str, Trial] = {}
    pairs: list[tuple[Trial, Trial]] = []
    for trial in trials:
        earlier = first.setdefault(trial.cassette.lower(), trial)
        if earlier is not trial:
            pairs.append((earlier, trial))
    return pairs
