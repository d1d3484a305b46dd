"""Ctrl-C ends a run, twice at once, and so does SIGTERM; what was finished is written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from e2e.support import PATHS, result_of, write_suite
from emulation import emulated

# A process for each command: `make slow` runs these.
pytestmark = pytest.mark.slow

SCRIPT = """
version: 1
answers:
  - {name: quick, prompt: quick, text: done}
  - {name: slow, prompt: slow, text: in the end, first_delay: 1500ms}
  - {name: endless, prompt: endless, text: going on, ending: {kind: stall, after: 2}}
"""

# At two a second: when the quick one is done the other is under way, and the next has to wait.
SUITE = """
version: 1
name: small
provider: chatglm
cases:
  - {id: other, prompt: slow}
  - {id: quick, prompt: quick}
  - {id: never, prompt: quick}
"""
FINISHING = "Interrupted: finishing 1 trial under way; press Ctrl-C again to stop at once.\n"


def start(folder, *options):
    command = [sys.executable, "-m", "glmbench", "run", "suite.yaml", "-o", "r.json"]
    return subprocess.Popen(
        [*command, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{PATHS}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def with_one_finished(folder, mode, suite=SUITE):
    """Run until the quick one is told as finished; yields the process."""
    write_suite(folder, suite)
    with emulated(folder, SCRIPT) as (host, port):
        how = ("-j", "2", "--rate", "2/s", "--connect-to", f"{host}:{port}")
        process = start(folder, "--mode", mode, *how)
        assert process.stderr.readline().startswith("[1/3] quick@glm-4@1 passed, ttft ")
        yield process


def end(process, code):
    """Wait for the end; return what the process wrote on standard error since."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Interrupted: what was finished is reported, the rest was not run." in out
    return err


def cases_in(path):
    return [trial["case"] for trial in result_of(path)["trials"]]


def cassettes_in(folder):
    return sorted(path.name.split("@")[0] for path in folder.glob("cassettes/small/*"))


@pytest.mark.parametrize("mode", ["live", "record"])
def test_the_first_ctrl_c_finishes_what_is_under_way(tmp_path, mode):
    with with_one_finished(tmp_path, mode) as process:
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == FINISHING
        assert end(process, 130).startswith("[2/3] other@glm-4@1 passed, ttft ")
    assert cases_in(tmp_path / "r.json") == ["other", "quick"]
    assert cassettes_in(tmp_path) == (["other", "quick"] if mode == "record" else [])


ENDLESS = SUITE.replace("prompt: slow", "prompt: endless")


@pytest.mark.parametrize("mode", ["live", "record"])
def test_the_second_one_stops_it(tmp_path, mode):
    with with_one_finished(tmp_path, mode, ENDLESS) as process:
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == FINISHING
        process.send_signal(signal.SIGINT)
        assert end(process, 130) == ""
    assert cases_in(tmp_path / "r.json") == ["quick"]
    assert cassettes_in(tmp_path) == (["quick"] if mode == "record" else [])


def test_sigterm_stops_it_at_once(tmp_path):
    with with_one_finished(tmp_path, "live", ENDLESS) as process:
        process.send_signal(signal.SIGTERM)
        assert end(process, 143) == ""
    assert cases_in(tmp_path / "r.json") == ["quick"]


STUBBORN = """
import asyncio
import sys


class Stubborn:
    default_model = "any"

    @classmethod
    async def create_async_generator(cls, model, messages):
        print("asked", file=sys.stderr, flush=True)
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                print("not yet", file=sys.stderr, flush=True)
        yield ""
"""
STUBBORN_SUITE = """
version: 1
name: small
provider: {import: "stubborn:Stubborn"}
cassettes: none
cases:
  - {id: one, prompt: Hi}
"""


def test_what_swallows_every_cancellation_ends_as_well_and_can_be_resumed(tmp_path):
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    write_suite(tmp_path, STUBBORN_SUITE)
    process = start(tmp_path, "--mode", "live")
    assert process.stderr.readline() == "asked\n"
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == FINISHING
    process.send_signal(signal.SIGINT)
    # The third ends the event loop, which cancels what is in it once more, and waits for that.
    said = []
    for line in process.stderr:
        said.append(line)
        if line == "not yet\n":
            process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    # Between them asyncio may tell of the task that it had to leave.
    assert "Interrupted.\n" in said
    assert not (tmp_path / "r.json").exists()
    assert (tmp_path / "r.json.journal").exists()


def test_the_emulator_stops_at_a_signal_and_says_where_it_listens(tmp_path):
    command = [sys.executable, "-m", "glmbench", "serve", "--emulate", "chatglm"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().startswith("Emulating chatglm at http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "")
