"""`glmbench serve CASSETTES`: what it says, what it refuses, and how it stops."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from server.recorded import recorded

from glmbench.cassettes.store import save
from glmbench.cli.main import cli
from glmbench.errors import UsageError


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "serve needs either CASSETTES or --emulate SERVICE, and not both"),
        (
            ["x", "--emulate", "chatglm"],
            "serve needs either CASSETTES or --emulate SERVICE, and not both",
        ),
        (["x", "--script", "s.yaml"], "--script goes with --emulate only"),
        (["x", "--truth", "t.jsonl"], "--truth goes with --emulate only"),
        (["--emulate", "chatglm", "--timing", "1x"], "--timing goes with CASSETTES only"),
        (["--emulate", "chatglm", "--fault", ""], "--fault goes with CASSETTES only"),
        (["--emulate", "chatglm", "--reframe", "byte"], "--reframe goes with CASSETTES only"),
    ],
)
def test_options_that_do_not_go_together_are_refused(args, message):
    done = CliRunner().invoke(cli, ["serve", *args], standalone_mode=False)
    assert isinstance(done.exception, click.UsageError)
    assert done.exception.message == message


@pytest.mark.parametrize(
    "args",
    [
        ["none"],
        [".", "--timing", "fast"],
        [".", "--fault", "{cut: 3}"],
        [".", "--reframe", "bytes"],
    ],
)
def test_what_cannot_be_played_is_a_usage_error(tmp_path, monkeypatch, args):
    save(tmp_path / "c.yaml", [recorded(b"x")])
    monkeypatch.chdir(tmp_path)
    assert isinstance(CliRunner().invoke(cli, ["serve", *args]).exception, UsageError)


def test_a_damaged_cassette_is_named_and_ends_it_with_6(tmp_path):
    damaged = tmp_path / "c.yaml"
    damaged.write_text("version: 1\ninteractions: []\n")
    done = CliRunner().invoke(cli, ["serve", str(tmp_path)], standalone_mode=False)
    assert done.return_value == 6
    assert done.stdout == ""
    assert done.stderr == (
        f"{damaged} is damaged: it holds no interaction. Restore it, or record it again with "
        "--mode refresh.\n"
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_serves_until_it_is_stopped(tmp_path, number, code):
    save(tmp_path / "c.yaml", [recorded(b"x", b"y", end="timeout")])
    fault = "{cut_after: 1, kind: eof}"
    command = [sys.executable, "-m", "glmbench", "serve", str(tmp_path), "--fault", fault]
    served = subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with served:
        said = served.stdout.readline().decode()
        place = re.fullmatch(
            rf"Serving 1 recording of {tmp_path} at (http://127\.0\.0\.1:\d+) "
            r"\(Ctrl-C stops it\)\n",
            said,
        )
        assert served.stdout.readline().decode() == (
            f"These are recordings, not the service, with the fault {fault}.\n"
        )
        request = urllib.request.Request(
            f"{place[1]}/v1/stream?a=1&b=2",
            data=b'{"q": 1}',
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.read() == b"x"
        served.send_signal(number)
        assert served.wait() == code
        assert served.stderr.read() == b""
