"""Which trials of a plan run: by case, tag, model, expression, earlier result and shard. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from glmbench.errors import UsageError
from glmbench.problems import did_you_mean, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from glmbench.running.plan import Plan
    from glmbench.suites.expand import Trial
    from glmbench.suites.profiles import Profile

    Test: TypeAlias = Callable[[Trial], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was asked for; what is empty or None selects everything.

    `failed` holds the full ids of trials that an earlier run had trouble with. A shard is (number,
    of how many), counted from 1.
    """

    cases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    expression: str | None = None
    failed: frozenset[str] | None = None
    shard: tuple[int, int] | None = None


def select(plan: Plan, selection: Selection) -> Plan:
    """Keep the trials that were asked for, or that the profiles choose, in their order.

    Raises:
        UsageError: a case, a tag or a model is none of the plan's, or the expression is none.
    """
    trials = [trial for suite in plan.suites for trial in suite.trials]
    known_cases = {name for trial in trials for name in (trial.case.id, trial.name)}
    _must_be_known("case", selection.cases, known_cases)
    tags = {tag for trial in trials for tag in trial.case.tags}
    _must_be_known("tag", (*selection.tags, *selection.not_tags), tags)
    _must_be_known("model", selection.models, {trial.model for trial in trials})
    test = parse_expression(selection.expression) if selection.expression else _everything
    suites = []
    position = 0
    for suite in plan.suites:
        kept = []
        dealt: tuple[str, str] | None = None
        own = _with_profile(selection, suite.profile)
        for trial in suite.trials:
            if not _chosen(trial, f"{suite.suite.name}/{trial.id}", own) or not test(trial):
                continue
            # Repeats stay together: how many of them passed is asked in every shard.
            if dealt != (trial.name, trial.model):
                dealt = (trial.name, trial.model)
                position += 1
            if _in_shard(position, selection.shard):
                kept.append(trial)
        suites.append(replace(suite, trials=tuple(kept)))
    return replace(plan, suites=tuple(suites))


def _with_profile(selection: Selection, profile: Profile) -> Selection:
    """Let the profile choose tags where the command line chooses none."""
    return replace(
        selection,
        tags=selection.tags or profile.tags,
        not_tags=selection.not_tags or profile.not_tags,
    )


def _must_be_known(what: str, asked: Iterable[str], known: Collection[str]) -> None:
    for name in asked:
        if name not in known:
            near = did_you_mean(name, known)
            raise UsageError(f'no {what} "{name}"' + (f"; {near}" if near else ""))


def _chosen(trial: Trial, full_id: str, selection: Selection) -> bool:
    tags = set(trial.case.tags)
    return (
        (not selection.cases or bool({trial.case.id, trial.name} & set(selection.cases)))
        and (not selection.tags or bool(tags & set(selection.tags)))
        and not tags & set(selection.not_tags)
        and (not selection.models or trial.model in selection.models)
        and (selection.failed is None or full_id in selection.failed)
    )


def _in_shard(position: int, shard: tuple[int, int] | None) -> bool:
    return shard is None or (position - shard[0]) % shard[1] == 0


def parse_shard(text: str) -> tuple[int, int]:
    """Parse `2/5`, the second of five parts.

    Raises:
        UsageError: it is none.
    """
    match = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", text)
    if not match or int(match[1]) > int(match[2]):
        raise UsageError(f'"{text}" is no shard: write 1/3 for the first of three')
    return int(match[1]), int(match[2])


def _everything(_: Trial) -> bool:
    return True


# --- expressions: "zh and not (long or slow)" -----------------------------------------------

# Each may be a level of nesting, and Python's own are limited.
MAX_TOKENS = 100

_TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")


def parse_expression(text: str) -> Test:
    """Make a test of trials; a word is looked for in the trial's name, model and tags.

    Raises:
        UsageError: the text is no expression of words with `and`, `or`, `not` and parentheses.
    """
    tokens = _TOKEN.findall(text)
    if len(tokens) > MAX_TOKENS:
        raise _no_expression(shortened(text), f"it has more than {MAX_TOKENS} words")
    test, rest = _either(tokens, text)
    if rest:
        raise _no_expression(text, f'"{rest[0]}" is too much')
    return test


def _either(tokens: list[str], text: str) -> tuple[Test, list[str]]:
    left, tokens = _both(tokens, text)
    while tokens[:1] == ["or"]:
        right, tokens = _both(tokens[1:], text)
        left = _any_of(left, right)
    return left, tokens


def _both(tokens: list[str], text: str) -> tuple[Test, list[str]]:
    left, tokens = _one(tokens, text)
    while tokens[:1] == ["and"]:
        right, tokens = _one(tokens[1:], text)
        left = _all_of(left, right)
    return left, tokens


def _one(tokens: list[str], text: str) -> tuple[Test, list[str]]:
    if not tokens:
        raise _no_expression(text, "something is missing at its end")
    token, *rest = tokens
    if token == "not":  # noqa: S105 -- a word of the expression
        test, rest = _one(rest, text)
        return (lambda trial: not test(trial)), rest
    if token == "(":  # noqa: S105 -- as above
        test, rest = _either(rest, text)
        if rest[:1] != [")"]:
            raise _no_expression(text, 'a ")" is missing')
        return test, rest[1:]
    if token in {")", "and", "or"}:
        raise _no_expression(text, f'a word is missing before "{token}"')
    return _has(token), rest


def _has(word: str) -> Test:
    folded = word.casefold()
    return lambda trial: any(
        folded in text.casefold() for text in (trial.name, trial.model, *trial.case.tags)
    )


def _any_of(left: Test, right: Test) -> Test:
    return lambda trial: left(trial) or right(trial)


def _all_of(left: Test, right: Test) -> Test:
    return lambda trial: left(trial) and right(trial)


def _no_expression(text: str, why: str) -> UsageError:
    return UsageError(f'-k "{text}" is no expression: {why}; write "zh and not (long or slow)"')
