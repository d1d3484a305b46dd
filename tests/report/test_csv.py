"""A row for each trial that a spreadsheet and a program read alike, and no cell that acts."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

import pytest
from report.hostile import HOSTILE, make_hostile_result
from results.support import make_result, make_trial, make_turn

from glmbench.measure.timing import Throughput, Timing
from glmbench.report.csv import render_csv
from glmbench.results.model import ErrorOutcome


def read(result):
    return list(csv.DictReader(io.StringIO(render_csv(result), newline=""), strict=True))


def test_a_trial_is_a_row_under_names_with_units():
    timing = Timing(source="recorded", ttft_s=0.25, total_s=1.5, reads=3, events=4, gaps=2)
    turn = make_turn(attempts=2, waited_s=1.5)
    trial = make_trial(timing=timing, turns=(turn,), tags=("zh", "quick"))
    (row,) = read(make_result([trial]))
    assert row == {
        "suite": "small",
        "case": "one",
        "model": "glm-4",
        "repeat": "1",
        "file": "small.yaml",
        "line": "5",
        "tags": "zh quick",
        "status": "passed",
        "expected_finish_reason": "stop",
        "finish_reason": "stop",
        "native_finish_reason": "finish",
        "error_type": "",
        "error_status": "",
        "error_code": "",
        "verdict": "HIT",
        "cassette": "c/one@glm-4@1.yaml",
        "origin": "live",
        "timing_source": "recorded",
        "ttfb_s": "",
        "ttft_s": "0.25",
        "ttfo_s": "",
        "finish_s": "",
        "total_s": "1.5",
        "gap_p50_s": "",
        "gap_p95_s": "",
        "gap_max_s": "",
        "gaps": "2",
        "stalls": "",
        "reads": "3",
        "events": "4",
        "events_per_read": "",
        "connection_reused": "false",
        "paused": "false",
        "client_lag_p50_s": "",
        "client_lag_max_s": "",
        "token_source": "estimate",
        "output_tokens": "40",
        "output_chars": "100",
        "decode_tps": "32.0",
        "e2e_tps": "26.7",
        "chars_ps": "80.0",
        "tokens_per_read": "",
        "usage_input_tokens": "",
        "usage_output_tokens": "",
        "turns": "1",
        "attempts": "2",
        "waited_s": "1.5",
        "fault": "",
        "reframe": "",
        "skipped": "",
    }


def test_every_figure_of_a_trial_has_a_column():
    (row,) = read(make_result([make_trial()]))
    figures = {field.name for kind in (Timing, Throughput) for field in fields(kind)}
    assert figures - {"source"} <= set(row)


def test_an_error_is_told_by_its_type_status_and_code():
    error = ErrorOutcome(type="RateLimitedError", message="slow", status=429, code="1302")
    (row,) = read(make_result([make_trial(status="error", error=error)]))
    assert (row["error_type"], row["error_status"], row["error_code"]) == (
        "RateLimitedError",
        "429",
        "1302",
    )


def test_an_ending_without_a_finish_reason_that_is_expected_is_called_none():
    (row,) = read(make_result([make_trial(expected_finish_reason=(None, "stop"))]))
    assert row["expected_finish_reason"] == "none or stop"


def test_lines_end_as_rfc_4180_has_it_and_no_byte_order_mark_leads():
    text = render_csv(make_result([make_trial()]))
    assert text.startswith("suite,case,")
    assert [line.count("\n") for line in text.split("\r\n")] == [0, 0, 0]


def test_a_run_of_nothing_is_a_line_of_names():
    assert render_csv(make_result([])).count("\r\n") == 1


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝cmd()"])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text):
    (row,) = read(make_result([make_trial(case=text)]))
    assert row["case"].startswith("'")


def test_a_negative_number_stays_a_number():
    (row,) = read(make_result([make_trial(timing=Timing(source="live", ttft_s=-0.5))]))
    assert row["ttft_s"] == "-0.5"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_begins_a_formula_or_another_row(text):
    result = make_hostile_result(text)
    rows = read(result)
    assert [row["repeat"] for row in rows] == ["1", "2", "3", "4"]
    starts = {cell[:1] for row in rows for cell in row.values()}
    assert starts.isdisjoint("=+-@\t\r＝＋－＠")
    assert render_csv(result).encode().count(b"\r\n") == 5
