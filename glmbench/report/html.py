"""A run as one HTML page that loads nothing: tables, drawings and texts, and a small script.

The page reads without its script, which sorts, filters and points at reads. A policy in the page
allows the browser its own style and script, by their hashes, and nothing else.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections import Counter
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from glmbench.comparison.model import VERDICTS
from glmbench.report.numbers import NOTHING, SHOWN, count, duration, probability, rate
from glmbench.report.page import markup
from glmbench.report.page.summary import (
    SYMBOLS,
    view_finishes,
    view_latency,
    view_sources,
    view_verdict,
)
from glmbench.report.page.trials import group_failures, view_trials
from glmbench.report.page.waterfall import UNITS
from glmbench.report.sources import source_words, token_words
from glmbench.results.cases import group_cases
from glmbench.results.statistics import throughput_statistics

if TYPE_CHECKING:
    from glmbench.comparison.model import Change, Comparison, Pair
    from glmbench.results.model import RunResult
    from glmbench.results.statistics import Unit


def render_html(result: RunResult, base: RunResult | None = None) -> str:
    """Draw a run as a page, beside the base that it is compared with, if any."""
    views = view_trials(result)
    comparison = None if base is None else _compare(base, result)
    changes = _changes(comparison)
    template = _environment().get_template("report.html.j2")
    return template.render(
        result=result,
        libraries=_mapping(result.environment.get("libraries")),
        verdict=view_verdict(result),
        sources=view_sources(result),
        trials=views,
        detailed=[view for view in views if view.anchor],
        failures=group_failures(views, result),
        comparison=comparison,
        changes=changes,
        change_words=list(Counter(change.verdict for _, change in changes).items()),
        ended_otherwise=_ended_otherwise(comparison),
        latency=view_latency(result, base),
        throughput=throughput_statistics(result.trials),
        finishes=view_finishes(views),
        repeats=[case for case in group_cases(result.trials) if case.trials > 1],
        faults=[view for view in views if view.trial.fault is not None],
        style=Markup(_asset("report.css")),  # noqa: S704 -- our own
        script=Markup(_asset("report.js")),  # noqa: S704 -- our own
        policy=_policy(),
    )


def _mapping(value: object) -> dict[str, object]:
    """Take what a result file has under a name whose shape is not fixed."""
    return value if isinstance(value, dict) else {}


def _compare(base: RunResult, head: RunResult) -> Comparison:
    from glmbench.comparison.compare import compare

    return compare(base, head)


def _changes(comparison: Comparison | None) -> list[tuple[Pair, Change]]:
    """List the figures of all pairs, those that count first."""
    pairs = comparison.pairs if comparison else ()
    changes = [(pair, change) for pair in pairs for change in pair.changes]
    return sorted(changes, key=lambda each: VERDICTS.index(each[1].verdict))


def _ended_otherwise(comparison: Comparison | None) -> list[Pair]:
    """Choose the pairs of which more than figures changed."""
    return [
        pair
        for pair in (comparison.pairs if comparison else ())
        if pair.finish_changed
        or pair.content != "same"
        or pair.base_status != pair.head_status
        or pair.share_changed
    ]


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(_asset),
        finalize=markup.finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "isolated": markup.isolated,
        "passage": markup.passage,
        "duration": duration,
        "rate": rate,
        "adjusted": _adjusted,
        "change": _change,
        "relative": _relative,
        "p": probability,
        "shown": lambda value, unit: SHOWN[unit](value),
    }
    environment.globals |= {
        "SYMBOLS": SYMBOLS,
        "NOTHING": NOTHING,
        "UNITS": UNITS,
        "count": count,
        "source_words": source_words,
        "token_words": token_words,
    }
    return environment


@cache
def _asset(name: str) -> str:
    return files("glmbench.report.page").joinpath(name).read_text(encoding="utf-8")


def _policy() -> str:
    style, script = (_hash(_asset(name)) for name in ("report.css", "report.js"))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _adjusted(value: float | None, unit: Unit) -> str:
    return "∞ (failed)" if value == math.inf else SHOWN[unit](value)


def _change(value: float | None, unit: Unit) -> str:
    """Show a difference with its sign; 0 has none."""
    if value is None:
        return NOTHING
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + SHOWN[unit](abs(value))


def _relative(value: float | None) -> str:
    if value is None:
        return ""
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{abs(value):.1%}"
