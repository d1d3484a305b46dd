"""A recording that is killed leaves whole cassettes; `benchmarks/kill.py` does it more often."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest

# A process for each command: `make slow` runs these.
pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill.py"


def script(monkeypatch):
    spec = importlib.util.spec_from_file_location("benchmarks_kill", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look their module up.
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_a_killed_recording_leaves_whole_cassettes_and_the_next_one_completes_it(
    tmp_path, monkeypatch
):
    kill = script(monkeypatch)
    rounds = asyncio.run(kill.survive_all(tmp_path, rounds=3, cases=12, seed=5))
    # Each round has checked what was left: see the script.
    assert len(rounds) == 3
    assert all(each.whole >= each.reported for each in rounds)
