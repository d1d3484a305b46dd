"""What became of the thresholds, as a table within 80 columns."""

from __future__ import annotations

from wcwidth import wcswidth

from glmbench.report.gates import render_gates
from glmbench.results.model import GateResult


def gate(text="p95(ttft) < 2s", **changes):
    usual = {"suite": "small", "text": text, "status": "passed", "got": "1.24s", "n": 20}
    return GateResult(**{**usual, "severity": "error", **changes})


def test_each_threshold_is_a_line_with_its_figure_and_sample():
    gates = [gate(), gate("rate(passed) == 100%", status="failed", got="95%", n=40)]
    assert render_gates(gates).splitlines() == [
        "Thresholds",
        "threshold               got   n  status",
        "--------------------  -----  --  ------",
        "p95(ttft) < 2s        1.24s  20  passed",
        "rate(passed) == 100%    95%  40  failed",
    ]


def test_a_threshold_without_a_verdict_says_why_below():
    note = "p95 needs at least 20 values"
    drawn = render_gates([gate(status="unmeasured", got="", n=3, note=note)]).splitlines()
    assert drawn[3:] == [
        "p95(ttft) < 2s    -  3  unmeasured",
        "Unmeasured: p95(ttft) < 2s: p95 needs at least 20 values.",
    ]


def test_a_warning_is_told_from_a_failure():
    gates = [
        gate(status="failed", severity="warn"),
        gate(status="unmeasured", severity="warn"),
        gate(status="passed", severity="warn"),
    ]
    assert [line.partition("20  ")[2] for line in render_gates(gates).splitlines()[3:]] == [
        "failed (warning)",
        "unmeasured (warning)",
        "passed",
    ]


def test_suites_are_named_when_there_are_several():
    drawn = render_gates([gate(), gate(suite="other")]).splitlines()
    assert [line.partition(" <")[0] for line in drawn[3:]] == [
        "small: p95(ttft)",
        "other: p95(ttft)",
    ]


def test_wide_names_are_shortened_and_no_line_is_wider_than_the_terminal():
    note = "gates live figures only, and these are recorded"
    wide = gate(f"p95(ttft) < 2s, tag {'长' * 60}", status="ignored", got="", n=0, note=note)
    drawn = render_gates([gate(), wide, gate(suite="other")]).splitlines()
    assert drawn[4].endswith("…      -   0  ignored")
    assert max(map(wcswidth, drawn)) <= 80


def test_what_could_steer_a_terminal_is_shown_escaped():
    drawn = render_gates([gate("p95(ttft) < 2s, tag \x1b[31m", status="ignored", note="why")])
    assert "\x1b" not in drawn


def test_without_thresholds_there_is_nothing_to_draw():
    assert render_gates([]) == ""
