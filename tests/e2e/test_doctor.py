"""`glmbench doctor`, as a user runs it."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner
from e2e.support import glmbench

from glmbench.cli.main import cli

KEY = "0123456789abcdef.very-secret"
PROXY = "http://user:pass-word@proxy.example:3128"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def diagnosed():
    return glmbench("doctor", ZAI_API_KEY=KEY, OPENAI_API_KEY="", https_proxy=PROXY)


def section(finished, title):
    """Return the rows of a table, cut at blanks, by its title."""
    (found,) = [part for part in finished.out.split("\n\n") if part.startswith(title)]
    return [line.split() for line in found.splitlines()[3:]]


def test_it_measures_every_stream_and_exits_with_0(diagnosed):
    assert diagnosed.code == 0
    rows = section(diagnosed, "Calibration")
    assert [(row[0], " ".join(row[1:3]), row[3]) for row in rows[:2] + rows[3:5]] == [
        ("1", "TTFT error", "3"),
        ("1", "|gap error|", "30"),
        ("20", "TTFT error", "20"),
        ("20", "|gap error|", "200"),
    ]
    assert diagnosed.err == "Measuring on 127.0.0.1 for about two seconds ...\n"


def test_it_says_which_keys_and_proxies_are_set_and_never_their_values(diagnosed):
    assert ["glm", "ZAI_API_KEY", "set"] in section(diagnosed, "API keys")
    assert ["completions", "OPENAI_API_KEY", "not", "set"] in section(diagnosed, "API keys")
    assert ["HTTPS_PROXY", "set"] in section(diagnosed, "Proxies")
    shown = diagnosed.out + diagnosed.err
    assert [
        word for word in (KEY, "very-secret", "pass-word", "proxy.example") if word in shown
    ] == []


def test_everything_fits_into_80_columns(diagnosed):
    assert [line for line in diagnosed.out.splitlines() if len(line) > 80] == []


def test_without_a_calibration_it_says_why_and_exits_with_5(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    done = CliRunner().invoke(cli, ["doctor"], standalone_mode=False)
    assert done.return_value == 5
    assert done.stdout.startswith("Versions\n")
    assert done.stdout.endswith("\n\nThere is no calibration: No such file or directory\n")
