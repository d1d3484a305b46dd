"""A run as text for a terminal: one table per question, then every failure in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.report.casetables import (
    render_cases,
    render_checks,
    render_faults,
    render_repeats,
)
from glmbench.report.closing import render_closing, render_regressions
from glmbench.report.endings import render_endings
from glmbench.report.failures import render_failures
from glmbench.report.figures import render_client_lag, render_latency, render_throughput
from glmbench.report.gates import render_gates
from glmbench.report.harmless import harmless
from glmbench.report.style import PLAIN, Style
from glmbench.report.verdicts import render_verdicts

if TYPE_CHECKING:
    from glmbench.results.model import RunResult


def render_run(result: RunResult, style: Style = PLAIN, *, comparison_text: str = "") -> str:
    """Draw everything that a run found, ready to print.

    Quietly: what failed, what does not hold, and the count. `comparison_text` is drawn already;
    without it the regressions of the result are listed, as they make the run fail.
    """
    sections = [
        *([] if style.quiet else _tables(result, style)),
        render_gates(result.gates, style),
        "" if style.quiet else render_verdicts(result.trials, style),
        "" if style.quiet else comparison_text.strip("\n"),
        *render_failures(result, style),
        render_regressions(result.regressions, style) if style.quiet or not comparison_text else "",
        render_closing(result, style),
    ]
    return harmless("\n\n".join(section for section in sections if section) + "\n")


def _tables(result: RunResult, style: Style) -> list[str]:
    trials = result.trials
    return [
        render_cases(trials, style),
        render_checks(trials, style) if style.verbose else "",
        render_latency(trials, style),
        render_client_lag(trials, style) if style.verbose else "",
        render_throughput(trials, style),
        render_endings(trials, style),
        render_repeats(trials, style),
        render_faults(trials, style),
    ]
