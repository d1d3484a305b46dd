"""The result JSON is canonical: its keys, its order, and nothing invented."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from results.support import make_result, make_trial, make_turn

from glmbench.checks.evaluate import CheckResult
from glmbench.errors import UsageError
from glmbench.measure.stats import Summary as Distribution
from glmbench.measure.timing import Throughput, Timing
from glmbench.results.document import from_json, result_schema, to_json
from glmbench.results.model import (
    CassetteOutcome,
    Caveat,
    ErrorOutcome,
    GateResult,
    Leak,
    RunResult,
    TrialResult,
)
from glmbench.results.timeline import Timeline


def test_the_document_has_its_schema_first_and_the_summary_last():
    document = json.loads(to_json(make_result([make_trial()], environment={"python": "3"})))
    assert list(document) == [
        "schema",
        "suite",
        "environment",
        "interrupted",
        "strict",
        "trials",
        "details",
        "cases",
        "statistics",
        "thresholds",
        "regressions",
        "uncompared",
        "warnings",
        "leaks",
        "replay_lag_s",
        "summary",
    ]
    assert document["schema"] == "glmbench.result/1"
    assert document["suite"] == [
        {"name": "small", "path": "small.yaml", "provider": "chatglm", "cases": 1}
    ]
    assert document["environment"] == {"python": "3"}


def test_a_trial_is_written_whole():
    trial = make_trial(
        status="failed",
        finish_reason=None,
        checks=(CheckResult(name="error", status="failed", expected="a", got="b"),),
        error=ErrorOutcome(type="AuthError", message="no", status=401, code="40102"),
    )
    (written,) = json.loads(to_json(make_result([trial])))["trials"]
    assert written["finish_reason"] is None
    assert written["checks"] == [
        {"name": "error", "status": "failed", "expected": "a", "got": "b", "note": None}
    ]
    assert written["error"] == {
        "type": "AuthError",
        "message": "no",
        "status": 401,
        "code": "40102",
    }
    assert written["timing"]["ttft_s"] == 0.25
    assert written["timing"]["finish_s"] is None


def test_equal_results_give_equal_bytes_and_text_stays_text():
    trial = make_trial(text="你好 </script> \x1b[31m \u202e")
    first, second = (to_json(make_result([trial])) for _ in range(2))
    assert first == second
    assert "你好" in first.decode()
    assert json.loads(first)["trials"][0]["text"] == trial.text


# --- and back ---------------------------------------------------------------------------------

FULL = make_result(
    [
        make_trial(
            status="failed",
            finish_reason=None,
            expected_finish_reason=("stop", None),
            checks=(CheckResult(name="a", status="unmeasured", expected="b", got="c", note="d"),),
            error=ErrorOutcome(type="AuthError", message="no", status=401, code="40102"),
            turns=(make_turn(timeline=Timeline(reads="1/2/3/4/5 6/7/8/9/0", others=((2, "x"),))),),
            tags=("slow", "zh"),
            min_pass=2,
            place=7,
            fault="{refuse: true}",
            reframe="byte",
        ),
        make_trial(case="two", status="skipped", skipped="why", cassette=None, turns=()),
    ],
    environment={"mode": "live", "libraries": {"aiohttp": "3"}, "profile": None, "retries": 0},
    interrupted=True,
    strict=True,
    warnings=(Caveat(trials=("small/one@glm-4@1",), words="weak"),),
    leaks=(Leak(place="here", words="a key"),),
    gates=(
        GateResult(
            suite="small",
            text="p50(ttft) < 2s",
            status="ignored",
            got="",
            n=0,
            severity="warn",
            note="n",
            tag="slow",
            when="live",
        ),
    ),
    replay_lag=Distribution(n=2, min=0.1, p50=0.1, max=0.2),
    regressions=("slower",),
    uncompared=True,
    details={"small/one@glm-4@1": "text"},
)


def test_what_is_read_is_what_was_written():
    assert from_json(to_json(FULL), "r.json") == FULL


floats = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


@given(st.text(), st.text(), floats, floats, st.lists(st.text(), max_size=3))
def test_any_text_and_any_figure_comes_back_to_the_last_bit(text, reasoning, first, rate, tags):
    trial = make_trial(
        text=text,
        reasoning=reasoning,
        timing=Timing(source="live", ttft_s=first),
        throughput=Throughput(decode_tps=rate),
        tags=tuple(tags),
    )
    result = make_result([trial])
    assert from_json(to_json(result), "r.json") == result


def test_every_field_of_a_trial_and_of_a_run_is_given_a_value_of_its_own_above():
    """Else the test that reads back what was written would not see that a field is forgotten."""
    plain = make_result([make_trial()])
    unlike = {name for name in RunResult.__slots__ if getattr(FULL, name) != getattr(plain, name)}
    assert unlike == set(RunResult.__slots__) - {"suites"}
    own = {"suite", "case", "model", "repeat", "line", "skipped", "cassette"}
    same = {
        name
        for name in TrialResult.__slots__
        if getattr(FULL.trials[0], name) == getattr(plain.trials[0], name)
    }
    assert same - own == {
        "native_finish_reason",
        "finish_message",
        "rewritten",
        "dropped_chars",
        "text",
        "reasoning",
        "origin",
        "timing",
        "throughput",
    }


def test_infinity_is_written_as_a_word():
    failed = make_trial(
        case="two",
        status="error",
        error=ErrorOutcome(type="ServerFailedError"),
        cassette=CassetteOutcome(path="c", verdict="HIT"),
    )
    document = json.loads(to_json(make_result([make_trial(), failed, replace(failed, case="3")])))
    (group, *_) = document["statistics"]
    assert (group["trials"], group["failed"]) == (3, 2)
    assert group["statistics"][0]["values"]["adjusted_p50"] == "inf"


def test_a_written_result_fits_the_published_schema():
    schema = result_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(to_json(FULL)), schema)


def test_the_schema_knows_the_statistics_and_their_infinity():
    error = ErrorOutcome(type="ServerFailedError")
    trials = [make_trial(), make_trial(case="two", status="error", error=error)]
    document = json.loads(to_json(make_result([*trials, replace(trials[1], case="three")])))
    jsonschema.validate(document, result_schema())
    values = document["statistics"][0]["statistics"][0]["values"]
    assert values["adjusted_p50"] == "inf"
    values["adjusted_p50"] = "never"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, result_schema())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trials": [{}]}, "Object missing required field `suite` - at `$.trials[0]`"),
        ({"suite": []}, 'the trial one@glm-4@1 is of the suite "small", which is not listed'),
        (
            {"suite": [{"name": "small", "path": "p", "provider": "q", "cases": 1}] * 2},
            'the suite "small" is listed twice',
        ),
        ({"environment": {"fault": ["x"]}}, "fault in its environment is no text"),
        ({"environment": {"started_at": 1}}, "started_at in its environment is no text"),
        ({"environment": {"shard": "3"}}, "shard in its environment is none"),
        (
            {"interrupted": "yes"},
            "Expected `bool`, got `str` - at `$.interrupted`",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(change, message):
    content = json.dumps({**json.loads(to_json(FULL)), **change}).encode()
    with pytest.raises(
        UsageError, match=f"^{re.escape(f'r.json is no result of glmbench: {message}')}$"
    ):
        from_json(content, "r.json")


def test_a_trial_that_is_there_twice_and_a_broken_timeline_are_refused():
    document = json.loads(to_json(FULL))
    twice = {**document, "trials": [document["trials"][0]] * 2}
    with pytest.raises(UsageError, match=r"the trial small/one@glm-4@1 is in it twice$"):
        from_json(json.dumps(twice).encode(), "r.json")
    for reads in ("1/2/3/4", "x", "1/2/3/4/5 ", "-1/2/3/4/5", "1/2/3/4/5  1/2/3/4/5"):
        document["trials"][0]["turns"][0]["timeline"]["reads"] = reads
        with pytest.raises(UsageError, match=r"one@glm-4@1 has a timeline that cannot be read$"):
            from_json(json.dumps(document).encode(), "r.json")


def test_what_is_no_text_at_all_is_refused():
    content = to_json(FULL).replace(b'"p50(ttft)', b'"\xa6')
    with pytest.raises(UsageError, match=r"^r\.json is no result of glmbench: 'utf-8' codec"):
        from_json(content, "r.json")
