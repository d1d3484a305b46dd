"""The verbs that look into cassettes, as a user types them."""

from __future__ import annotations

import os
import shutil

import pytest
from e2e.support import ROOT, glmbench, write_suite
from wcwidth import wcswidth

# A process for each command: `make slow` runs these.
pytestmark = pytest.mark.slow

SHIPPED = ROOT / "cassettes"
PING = SHIPPED / "quickstart" / "ping@glm-4@1.yaml"
CUT = SHIPPED / "quickstart" / "cut-stream@glm-4@1.yaml"


def fits(text):
    return max(map(wcswidth, text.splitlines())) <= 80


@pytest.fixture
def folder(tmp_path):
    """A copy of three shipped cassettes, to break."""
    cassettes = tmp_path / "cassettes"
    cassettes.mkdir()
    for name in ("ping", "cut-stream", "moderated"):
        shutil.copy(SHIPPED / "quickstart" / f"{name}@glm-4@1.yaml", cassettes)
    return cassettes


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_ls_lists_every_shipped_cassette_in_80_columns():
    done = glmbench("cassette", "ls")
    assert (done.code, done.err) == (0, "")
    assert fits(done.out)
    for folder in ("completions", "conversations", "finish_reasons", "quickstart"):
        number = len(list((SHIPPED / folder).glob("*.yaml")))
        assert f"cassettes/{folder}: {number} cassettes\n" in done.out


def test_ls_shows_how_a_recording_ended(folder):
    done = glmbench("cassette", "ls", folder)
    rows = {line.split()[0]: line.split()[-5:] for line in done.out.splitlines() if "@" in line}
    assert rows == {
        "cut-stream@glm-4@1": ["1", "502", "ms", "truncated", "IncompleteStream"],
        "moderated@glm-4@1": ["1", "503", "ms", "eof", "content_filter"],
        "ping@glm-4@1": ["1", "403", "ms", "eof", "stop"],
    }


def test_verify_counts_what_is_whole():
    done = glmbench("cassette", "verify", "cassettes/finish_reasons")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-2:] == [
        "ok cassettes/finish_reasons/unknown@glm-4.5-air@1.yaml",
        "8 cassettes: 8 whole",
    ]


def test_an_edited_cassette_is_damaged_for_every_verb(folder):
    broken = folder / "ping@glm-4@1.yaml"
    edit(broken, '"pong"', '"ping"')
    said = "its body does not fit its stream track"
    for verb in ("ls", "verify"):
        done = glmbench("cassette", verb, cwd=folder.parent)
        assert (done.code, done.err) == (6, "")
        assert said in " ".join(done.out.split())
        assert fits(done.out)
    assert "DAMAGED" in glmbench("cassette", "ls", folder).out
    assert glmbench("cassette", "verify", folder).out.endswith("3 cassettes: 2 whole, 1 damaged\n")
    for command in (["show", broken], ["cassette", "diff", broken, PING]):
        done = glmbench(*command)
        assert (done.code, done.out) == (6, "")
        assert said in done.err


@pytest.mark.parametrize(
    "command",
    [
        ["cassette", "ls", "nowhere"],
        ["cassette", "verify", "nowhere"],
        ["cassette", "diff", "nowhere", PING],
        ["show", "nowhere"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_path_that_is_not_there_is_a_wrong_command_line(command):
    done = glmbench(*command)
    assert (done.code, done.out, done.err) == (2, "", "there is no nowhere\n")


@pytest.mark.parametrize("verb", ["ls", "verify"])
def test_no_cassette_at_all_is_not_a_success(tmp_path, verb):
    done = glmbench("cassette", verb, tmp_path)
    assert (done.code, done.out) == (7, "")
    assert done.err == f"there is no cassette in {tmp_path}\n"


def test_diff_says_clearly_that_there_is_no_difference():
    done = glmbench("cassette", "diff", PING, PING)
    assert (done.code, done.out, done.err) == (0, "no difference\n", "")


def test_diff_exits_with_4_when_the_service_changed():
    done = glmbench("cassette", "diff", CUT, PING)
    assert (done.code, done.err) == (4, "")
    assert "! finish reason  was IncompleteStreamError, is stop (finish)\n" in done.out
    assert "  end            was truncated, is eof\n" in done.out
    assert done.out.splitlines()[-1] == "drift: finish reason (1), frames (2)"
    assert fits(done.out)


def test_other_words_alone_do_not_fail(folder):
    poem = SHIPPED / "conversations" / "single-zh@glm-4@1.yaml"
    done = glmbench("cassette", "diff", PING, poem)
    assert done.code == 0
    assert done.out.splitlines()[-1].startswith("no drift: ")


def test_diff_pairs_the_cassettes_of_two_folders(folder, tmp_path):
    head = tmp_path / "head"
    shutil.copytree(folder, head)
    shutil.copy(CUT, head / "ping@glm-4@1.yaml")
    (head / "moderated@glm-4@1.yaml").unlink()
    done = glmbench("cassette", "diff", folder, head)
    assert done.code == 4
    assert done.out.startswith("ping@glm-4@1.yaml\n")
    assert done.out.endswith(
        "\nonly in the base: moderated@glm-4@1.yaml\n"
        "2 pairs: 1 without difference, 0 without drift, 1 drifted\n"
    )


def test_two_folders_without_a_pair_were_not_compared(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert glmbench("cassette", "diff", folder, tmp_path / "empty").code == 7


SUITE = """\
version: 1
provider: chatglm
cassettes: {dir: cassettes}
cases:
- id: ping
  prompt: x
"""


def test_prune_deletes_only_with_yes_and_only_orphans(folder, tmp_path):
    suite = write_suite(tmp_path, SUITE)
    (folder / "notes.yaml").write_text("mine")
    left = folder / ".ping@glm-4@1.yaml.77.0123abcd.tmp"
    left.write_text("half")
    os.utime(left, (0, 0))
    before = sorted(path.name for path in folder.iterdir())

    asked = glmbench("cassette", "prune", suite)
    assert (asked.code, asked.err) == (0, "")
    listed = [
        str(left),
        str(folder / "cut-stream@glm-4@1.yaml"),
        str(folder / "moderated@glm-4@1.yaml"),
    ]
    assert asked.out.splitlines() == [*listed, "would delete 3 files; --yes deletes them"]
    assert sorted(path.name for path in folder.iterdir()) == before

    done = glmbench("cassette", "prune", suite, "--yes")
    assert (done.code, done.out.splitlines()) == (0, [*listed, "deleted 3 files"])
    assert sorted(path.name for path in folder.iterdir()) == ["notes.yaml", "ping@glm-4@1.yaml"]
    assert glmbench("cassette", "prune", suite, "--yes").out == "no orphans\n"


def test_prune_of_a_broken_suite_deletes_nothing(folder, tmp_path):
    suite = write_suite(tmp_path, SUITE.replace("id: ping", "id: 7"))
    assert glmbench("cassette", "prune", suite, "--yes").code == 3
    assert len(list(folder.iterdir())) == 3


def test_no_shipped_cassette_is_an_orphan():
    suites = sorted((ROOT / "prompts").glob("*.yaml"))
    assert glmbench("cassette", "prune", *suites).out == "no orphans\n"


def test_show_draws_the_stream():
    done = glmbench("show", PING)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "request 1: POST https://chatglm.cn/chatglm/mainchat-api/guest/stream"
    assert lines[5:10] == [
        "1  103 ms  103 ms    245  ██        conversation",
        '2  403 ms  300 ms    462  ████████  "po"',
        '3  443 ms   39 ms    464  █         "ng"',
        "4  483 ms   41 ms    466  █         -",
        "5  523 ms   40 ms    468  █         finish stop (finish)",
    ]
    assert lines[-1] == "ttft 403 ms, total 523 ms, 5 chunks, 2105 bytes, finish stop (finish)"


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.yaml")), ids=lambda path: path.stem)
def test_show_keeps_to_80_columns(path, capsys):
    from glmbench.cli.main import cli

    cli.main(["show", str(path)], standalone_mode=False)
    assert fits(capsys.readouterr().out)


def test_show_draws_one_request_if_asked():
    assert glmbench("show", PING, "--request", 1).out == glmbench("show", PING).out
    done = glmbench("show", PING, "--request", 2)
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(f"{PING} holds 1\n")


def test_show_names_a_file_that_is_something_else(tmp_path):
    done = glmbench("show", "prompts/quickstart.yaml")
    assert (done.code, done.out) == (6, "")
    assert done.err == "prompts/quickstart.yaml is no cassette but a suite\n"
