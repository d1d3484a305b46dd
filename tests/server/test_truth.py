"""The file of the truth log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.server.truth import TruthLog

if TYPE_CHECKING:
    from pathlib import Path


def test_each_line_is_on_disk_when_the_call_returns(tmp_path: Path):
    path = tmp_path / "truth.jsonl"
    log = TruthLog(path)
    log.append(what="head", at=1.5)
    assert path.read_bytes() == b'{"what": "head", "at": 1.5}\n'
    log.append(case="你好")
    log.close()
    assert path.read_text(encoding="utf-8").splitlines()[1] == '{"case": "你好"}'


def test_a_log_is_appended_to(tmp_path: Path):
    path = tmp_path / "truth.jsonl"
    path.write_text("before\n")
    log = TruthLog(path)
    log.append(a=1)
    log.close()
    assert path.read_text() == 'before\n{"a": 1}\n'


def test_a_closed_log_and_a_log_without_a_path_write_nothing(tmp_path: Path):
    path = tmp_path / "truth.jsonl"
    log = TruthLog(path)
    log.close()
    log.close()
    log.append(a=1)
    nowhere = TruthLog(None)
    nowhere.append(a=1)
    nowhere.close()
    assert path.read_bytes() == b""
