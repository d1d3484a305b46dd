"""What has changed at a service since its answers were recorded, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.problems import printable
from glmbench.report.cassettes import render_comparisons
from glmbench.report.numbers import count
from glmbench.report.paragraph import fill

if TYPE_CHECKING:
    from glmbench.inspection.drift import DriftReport


def render_drift(report: DriftReport) -> str:
    """Draw what changed for each trial, and what could not be compared."""
    compared = [(d.name, d.comparison) for d in report.drifts if d.comparison is not None]
    lines = [
        fill(printable(f"{drift.name}: {drift.unrecorded or drift.unanswered}"), rest="  ")
        for drift in report.drifts
        if drift.comparison is None
    ]
    if lines:
        lines.append(f"{count(len(lines), 'trial')} could not be compared")
    if report.interrupted:
        lines.append("Interrupted: what was finished is reported, the rest was not asked.")
    if not report.drifts and not lines:
        lines.append("nothing to compare: no trial has a cassette")
    return render_comparisons(compared) + "".join(f"{line}\n" for line in lines)
