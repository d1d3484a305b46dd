"""The thresholds of a run as a table, and below it why some of them were not judged. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.problems import printable
from glmbench.report.formats import escape_words
from glmbench.report.grid import draw_table, name_room, shorten, with_words
from glmbench.report.numbers import NOTHING
from glmbench.report.paragraph import fill
from glmbench.report.style import PLAIN, Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.results.model import GateResult


_BROKEN = frozenset({"failed", "unmeasured"})


def render_gates(gates: Sequence[GateResult], style: Style = PLAIN) -> str:
    """Draw the thresholds; an empty text when there are none. Quietly: those that do not hold."""
    several = len({gate.suite for gate in gates}) > 1
    gates = [gate for gate in gates if not style.quiet or gate.status in _BROKEN]
    if not gates:
        return ""
    head = ["threshold", "got", "n", "status"]
    rows = [[printable(gate.got) or NOTHING, str(gate.n), _status(gate)] for gate in gates]
    room = name_room(zip(head[1:], *rows, strict=True), style)
    names = [shorten(_name(gate, several=several), room) for gate in gates]
    whole = [[name, *row] for name, row in zip(names, rows, strict=True)]
    table = draw_table("Thresholds", head, whole, "lrrs", style)
    notes = [_note(gate, several=several, style=style) for gate in gates if gate.note]
    return with_words(table, notes, style)


def _name(gate: GateResult, *, several: bool) -> str:
    tag = f", tag {gate.tag}" if gate.tag else ""
    return (f"{gate.suite}: " if several else "") + gate.text + tag


def _status(gate: GateResult) -> str:
    if gate.severity == "warn" and gate.status in _BROKEN:
        return f"{gate.status} (warning)"
    return gate.status


def _note(gate: GateResult, *, several: bool, style: Style) -> str:
    said = gate.status.capitalize()
    text = fill(f"{said}: {_name(gate, several=several)}: {gate.note}.", rest="  ")
    return escape_words(text, style.table_format)
