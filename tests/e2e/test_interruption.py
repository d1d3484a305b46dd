"""Ctrl-C and SIGTERM stop a run; what was finished is written, and the exit code says which."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from e2e.support import result_of, write_suite
from emulation import emulated

SCRIPT = """
version: 1
answers:
  - {name: quick, prompt: quick, text: done}
  - {name: endless, prompt: endless, text: going on, ending: {kind: stall, after: 2}}
"""

SUITE = """
version: 1
name: small
provider: chatglm
cases:
  - {id: quick, prompt: quick}
  - {id: endless, prompt: endless}
  - {id: never, prompt: quick}
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("mode", ["live", "record"])
def test_what_is_finished_is_written(tmp_path, number, code, mode):
    write_suite(tmp_path, SUITE)
    with emulated(tmp_path, SCRIPT) as (host, port):
        command = [sys.executable, "-m", "glmbench", "run", "suite.yaml", "--mode", mode]
        command += ["--connect-to", f"{host}:{port}", "-o", "r.json"]
        process = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        # The first trial is announced when it is finished; the second one never ends.
        assert process.stderr.readline() == "[1/3] quick@glm-4@1 passed\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (code, "")
    assert "Interrupted: what was finished is reported, the rest was not run." in out
    assert [trial["case"] for trial in result_of(tmp_path / "r.json")["trials"]] == ["quick"]
    cassettes = sorted(path.name for path in tmp_path.glob("cassettes/small/*"))
    assert cassettes == (["quick@glm-4@1.yaml"] if mode == "record" else [])


def test_the_emulator_stops_at_a_signal_and_says_where_it_listens(tmp_path):
    command = [sys.executable, "-m", "glmbench", "serve", "--emulate", "chatglm"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().startswith("Emulating chatglm at http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "")
