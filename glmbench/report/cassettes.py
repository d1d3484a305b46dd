"""Cassettes as text for a terminal: what there is, what is damaged, what changed between two.

Draws only. File names and whatever came from a service are shortened to fit 80 columns; what is
wrong with a file is said in full.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from wcwidth import wcswidth

from glmbench.problems import printable
from glmbench.report.grid import WIDTH, draw_table, room_beside, shorten
from glmbench.report.numbers import NOTHING, count, duration
from glmbench.report.paragraph import fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from glmbench.inspection.compare import Aspect, Comparison, Difference, Exchange
    from glmbench.inspection.inventory import CassetteFile, Checked, Contents, Entry

MIN_NAME_WIDTH = 16
FINISH_WIDTH = 16
DAMAGED = "DAMAGED"

_AGES = ((365 * 86_400, "y"), (86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SIZES = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


def render_inventory(entries: Sequence[Entry], now: datetime) -> str:
    """Draw a table for each folder, then what is wrong with the damaged files."""
    tables = [
        _table(folder, list(group), now)
        for folder, group in groupby(entries, key=lambda entry: entry.file.path.parent)
    ]
    damages = [fill(entry.damage, rest="    ") for entry in entries if entry.damage is not None]
    return "\n\n".join([*tables, *damages]) + "\n"


def _table(folder: Path, entries: Sequence[Entry], now: datetime) -> str:
    head = ["age", "size", "req", "ttft", "end", "finish"]
    rows = [_row(entry, now) for entry in entries]
    room = max(MIN_NAME_WIDTH, room_beside(zip(head, *rows, strict=True)))
    names = [_shown_name(entry.file.path, room) for entry in entries]
    whole = [[name, *row] for name, row in zip(names, rows, strict=True)]
    title = fill(f"{folder}: {count(len(entries), 'cassette')}")
    return draw_table(title, ["name", *head], whole, "lrrrrll")


def _row(entry: Entry, now: datetime) -> list[str]:
    size = file_size(entry.size)
    contents = entry.contents
    if contents is None:
        return [NOTHING, size, NOTHING, NOTHING, DAMAGED, NOTHING]
    return [
        age(contents.recorded_at, now),
        size,
        str(contents.requests),
        duration(contents.ttft_s),
        contents.end or NOTHING,
        shorten(_finish(contents), FINISH_WIDTH),
    ]


def _finish(contents: Contents) -> str:
    return contents.finish or (contents.failure or NOTHING).removesuffix("Error")


def _shown_name(path: Path, width: int) -> str:
    """Shorten a name before its number, which tells the repeats of a case apart."""
    name = printable(path.name.removesuffix(".yaml"))
    if wcswidth(name) <= width:
        return name
    front, at, number = name.rpartition("@")
    return shorten(front, width - wcswidth(at + number)) + at + number


def age(since: datetime | None, now: datetime) -> str:
    """Show how long ago something was, in its largest unit: `3 d`."""
    if since is None:
        return NOTHING
    seconds = max(0, int((now - since).total_seconds()))
    size, unit = next((a for a in _AGES if seconds >= a[0]), _AGES[-1])
    return f"{seconds // size} {unit}"


def file_size(size: int) -> str:
    """Show a number of bytes with three digits that matter: `734 B`, `12.3 kB`."""
    for unit_size, unit in _SIZES:
        # What rounds up to the next unit is shown in it.
        if size >= unit_size * 0.9995:
            amount = size / unit_size
            digits = 2 if amount < 9.995 else 1 if amount < 99.95 else 0
            return f"{amount:.{digits}f} {unit}"
    return f"{size} B"


def render_checks(checked: Sequence[Checked]) -> str:
    """Say of every file that it is whole or what is wrong with it, and how many are whole."""
    lines = [
        f"ok {_path(check.file)}" if check.damage is None else fill(check.damage, rest="    ")
        for check in checked
    ]
    damaged = sum(check.damage is not None for check in checked)
    total = f"{count(len(checked), 'cassette')}: {len(checked) - damaged} whole"
    return "\n".join([*lines, total + (f", {damaged} damaged" if damaged else "")]) + "\n"


def _path(file: CassetteFile) -> str:
    return printable(str(file.path))


def render_comparison(comparison: Comparison) -> str:
    """Say what changed between two cassettes, or that nothing did."""
    surplus = [_sentence(difference) for difference in comparison.surplus]
    blocks = ["\n".join(surplus)] if surplus else []
    several = len(comparison.exchanges) > 1
    blocks += [
        _exchange(exchange, several=several)
        for exchange in comparison.exchanges
        if exchange.differences or exchange.base != exchange.head
    ]
    return "\n\n".join([*blocks, _conclusion(comparison)]) + "\n"


def _exchange(exchange: Exchange, *, several: bool) -> str:
    title = f"request {exchange.number}: {exchange.request}"
    lines = [fill(title, rest="  ")] if several else []
    lines += [_sentence(difference) for difference in exchange.differences]
    tables = [_timing(exchange)] if exchange.base != exchange.head else []
    return "\n\n".join([*(["\n".join(lines)] if lines else []), *tables])


_WORDS: dict[Aspect, str] = {
    "requests": "requests",
    "request": "request",
    "status": "status",
    "headers": "headers",
    "frames": "frames",
    "finish": "finish reason",
    "end": "end",
    "content": "content",
}
_WORD_WIDTH = max(map(len, _WORDS.values())) + 2


def _sentence(difference: Difference) -> str:
    """Draw a difference; an exclamation mark is before those that are drift."""
    indent = " " * (_WORD_WIDTH + 2)
    mark = "! " if difference.drifts else "  "
    word = f"{mark}{_WORDS[difference.aspect]:<{_WORD_WIDTH}}"
    quotes = [
        f"{indent}{side}: “{shorten(text, WIDTH - len(indent) - len(side) - 4)}”"
        for side, text in (("base", difference.base), ("head", difference.head))
        if text is not None
    ]
    return "\n".join([fill(difference.sentence, first=word, rest=indent), *quotes])


def _timing(exchange: Exchange) -> str:
    base, head = exchange.base, exchange.head
    rows = [
        _duration_row("ttft", base.ttft_s, head.ttft_s),
        _duration_row("total", base.total_s, head.total_s),
        _number_row("chunks", base.chunks, head.chunks),
        _number_row("bytes", base.size, head.size),
    ]
    return draw_table("", ["timing", "base", "head", "delta"], rows, "lrrr").lstrip("\n")


def _duration_row(name: str, base: float | None, head: float | None) -> list[str]:
    if base is None or head is None or base == head:
        change = NOTHING
    else:
        change = f"{'-' if head < base else '+'}{duration(abs(head - base))}"
    return [name, duration(base), duration(head), change]


def _number_row(name: str, base: int, head: int) -> list[str]:
    return [name, str(base), str(head), f"{head - base:+}" if base != head else NOTHING]


def _conclusion(comparison: Comparison) -> str:
    differences = comparison.differences
    if not differences:
        return "no difference" if comparison.same_timing else "no difference but in timing"
    drifts = Counter(d.aspect for d in differences if d.drifts)
    if not drifts:
        return "no drift: shape of frames, finish reason, status and headers are the same"
    what = ", ".join(f"{_WORDS[aspect]} ({number})" for aspect, number in sorted(drifts.items()))
    return f"drift: {what}"


def render_comparisons(
    comparisons: Iterable[tuple[str, Comparison]],
    only_base: Sequence[CassetteFile] = (),
    only_head: Sequence[CassetteFile] = (),
) -> str:
    """Draw the comparisons of two folders, by name, and what only one side has."""
    comparisons = list(comparisons)
    changed = [(name, c) for name, c in comparisons if c.differences or not c.same_timing]
    sections = [f"{printable(name)}\n{render_comparison(c)}" for name, c in changed]
    lines = [f"only in the base: {printable(file.name)}" for file in only_base]
    lines += [f"only in the head: {printable(file.name)}" for file in only_head]
    drifted = sum(comparison.drifted for _, comparison in comparisons)
    lines.append(
        f"{count(len(comparisons), 'pair')}: {len(comparisons) - len(changed)} without difference, "
        f"{len(changed) - drifted} without drift, {drifted} drifted"
    )
    return "\n".join([*sections, *lines]) + "\n"


def render_orphans(paths: Sequence[Path], *, deleted: bool) -> str:
    """List the files that no trial owns, and say what became of them."""
    if not paths:
        return "no orphans\n"
    files = count(len(paths), "file")
    last = f"deleted {files}" if deleted else f"would delete {files}; --yes deletes them"
    return "\n".join([*(printable(str(path)) for path in paths), last]) + "\n"
