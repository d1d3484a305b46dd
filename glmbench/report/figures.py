"""Latency and throughput as tables, one for each kind of figures. Pure.

Beside a table stands what it cannot show: how it would look if what failed had taken for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.report.formats import escape_words
from glmbench.report.grid import draw_table, fits, name_room, shorten_middle, with_words
from glmbench.report.numbers import NOTHING, SHOWN, duration, percent, span
from glmbench.report.paragraph import fill
from glmbench.report.sources import source_words, token_words
from glmbench.report.style import PLAIN, Style
from glmbench.results.statistics import latency_statistics, throughput_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.measure.stats import Summary
    from glmbench.results.model import TrialResult
    from glmbench.results.statistics import Statistic, StatisticsGroup


def render_latency(trials: Sequence[TrialResult], style: Style = PLAIN) -> str:
    """Draw how long things took."""
    return "\n\n".join(
        _figures(f"Latency ({source_words(group)})", group, style)
        for group in latency_statistics(trials)
    )


def render_throughput(trials: Sequence[TrialResult], style: Style = PLAIN) -> str:
    """Draw how fast text came."""
    return "\n\n".join(
        _figures(f"Throughput ({source_words(group)}; {token_words(group)})", group, style)
        for group in throughput_statistics(trials)
    )


def _figures(title: str, group: StatisticsGroup, style: Style) -> str:
    table = _statistics(title, group, style)
    return with_words(table, _failed(group, style), style)


def _statistics(title: str, group: StatisticsGroup, style: Style) -> str:
    """Draw the statistics; what says least gives way where a line would be too long."""
    columns = _columns(group.statistics, style)
    for dispensable in ("min", "95 % interval"):
        if not fits(([head, *cells] for head, cells in columns.items()), style):
            columns.pop(dispensable, None)
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return draw_table(title, list(columns), rows, "l" + "r" * (len(columns) - 1), style)


def _columns(statistics: Sequence[Statistic], style: Style) -> dict[str, list[str]]:
    """Return the cells of each column by its head."""

    def shown(name: str) -> list[str]:
        return [SHOWN[each.unit](getattr(each.values, name)) for each in statistics]

    columns: dict[str, list[str]] = {
        "": [each.title for each in statistics],
        "n": [str(each.values.n) for each in statistics],
        "min": shown("min"),
        "median": shown("p50"),
        "95 % interval": [_interval(each) for each in statistics],
        "p95": shown("p95"),
        "p99": shown("p99"),
        "max": shown("max"),
    }
    if set(columns["95 % interval"]) == {NOTHING}:
        del columns["95 % interval"]
    if not style.verbose:
        del columns["p99"]
    return columns


def _interval(statistic: Statistic) -> str:
    values = statistic.values
    if values.p50_low is None or values.p50_high is None:
        return NOTHING
    show = SHOWN[statistic.unit]
    return span(show(values.p50_low), show(values.p50_high))


def _failed(group: StatisticsGroup, style: Style) -> list[str]:
    """Say what the first tokens would look like if what failed were counted as never."""
    ttft = next((each for each in group.statistics if each.metric == "ttft"), None)
    if ttft is None or ttft.values.adjusted_p50 is None:
        return []
    never = f"{group.failed} of {group.trials} failed: with those as never"
    words = fill(f"{never}, {_adjusted(ttft.values)}.", rest="  ")
    return [escape_words(words, style.table_format)]


def _adjusted(values: Summary) -> str:
    figures = {
        "the median ttft": values.adjusted_p50,
        "p95": values.adjusted_p95,
        "p99": values.adjusted_p99,
    }
    alike: dict[str, list[str]] = {}
    for name, value in figures.items():
        if value is not None:
            alike.setdefault(duration(value), []).append(name)
    return " and ".join(
        f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} {shown}"
        for shown, names in alike.items()
    )


def render_client_lag(trials: Sequence[TrialResult], style: Style = PLAIN) -> str:
    """Draw how late we were ourselves, in each trial where that is known."""
    timed = [trial for trial in trials if trial.timing.client_lag_max_s is not None]
    if not timed:
        return ""
    head = ["reads", "ttft", "median lag", "longest lag", "% of ttft"]
    rows = [
        [
            str(trial.timing.reads),
            duration(trial.timing.ttft_s),
            duration(trial.timing.client_lag_p50_s),
            duration(trial.timing.client_lag_max_s),
            _share(trial.timing.client_lag_max_s, trial.timing.ttft_s),
        ]
        for trial in timed
    ]
    room = name_room(zip(head, *rows, strict=True), style)
    several = len({trial.suite for trial in trials}) > 1
    names = [shorten_middle(t.full_id if several else t.id, room) for t in timed]
    whole = [[name, *row] for name, row in zip(names, rows, strict=True)]
    return draw_table("Our own lag", ["trial", *head], whole, "lrrrrr", style)


def _share(part: float | None, whole: float | None) -> str:
    return percent(part / whole) if part is not None and whole else NOTHING
