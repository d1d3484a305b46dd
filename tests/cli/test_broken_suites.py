"""A broken suite ends every verb that reads it with exit code 3, and nothing is run."""

from __future__ import annotations

import pytest
from suites.broken import broken_suites, write_files

from glmbench.cli.main import _guarded

BROKEN = list(broken_suites())


@pytest.mark.parametrize("broken", BROKEN, ids=[f"{n} {b.kind}" for n, b in enumerate(BROKEN)])
def test_a_broken_suite_is_exit_3_with_all_its_problems_and_nothing_is_run(
    broken, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    (tmp_path / "quick.yaml").write_text(broken.text, encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    codes = [
        _guarded([*verb, "quick.yaml"])
        for verb in (["run"], ["run", "--mode", "live"], ["record"], ["validate"], ["drift"])
    ]
    out, err = capsys.readouterr()
    assert codes == [3] * 5
    assert out == ""
    assert err.count("quick.yaml:") >= 5 * len(broken.problems)
    assert sorted(tmp_path.rglob("*")) == before
