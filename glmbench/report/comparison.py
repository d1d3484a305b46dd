"""Two results side by side as text: first what counts, then what else is different. Pure.

A table for each metric. What did not change is only counted, unless everything is asked for.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from glmbench.comparison.model import VERDICTS, share_of
from glmbench.comparison.samples import COMPARED
from glmbench.report.closing import render_regressions
from glmbench.report.formats import escape_words
from glmbench.report.grid import draw_table, name_room, shorten_middle, with_words
from glmbench.report.harmless import harmless
from glmbench.report.numbers import NOTHING, SHOWN, change_percent, count, probability
from glmbench.report.paragraph import fill
from glmbench.report.style import PLAIN, Style, paint_first_word, some_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from glmbench.comparison.model import Change, Comparison, Pair

# A reader takes in so many rows, or sentences of one sort; --verbose has them all.
FEW = 10


def render_comparison(comparison: Comparison, style: Style = PLAIN) -> str:
    """Draw a comparison, ready to print. Quietly: what regressed, and the count."""
    regressions = render_regressions(comparison.regressions, style)
    closing = _paragraph([_closing(comparison)], style)
    sections = [regressions, closing]
    if not style.quiet:
        tables = _tables(comparison.pairs, style)
        sections = [
            *tables,
            _paragraph([_legend(comparison)], style) if tables else "",
            regressions,
            _paragraph([f"Improved: {words}" for words in comparison.improvements], style),
            _paragraph(_differences(comparison.pairs, style), style),
            _paragraph(_reservations(comparison, style), style),
            closing,
        ]
    return harmless("\n\n".join(section for section in sections if section) + "\n")


def what_follows(comparison: Comparison, *, fails: bool) -> str:
    """Say what regressions do to the exit code; nothing where there are none."""
    if not comparison.regressions:
        return ""
    regressions = count(len(comparison.regressions), "regression")
    if fails:
        return f"--fail-on regression: {regressions}.\n"
    return f"{regressions}: nothing fails without --fail-on regression.\n"


def _paragraph(sentences: Iterable[str], style: Style) -> str:
    lines = [fill(escape_words(each, style.table_format), rest="  ") for each in sentences]
    return "\n".join(paint_first_word(line, style) for line in lines)


# --- figures --------------------------------------------------------------------------------


def _tables(pairs: Sequence[Pair], style: Style) -> list[str]:
    tables = []
    for metric in COMPARED:
        rows = [(p, c) for p in pairs for c in p.changes if c.metric == metric.name]
        if shown := _worth_a_row(rows, style):
            left_out = len(rows) - len(shown)
            more = [f"{left_out} more without a change that counts"] if left_out else []
            table = _table(metric.title, shown, _Names(pairs), style)
            tables.append(with_words(table, more, style))
    return tables


def _worth_a_row(rows: Sequence[tuple[Pair, Change]], style: Style) -> list[tuple[Pair, Change]]:
    if style.verbose:
        return list(rows)
    open_ones = [row for row in rows if row[1].verdict != "no change"]
    if len(open_ones) <= FEW:
        return open_ones
    return [row for row in open_ones if row[1].verdict in {"regressed", "improved"}]


def _table(title: str, rows: Sequence[tuple[Pair, Change]], names: _Names, style: Style) -> str:
    head = ["n", "base", "head", "delta", "interval", "p", "verdict"]
    figures = [_figures(change) for _, change in rows]
    room = name_room(zip(head, *figures, strict=True), style)
    whole = [
        [shorten_middle(names.of(pair), room), *row]
        for (pair, _), row in zip(rows, figures, strict=True)
    ]
    title = title[0].upper() + title[1:]
    return draw_table(title, ["case", *head], whole, "lrrrrrrs", style)


class _Names:
    """Names of pairs without what all of them share."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._suites = len({pair.suite for pair in pairs}) > 1
        self._models = len({pair.model for pair in pairs}) > 1

    def of(self, pair: Pair) -> str:
        suite = f"{pair.suite}/" if self._suites else ""
        return suite + pair.case + (f"@{pair.model}" if self._models else "")


def _figures(change: Change) -> list[str]:
    show = SHOWN[change.unit]
    sizes = {change.n_base: None, change.n_head: None}
    return [
        "/".join(map(str, sizes)),
        show(change.base),
        show(change.head),
        NOTHING if change.relative is None else f"{change_percent(change.relative)}%",
        _interval(change),
        probability(change.p),
        change.verdict,
    ]


def _interval(change: Change) -> str:
    low, high = share_of(change.low, change.base), share_of(change.high, change.base)
    if low is None or high is None:
        return NOTHING
    return f"{change_percent(low)} to {change_percent(high)}%"


def _legend(comparison: Comparison) -> str:
    legend = (
        "base and head are medians; delta and its 95% interval are the shift between the two "
        "(Hodges-Lehmann) in percent of the base"
    )
    if comparison.tested:
        tests = count(comparison.tested, "comparison")
        legend += f"; p is that of Mann and Whitney, corrected for {tests} (Holm)"
    return f"{legend}."


# --- what else is different -----------------------------------------------------------------


def _differences(pairs: Sequence[Pair], style: Style) -> list[str]:
    passed = [
        f"Passed: {pair.name}: {_passes(pair)}."
        for pair in pairs
        if pair.correctness == "no change" and pair.share_changed
    ]
    finish = [
        f"Finish: {pair.name}: {_ends(pair.base_finish)}, now {_ends(pair.head_finish)}."
        for pair in pairs
        if pair.finish_changed
    ]
    text = [f"Text: {p.name}: {p.content_note}." for p in pairs if p.content == "changed"]
    varying = [pair.name for pair in pairs if pair.content == "varies"]
    told = [sentence for sort in (passed, finish, text) for sentence in _few(sort, style)]
    if varying:
        names = some_of(varying, style)
        told.append(f"Text: differs between repeats and is not compared: {names}.")
    return told


def _passes(pair: Pair) -> str:
    before = f"{pair.base_passed} of {pair.base_trials}"
    return f"{before}, now {pair.head_passed} of {pair.head_trials} ({pair.head_status})"


def _ends(counted: Sequence[tuple[str, int]]) -> str:
    if len(counted) == 1:
        return counted[0][0]
    return " and ".join(f"{number} x {word}" for word, number in counted)


def _few(sentences: Sequence[str], style: Style) -> Sequence[str]:
    if style.verbose or len(sentences) <= FEW:
        return sentences
    word = sentences[0].partition(" ")[0]
    return [*sentences[:FEW], f"{word} {len(sentences) - FEW} more are different."]


# --- what cannot be said --------------------------------------------------------------------


def _reservations(comparison: Comparison, style: Style) -> Iterator[str]:
    for note, names in _unknown(comparison.pairs).items():
        yield f"Cannot tell: {some_of(names, style)}: {note}."
    for side, only in (("base", comparison.only_base), ("head", comparison.only_head)):
        if only:
            yield f"Only in {side}: {some_of(only, style)}."
    yield from (f"Note: {note}." for note in comparison.notes)


def _unknown(pairs: Sequence[Pair]) -> dict[str, list[str]]:
    """Collect for each reason the figures about which nothing can be said."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        notes = {change.note: None for change in pair.changes if change.verdict == "cannot tell"}
        for note in notes:
            metrics = [change.metric for change in pair.changes if change.note == note]
            which = "" if len(metrics) == len(pair.changes) else f" ({', '.join(metrics)})"
            found.setdefault(note, []).append(pair.name + which)
    return found


def _closing(comparison: Comparison) -> str:
    pairs = comparison.pairs
    if not pairs:
        return "Nothing to compare: no case was run in both results."
    verdicts = Counter(change.verdict for pair in pairs for change in pair.changes)
    counted = [f"{verdicts[verdict]} {verdict}" for verdict in VERDICTS if verdicts[verdict]]
    figures = count(verdicts.total(), "figure")
    failing = [pair for pair in pairs if pair.correctness == "regressed"]
    words = f"{count(len(pairs), 'case')} compared, {figures}: {', '.join(counted) or 'none'}."
    if failing:
        words += f" {count(len(failing), 'case')} no longer passed."
    return words
