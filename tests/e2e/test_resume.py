"""A run that is killed and resumed gives the result of one that was not."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest
from e2e.support import PATHS, QUICKSTART, ROOT, glmbench, result_of, write_suite
from emulation import emulated, truth

# A process for each command: `make slow` runs these.
pytestmark = pytest.mark.slow

# The provider of the shipped suite, but it holds the run up where the environment says so.
HELD_UP = """
import os
import sys
import time

from glmbench import ChatGLM


class HeldUp(ChatGLM):
    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        if messages[-1]["content"].startswith(os.environ.get("HOLD_UP_AT", "nothing")):
            print("held up", file=sys.stderr, flush=True)
            time.sleep(3600)
        async for part in super().create_async_generator(model, messages, **options):
            yield part
"""


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped suite that can be held up."""
    (tmp_path / "held_up.py").write_text(HELD_UP)
    text = QUICKSTART.read_text(encoding="utf-8")
    text = text.replace("name: chatglm", "import: held_up:HeldUp")
    text = text.replace("dir: ../cassettes", f"dir: {ROOT}/cassettes")
    write_suite(tmp_path, text)
    return tmp_path


def start(folder, *args, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "glmbench", "run", "suite.yaml", *args],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{PATHS}", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def without_time_of_day(path):
    text, count = re.subn(r'"started_at": "[^"]+"', "", path.read_text(encoding="utf-8"))
    assert count == 1
    return text


@pytest.mark.parametrize(
    ("hold_up_at", "finished"), [("9.11 和 9.9", 4), ("你好", 0), ("把“早上好”", 7), ("这是", 11)]
)
def test_wherever_a_run_is_killed_resumed_it_gives_the_same_result(folder, hold_up_at, finished):
    process = start(folder, "-o", "r.json", HOLD_UP_AT=hold_up_at)
    assert process.stderr.readline() == "held up\n"
    kill(process)
    journal = folder / "r.json.journal"
    assert journal.read_bytes().count(b"\n") == 1 + finished
    assert not (folder / "r.json").exists()
    resumed = glmbench("run", "suite.yaml", "--resume", "r.json", cwd=folder)
    whole = glmbench("run", "suite.yaml", "-o", "whole.json", cwd=folder)
    assert (resumed.code, resumed.out, resumed.err) == (whole.code, whole.out, whole.err)
    assert without_time_of_day(folder / "r.json") == without_time_of_day(folder / "whole.json")
    assert not journal.exists()


def test_killed_again_and_again_it_goes_on_from_where_it_was(folder):
    journal = folder / "r.json.journal"
    for output, prompt, finished in (("-o", "Reply", 1), ("--resume", "写一首", 5)):
        process = start(folder, output, "r.json", HOLD_UP_AT=prompt)
        assert process.stderr.readline() == "held up\n"
        kill(process)
        assert journal.read_bytes().count(b"\n") == 1 + finished
    assert glmbench("run", "suite.yaml", "--resume", "r.json", cwd=folder).code == 0
    assert len(result_of(folder / "r.json")["trials"]) == 12


def test_a_line_that_the_kill_tore_is_done_again(folder):
    process = start(folder, "-o", "r.json", HOLD_UP_AT="写一首")
    assert process.stderr.readline() == "held up\n"
    kill(process)
    journal = folder / "r.json.journal"
    journal.write_bytes(journal.read_bytes()[:-100])
    assert glmbench("run", "suite.yaml", "--resume", "r.json", cwd=folder).code == 0
    glmbench("run", "suite.yaml", "-o", "whole.json", cwd=folder)
    assert without_time_of_day(folder / "r.json") == without_time_of_day(folder / "whole.json")


def test_a_run_on_the_real_clock_is_resumed_as_well(folder):
    process = start(folder, "--timing", "4x", "-o", "r.json")
    journal = folder / "r.json.journal"
    while not journal.exists() or journal.read_bytes().count(b"\n") < 3:
        assert process.poll() is None
    kill(process)
    options = ("suite.yaml", "--timing", "4x")
    glmbench("run", *options, "--resume", "r.json", cwd=folder)
    glmbench("run", *options, "-o", "whole.json", cwd=folder)
    resumed, whole = result_of(folder / "r.json"), result_of(folder / "whole.json")
    for result in (resumed, whole):
        # The one figure of a replay that is measured.
        assert result.pop("replay_lag_s")["n"] > 0
        del result["environment"]["started_at"]
    assert resumed == whole


SCRIPT = """
version: 1
answers:
  - {name: numbers, prompt: {matches: ^number}, text: "It was {prompt}.", echo: true}
"""
LIVE = """
version: 1
name: small
provider: chatglm
cases:
  - {id: one, prompt: number 1}
  - {id: two, prompt: number 2}
  - {id: three, prompt: number 3}
"""


def test_a_live_run_that_was_interrupted_asks_only_for_the_rest(tmp_path):
    write_suite(tmp_path, LIVE)
    with emulated(tmp_path, SCRIPT) as (host, port):
        how = ("--mode", "live", "--connect-to", f"{host}:{port}")
        # One an hour: the run is waiting when Ctrl-C comes.
        process = start(tmp_path, *how, "--rate", "1/h", "-o", "r.json")
        assert process.stderr.readline().startswith("[1/3] one@glm-4@1 passed, ttft ")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == (None, "")
        assert process.returncode == 130
        assert result_of(tmp_path / "r.json")["interrupted"] is True
        done = glmbench("run", "suite.yaml", *how, "--resume", "r.json", cwd=tmp_path)
        assert done.code == 0
        assert len({line["request"] for line in truth(tmp_path)}) == 3
    result = result_of(tmp_path / "r.json")
    assert result["interrupted"] is False
    assert [trial["case"] for trial in result["trials"]] == ["one", "two", "three"]
    assert not (tmp_path / "r.json.journal").exists()


SPOILING = """
import os

from glmbench import ChatGLM


class HeldUp(ChatGLM):
    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        if "SPOIL" in os.environ:
            os.makedirs("r.json", exist_ok=True)
        async for part in super().create_async_generator(model, messages, **options):
            yield part
"""


def test_a_result_that_could_not_be_written_is_made_of_the_journal(folder):
    (folder / "held_up.py").write_text(SPOILING)
    done = glmbench("run", "suite.yaml", "-o", "r.json", cwd=folder, SPOIL="1")
    assert (done.code, done.err) == (2, "r.json could not be written: Is a directory\n")
    assert (folder / "r.json.journal").read_bytes().count(b"\n") == 13
    (folder / "r.json").rmdir()
    assert glmbench("run", "suite.yaml", "--resume", "r.json", cwd=folder).code == 0
    assert len(result_of(folder / "r.json")["trials"]) == 12
    assert not (folder / "r.json.journal").exists()


def test_where_nothing_is_missing_the_result_is_shown_again(folder):
    first = glmbench("run", "suite.yaml", "-o", "r.json", cwd=folder)
    before = (folder / "r.json").read_bytes()
    again = glmbench("run", "suite.yaml", "--resume", "r.json", HOLD_UP_AT="", cwd=folder)
    assert (again.code, again.out) == (first.code, first.out)
    assert again.err == "r.json is complete: nothing was run.\n"
    assert (folder / "r.json").read_bytes() == before


def test_where_there_is_nothing_to_resume_nothing_is_run(folder):
    done = glmbench("run", "suite.yaml", "--resume", "r.json", HOLD_UP_AT="", cwd=folder)
    message = "there is nothing to resume: neither r.json nor r.json.journal exists\n"
    assert (done.code, done.out, done.err) == (2, "", message)


def test_another_run_is_not_resumed(folder):
    process = start(folder, "-o", "r.json", HOLD_UP_AT="写一首")
    assert process.stderr.readline() == "held up\n"
    kill(process)
    before = (folder / "r.json.journal").read_bytes()
    done = glmbench("run", "suite.yaml", "--resume", "r.json", "--timing", "instant", cwd=folder)
    message = (
        "r.json.journal is the journal of another run: "
        "quickstart: timing was recorded and is instant\n"
    )
    assert (done.code, done.out, done.err) == (2, "", message)
    assert (folder / "r.json.journal").read_bytes() == before
