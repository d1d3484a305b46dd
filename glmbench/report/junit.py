"""A run as JUnit XML, which every build server reads: red if and only if the run fails. Pure.

The thresholds, and what else can fail a run beside its trials, are test suites of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from glmbench.report.escaping import one_line, passage
from glmbench.report.outcomes import Item, Outcome, list_items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.results.model import RunResult, TrialResult


def render_junit(result: RunResult) -> str:
    """Write the run as JUnit XML: a test case for each trial, threshold and regression."""
    items = list_items(result)
    root = ET.Element("testsuites", {"name": "glmbench", **_counts(items)})
    groups: dict[str, list[Item]] = {}
    for item in sorted(items, key=lambda item: item.trial is None):
        groups.setdefault(item.group, []).append(item)
    started = result.environment.get("started_at")
    for name, own in groups.items():
        attributes = {"name": one_line(name), **_counts(own)}
        if isinstance(started, str):
            attributes["timestamp"] = one_line(started)
        suite = ET.SubElement(root, "testsuite", attributes)
        for item in own:
            _add_case(suite, item)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _counts(items: Sequence[Item]) -> dict[str, str]:
    colours = [item.outcome.colour for item in items]
    return {
        "tests": str(len(items)),
        "failures": str(colours.count("failed")),
        "errors": str(colours.count("error")),
        "skipped": str(colours.count("skipped")),
        "time": _seconds(sum(map(_time, items))),
    }


def _time(item: Item) -> float:
    return (item.trial.timing.total_s if item.trial else None) or 0.0


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}"


def _add_case(suite: ET.Element, item: Item) -> None:
    attributes = {"classname": one_line(item.group), "name": one_line(item.name)}
    if item.path is not None:
        attributes["file"] = one_line(item.path)
    if item.line is not None:
        attributes["line"] = str(item.line)
    attributes["time"] = _seconds(_time(item))
    case = ET.SubElement(suite, "testcase", attributes)
    if item.trial is not None:
        _add_properties(case, item.trial)
    _add_outcome(case, item.outcome)
    shown = _shown(item)
    if shown:
        ET.SubElement(case, "system-out").text = passage(shown)


def _add_outcome(case: ET.Element, outcome: Outcome) -> None:
    tags = {"failed": "failure", "error": "error", "skipped": "skipped"}
    tag = tags.get(outcome.colour)
    if tag is None:
        return
    attributes = {"type": one_line(outcome.kind), "message": one_line(outcome.words)}
    element = ET.SubElement(case, tag, attributes)
    again = [f"again: {outcome.again}"] if outcome.again else []
    element.text = "\n".join(map(one_line, [*outcome.lines, *again])) or None


def _add_properties(case: ET.Element, trial: TrialResult) -> None:
    timing, throughput, cassette = trial.timing, trial.throughput, trial.cassette
    values = {
        "timing_source": timing.source,
        "origin": trial.origin,
        "ttft_s": timing.ttft_s,
        "total_s": timing.total_s,
        "decode_tps": throughput.decode_tps,
        "token_source": throughput.token_source,
        "finish_reason": trial.finish_reason,
        "native_finish_reason": trial.native_finish_reason,
        "verdict": cassette.verdict if cassette else None,
        "fault": trial.fault,
        "reframe": trial.reframe,
        "tags": " ".join(trial.tags) or None,
    }
    properties = ET.SubElement(case, "properties")
    for name, value in values.items():
        if value is not None:
            ET.SubElement(properties, "property", name=name, value=one_line(str(value)))


def _shown(item: Item) -> str:
    """Return what a test case printed: the answer, turn by turn; for a threshold its figure."""
    if item.trial is None:
        return item.outcome.words if item.outcome.colour == "passed" else ""
    turns = item.trial.turns
    if len(turns) < 2:
        return item.trial.text
    return "\n".join(f"turn {n}:\n{turn.text}" for n, turn in enumerate(turns, start=1))
