"""Suite to trials: cases x models x repeats, and the cassette that belongs to each. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glmbench.suites.model import Case, Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One execution of a case; `repeat` counts from 1, `cassette` is a file name."""

    case: Case
    model: str
    repeat: int
    cassette: str

    @property
    def id(self) -> str:
        """The name of the trial within its suite."""
        return f"{self.case.id}@{self.model}@{self.repeat}"


def expand(suite: Suite, default_model: str, *, repeat: int = 1) -> tuple[Trial, ...]:
    """List the trials in suite order, a case's repeats together."""
    return tuple(
        _trial(case, case.model or default_model, number)
        for case in suite.cases
        for number in range(1, repeat + 1)
    )


def _trial(case: Case, model: str, number: int) -> Trial:
    cassette = f"{case.id}@{encoded_model(model)}@{number}.yaml"
    return Trial(case=case, model=model, repeat=number, cassette=cassette)


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
