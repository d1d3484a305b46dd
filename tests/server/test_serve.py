"""`glmbench serve` refuses a script for another service, and the recorder one that is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from glmbench.cli.main import cli
from glmbench.errors import UsageError

ROOT = Path(__file__).parents[2]
RECORDER = ROOT / "scripts" / "record_cassettes.py"

SUITE = """
version: 1
provider: glm
cassettes: {dir: ../cassettes}
cases: [{id: hi, prompt: Hi}]
"""
SCRIPT = """
version: 1
emulate: completions
answers: [{name: hi, prompt: Hi, text: Hello}]
"""


@pytest.mark.parametrize(
    ("asked", "emulate", "written"),
    [
        ("chatglm", "emulate: completions", "completions"),
        ("completions", "emulate: chatglm", "chatglm"),
        ("completions", "", "chatglm"),
    ],
)
def test_a_script_for_another_service_is_refused(tmp_path, asked, emulate, written):
    path = tmp_path / "script.yaml"
    path.write_text(f"version: 1\n{emulate}\nanswers: []\n", encoding="utf-8")
    done = CliRunner().invoke(cli, ["serve", "--emulate", asked, "--script", str(path)])
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == (
        f'{path} is a script for "--emulate {written}": one for {asked} says "emulate: {asked}"'
    )


def run_recorder(folder, *names, **environment):
    return subprocess.run(
        [sys.executable, RECORDER, *names],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def prompts(tmp_path):
    """A project with one suite and its script, and a suite that has none."""
    (tmp_path / "prompts" / "emulator").mkdir(parents=True)
    (tmp_path / "prompts" / "tiny.yaml").write_text(SUITE, encoding="utf-8")
    (tmp_path / "prompts" / "silent.yaml").write_text(SUITE, encoding="utf-8")
    (tmp_path / "prompts" / "emulator" / "tiny.yaml").write_text(SCRIPT, encoding="utf-8")
    return tmp_path


def test_the_recorder_starts_the_emulator_of_the_script_and_lends_no_real_key(prompts):
    mine = {"ZHIPUAI_API_KEY": "my-own-key-1", "ZAI_API_KEY": "my-own-key-2"}
    done = run_recorder(prompts, "tiny", **mine)
    assert done.returncode == 0, done.stdout + done.stderr
    (cassette,) = (prompts / "cassettes").glob("*.yaml")
    text = cassette.read_text(encoding="utf-8")
    assert "uri: https://open.bigmodel.cn/api/paas/v4/chat/completions" in text
    assert "origin: emulator" in text
    assert "key" not in text


def test_the_recorder_refuses_a_name_without_a_script(prompts):
    done = run_recorder(prompts, "tiny", "silent")
    assert done.returncode == 2
    assert done.stderr == "no suite with a script is called silent; there are: tiny\n"
    assert not (prompts / "cassettes").exists()
