"""What a run is: a mark for all that its rows depend on, so that no other run goes on with them."""

from __future__ import annotations

import os
from dataclasses import fields
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from glmbench.results.journal import DIGEST, Header
from glmbench.running.stage import Settings, make_redactor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from glmbench.running.plan import SuitePlan

# Rows depend on them. The others only say how fast the run goes and when it gives up, and that may
# be the very thing to change when one goes on with it.
_DECISIVE = frozenset(
    {
        "mode",
        "timing",
        "connect_to",
        "fault",
        "reframe",
        "force",
        "concurrency",
        "retries",
        "warmup",
    }
)


def describe_run(
    plans: Sequence[SuitePlan], settings: Mapping[str, Settings], environment: dict[str, Any]
) -> Header:
    """Mark all that the rows of a run depend on, but the recordings: they are too much to read.

    Args:
        plans: the suites, with the trials that are selected.
        settings: by the name of the suite.
        environment: as for the result.
    """
    marks: dict[str, str] = dict(_installed(environment))
    for plan in plans:
        marks |= _marks(plan, settings[plan.suite.name])
    return Header(environment=environment, marks=marks)


def digest_of(header: Header) -> str:
    """Shorten the marks of a run to one, which stands in its result."""
    text = repr(sorted(header.marks.items()))
    return DIGEST + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _installed(environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("glmbench", "python", "platform"):
        if name in environment:
            yield name, str(environment[name])
    yield from environment.get("libraries", {}).items()


def _marks(plan: SuitePlan, settings: Settings) -> Iterator[tuple[str, str]]:
    suite = plan.suite
    redactor = make_redactor(plan, os.environ)

    def digest(*parts: object) -> str:
        # Of plain data, whose `repr` is the same in every process. Without secrets, so that
        # another key is no other run and nothing can be guessed from what is written.
        text = redactor.text(repr(parts))
        return DIGEST + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    for field in fields(Settings):
        if field.name in _DECISIVE:
            yield f"{suite.name}: {field.name}", _in_words(getattr(settings, field.name))
    provider = (plan.provider_name, plan.kwargs, suite.cassettes, suite.secrets)
    yield f"{suite.name}: what its cases share", digest(*provider)
    # Once a case: all trials of a dataset would show the whole of it again.
    cases = {
        case.id: digest(
            plan.lines[case.id],
            [turn.expect for turn in case.turns],
            (case.tags, case.options, case.skip, case.fault, case.on_turn_failure),
        )
        for case in suite.cases
    }
    for trial in plan.trials:
        said = [turn.messages for turn in trial.turns]
        own = (trial.model, said, trial.timeout, trial.min_pass, trial.place)
        yield f"{suite.name}/{trial.id}", digest(cases[trial.case.id], *own)


def _in_words(value: object) -> str:
    if isinstance(value, tuple):
        return ":".join(map(str, value))
    return str(value).lower()
