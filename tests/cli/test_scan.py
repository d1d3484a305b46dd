"""The exit codes of `glmbench cassette scan`, and what it prints where."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from inspection.leaking import KEY, events, make

from glmbench.cassettes.store import load, save
from glmbench.cli.main import cli
from glmbench.errors import UsageError


def run(*args):
    """Return the exit code as `main` takes it, and both outputs."""
    done = CliRunner().invoke(cli, ["cassette", "scan", *map(str, args)], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value, done.stdout, done.stderr


def test_nothing_found_is_success(tmp_path):
    save(tmp_path / "c.yaml", [make(events("hello"))])
    assert run(tmp_path) == (0, "1 file: nothing that looks like a credential\n", "")


def test_a_finding_exits_with_6_and_is_not_shown(tmp_path):
    save(tmp_path / "c.yaml", [make(events(KEY))])
    code, out, _ = run(tmp_path)
    assert code == 6
    assert out.splitlines()[0] == (
        f"{tmp_path}/c.yaml: interaction 1, response body, event 1, $.delta.content: "
        "looks like an OpenAI-style key (sk-f…, 35 characters)"
    )
    assert KEY[:5] not in out


def test_fix_replaces_says_so_and_succeeds(tmp_path):
    save(tmp_path / "c.yaml", [make(events(KEY))])
    code, out, _ = run("--fix", tmp_path)
    assert code == 0
    assert out.splitlines() == [
        f"{tmp_path}/c.yaml: replaced 1 text by [redacted]",
        "1 file: nothing that looks like a credential",
    ]
    assert load(tmp_path / "c.yaml")[0].body == events("[redacted]")


def test_fix_leaves_a_result_alone_and_exits_with_6(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps({"text": KEY}))
    code, out, _ = run("--fix", tmp_path / "r.json")
    assert (code, "other files have to be made again" in out) == (6, True)
    assert json.loads((tmp_path / "r.json").read_text()) == {"text": KEY}


def test_a_damaged_cassette_exits_with_6(tmp_path):
    (tmp_path / "c.yaml").write_text("interactions: [\n")
    code, out, _ = run(tmp_path)
    assert code == 6
    assert f"{tmp_path}/c.yaml is damaged: " in out


def test_nothing_to_search_exits_with_7(tmp_path):
    assert run(tmp_path) == (7, "", f"there is nothing to search in {tmp_path}\n")


def test_a_path_that_does_not_exist_is_a_usage_error(tmp_path):
    # main() makes exit code 2 of it.
    with pytest.raises(UsageError, match=r"there is no .*/nothing$"):
        run(tmp_path / "nothing")
