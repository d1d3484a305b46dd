"""The trials of a run as a table for spreadsheets and data frames: RFC 4180, a row each. Pure.

A spreadsheet takes a text that begins like a formula for one and runs it: such a text gets an
apostrophe in front. Numbers stay numbers, and what is not known is an empty cell.
"""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from typing import TYPE_CHECKING, TypeAlias

from glmbench.measure.timing import Throughput, Timing
from glmbench.report.escaping import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.results.model import RunResult, TrialResult

Cell: TypeAlias = str | float | None

_TIMING = tuple(field.name for field in fields(Timing))
_THROUGHPUT = tuple(field.name for field in fields(Throughput))
# `source` alone would not say of what.
_RENAMED = {"source": "timing_source"}

# The full-width forms too: a spreadsheet with an East Asian keyboard setting takes them.
_FORMULA = tuple("=+-@\t\r＝＋－＠")


def render_csv(result: RunResult) -> str:
    """Write the trials as CSV, with names and units of the columns in the first line."""
    paths = {suite.name: suite.path for suite in result.suites}
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for trial in result.trials:
        row = _row(trial, paths)
        writer.writerow([_cell(row[column]) for column in COLUMNS])
    return out.getvalue()


def _row(trial: TrialResult, paths: Mapping[str, str]) -> dict[str, Cell]:
    return {
        **_identity(trial, paths),
        **_ending(trial),
        "origin": trial.origin,
        **{_RENAMED.get(name, name): getattr(trial.timing, name) for name in _TIMING},
        **{name: getattr(trial.throughput, name) for name in _THROUGHPUT},
        **_circumstances(trial),
    }


def _identity(trial: TrialResult, paths: Mapping[str, str]) -> dict[str, Cell]:
    return {
        "suite": trial.suite,
        "case": trial.case,
        "model": trial.model,
        "repeat": trial.repeat,
        "file": paths[trial.suite],
        "line": trial.line,
        "tags": " ".join(trial.tags),
    }


def _ending(trial: TrialResult) -> dict[str, Cell]:
    expected = trial.expected_finish_reason or ()
    error, cassette = trial.error, trial.cassette
    return {
        "status": trial.status,
        "expected_finish_reason": " or ".join(reason or "none" for reason in expected),
        "finish_reason": trial.finish_reason,
        "native_finish_reason": trial.native_finish_reason,
        "error_type": error.type if error else None,
        "error_status": error.status if error else None,
        "error_code": error.code if error else None,
        "verdict": cassette.verdict if cassette else None,
        "cassette": cassette.path if cassette else None,
    }


def _circumstances(trial: TrialResult) -> dict[str, Cell]:
    first = trial.turns[0] if trial.turns else None
    return {
        "turns": len(trial.turns),
        "attempts": first.attempts if first else None,
        "waited_s": first.waited_s if first else None,
        "fault": trial.fault,
        "reframe": trial.reframe,
        "skipped": trial.skipped,
    }


def _cell(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case _:
            return repr(value)


def _text(text: str) -> str:
    shown = one_line(text)
    return f"'{shown}" if text.startswith(_FORMULA) else shown


COLUMNS = (
    "suite",
    "case",
    "model",
    "repeat",
    "file",
    "line",
    "tags",
    "status",
    "expected_finish_reason",
    "finish_reason",
    "native_finish_reason",
    "error_type",
    "error_status",
    "error_code",
    "verdict",
    "cassette",
    "origin",
    *(_RENAMED.get(name, name) for name in _TIMING),
    *_THROUGHPUT,
    "turns",
    "attempts",
    "waited_s",
    "fault",
    "reframe",
    "skipped",
)
