"""A comparison as blocks of GitHub's Markdown: what counts first, the rest folded away. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from glmbench.comparison.model import VERDICTS, share_of
from glmbench.report.gfm import FOLD_END, bullets, code, fold, table
from glmbench.report.numbers import NOTHING, SHOWN, change_percent, count, probability

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from glmbench.comparison.model import Change, Comparison, Pair

# More would bury the rest of a comment; the result files have all of them.
FEW = 20

_COUNTING = frozenset({"regressed", "improved"})
_UNSURE = frozenset({"cannot tell", "within noise"})


def comparison_blocks(comparison: Comparison) -> Iterator[str]:
    """Write what regressed, what improved, and what else is different."""
    yield "### Compared with the baseline"
    yield _counted(comparison)
    for verdict, words in (
        ("Regressed", comparison.regressions),
        ("Improved", comparison.improvements),
    ):
        yield bullets(_few([f"**{verdict}:** {code(each)}" for each in words]))
    changes = [(pair, change) for pair in comparison.pairs for change in pair.changes]
    counting = [row for row in changes if row[1].verdict in _COUNTING]
    if counting:
        yield _changes(counting)
    yield bullets(_few(list(_differences(comparison.pairs))))
    unsure = [row for row in changes if row[1].verdict in _UNSURE]
    if unsure:
        yield fold(f"{count(len(unsure), 'figure')} of which it cannot be told, or within noise")
        yield _changes(unsure)
        yield FOLD_END
    yield bullets(_reservations(comparison))


def _counted(comparison: Comparison) -> str:
    pairs = comparison.pairs
    if not pairs:
        return "Nothing to compare: no case was run in both results."
    verdicts = Counter(change.verdict for pair in pairs for change in pair.changes)
    counted = ", ".join(
        f"{verdicts[verdict]} {verdict}" for verdict in VERDICTS if verdicts[verdict]
    )
    figures = f"{count(verdicts.total(), 'figure')}{': ' if counted else ''}{counted}"
    return f"{count(len(pairs), 'case')} compared, {figures}."


def _changes(rows: Sequence[tuple[Pair, Change]]) -> str:
    head = ["case", "figure", "n", "base", "head", "delta", "95 % interval", "p", "verdict"]
    return table(head, [_row(*row) for row in rows], "llrrrrrrl")


def _row(pair: Pair, change: Change) -> list[str]:
    show = SHOWN[change.unit]
    sizes = dict.fromkeys([change.n_base, change.n_head])
    note = f": {code(change.note)}" if change.note else ""
    return [
        code(pair.name),
        change.title,
        "/".join(map(str, sizes)),
        show(change.base),
        show(change.head),
        _percent(change.relative),
        _interval(change),
        probability(change.p),
        f"{change.verdict}{note}",
    ]


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{change_percent(share)} %"


def _interval(change: Change) -> str:
    low, high = share_of(change.low, change.base), share_of(change.high, change.base)
    if low is None or high is None:
        return NOTHING
    return f"{_percent(low)} to {_percent(high)}"


def _differences(pairs: Sequence[Pair]) -> Iterator[str]:
    """Say what is different beside the figures."""
    for pair in pairs:
        # What fails or no longer fails is told among the regressions and improvements.
        if pair.correctness == "no change" and pair.share_changed:
            before = f"{pair.base_passed} of {pair.base_trials}"
            yield f"{code(pair.name)} passed {before}, now {pair.head_passed} of {pair.head_trials}"
        if pair.finish_changed:
            ended = f"{_ends(pair.base_finish)}, now in {_ends(pair.head_finish)}"
            yield f"{code(pair.name)} ended in {ended}"
        if pair.content == "changed":
            yield f"{code(pair.name)} has another text: {code(pair.content_note)}"


def _ends(counted: Sequence[tuple[str, int]]) -> str:
    if len(counted) == 1:
        return code(counted[0][0])
    return " and ".join(f"{number} x {code(word)}" for word, number in counted)


def _few(lines: Sequence[str]) -> list[str]:
    more = [f"{len(lines) - FEW} more are different"] if len(lines) > FEW else []
    return [*lines[:FEW], *more]


def _reservations(comparison: Comparison) -> Iterator[str]:
    for side, only in (("base", comparison.only_base), ("head", comparison.only_head)):
        if only:
            yield f"only in {side}: {', '.join(_few(list(map(code, only))))}"
    yield from map(code, comparison.notes)
