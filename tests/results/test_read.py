"""An earlier result says what to run again."""

from __future__ import annotations

import re

import pytest
from results.support import make_result, make_trial

from glmbench.errors import UsageError
from glmbench.results.document import to_json
from glmbench.results.model import STATUSES
from glmbench.results.read import read_failed


def test_all_but_what_passed_and_what_was_skipped_is_run_again(tmp_path):
    trials = [make_trial(status=status, case=status) for status in STATUSES]
    trials.append(make_trial(status="failed", suite="other", case="a.1", model="m", repeat=3))
    path = tmp_path / "r.json"
    path.write_bytes(to_json(make_result(trials)))
    assert read_failed(path) == {
        "small/failed@glm-4@1",
        "small/error@glm-4@1",
        "small/unmeasured@glm-4@1",
        "small/interrupted@glm-4@1",
        "other/a.1@m@3",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "r.json is no result of glmbench: Input data was truncated"),
        (b"[]", "r.json is no result of glmbench: Expected `object`, got `array`"),
        (b"{}", "r.json is no result of glmbench: Object missing required field `schema`"),
        (
            b'{"schema": "glmbench.result/9", "trials": []}',
            "r.json is a 'glmbench.result/9', and this glmbench reads 'glmbench.result/1'",
        ),
        (b"[" * 100_000, "r.json is no result of glmbench: "),
    ],
)
def test_what_is_no_result_of_this_version_is_refused(tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(UsageError, match=f"^{re.escape(message)}"):
        read_failed((tmp_path / "r.json").relative_to(tmp_path))


def test_a_result_that_is_not_there_is_said_to_be_unreadable(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.json cannot be read: No such file or directory$"):
        read_failed(tmp_path / "gone.json")
