"""The result JSON is canonical: its keys, its order, and nothing invented."""

from __future__ import annotations

import json

from results.support import make_result, make_trial

from glmbench.checks.evaluate import CheckResult
from glmbench.results.document import to_json
from glmbench.results.model import ErrorOutcome


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
