"""Which files are searched, and that only cassettes are ever changed."""

from __future__ import annotations

import json

import pytest
from inspection.leaking import KEY, events, make

from glmbench.cassettes.store import load, save
from glmbench.errors import CassetteError, SuiteError, UsageError
from glmbench.inspection import scan_files
from glmbench.inspection.scan_files import Target, find_targets, fix_file, scan_file

SUITE = """\
version: 1
provider: chatglm
secrets:
  allow: [an example of no use]
cassettes: {dir: tapes}
cases:
  - {id: one, prompt: hello}
"""


def cassette(path, text=f"it is {KEY}"):
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, [make(events(text, " bye"))])
    return Target(path=path, is_cassette=True)


def test_of_a_folder_cassettes_results_and_journals_are_searched(tmp_path):
    cassette(tmp_path / "a" / "c.yaml")
    for name in ("r.json", "j.jsonl", "notes.md", ".hidden.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "suite.yaml").write_text(SUITE)
    assert [(target.path.name, target.is_cassette) for target in find_targets([tmp_path])] == [
        ("c.yaml", True),
        ("j.jsonl", False),
        ("r.json", False),
        ("suite.yaml", False),
    ]


def test_a_file_that_is_named_is_searched_whatever_it_is(tmp_path):
    notes, tape = tmp_path / "notes.md", tmp_path / "c.yaml"
    notes.write_text("words")
    cassette(tape)
    assert find_targets([notes, tape, notes]) == (
        Target(path=notes, is_cassette=False),
        Target(path=tape, is_cassette=True),
    )


def test_a_suite_stands_for_its_cassettes_and_brings_what_it_allows(tmp_path):
    (tmp_path / "suite.yaml").write_text(SUITE)
    cassette(tmp_path / "tapes" / "c.yaml")
    assert find_targets([tmp_path / "suite.yaml"]) == (
        Target(
            path=tmp_path / "tapes" / "c.yaml", is_cassette=True, allow=("an example of no use",)
        ),
    )


def test_a_suite_without_recordings_has_nothing_to_search(tmp_path):
    (tmp_path / "suite.yaml").write_text(SUITE)
    assert find_targets([tmp_path / "suite.yaml"]) == ()


def test_a_suite_that_is_invalid_says_so(tmp_path):
    (tmp_path / "suite.yaml").write_text(SUITE + "whatever: 1\n")
    with pytest.raises(SuiteError, match="whatever"):
        find_targets([tmp_path / "suite.yaml"])


def test_a_path_that_does_not_exist_says_so(tmp_path):
    with pytest.raises(UsageError, match=rf"^there is no {tmp_path}/nothing$"):
        find_targets([tmp_path / "nothing"])


def test_a_cassette_is_fixed_and_nothing_is_left_in_it(tmp_path):
    scanned = scan_file(cassette(tmp_path / "c.yaml"))
    assert [leak.text for leak in scanned.leaks] == [KEY]
    assert fix_file(scanned).leaks == ()
    assert load(tmp_path / "c.yaml")[0].body == events("it is [redacted]", " bye")


def test_a_cassette_with_nothing_to_fix_is_not_written_again(tmp_path):
    target = cassette(tmp_path / "c.yaml", "hello")
    before = target.path.stat()
    assert fix_file(scan_file(target)) == scan_file(target)
    assert target.path.stat().st_mtime_ns == before.st_mtime_ns
    assert target.path.stat().st_ino == before.st_ino


def test_a_result_is_searched_and_never_changed(tmp_path):
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"token": KEY}))
    scanned = scan_file(Target(path=path, is_cassette=False))
    assert [str(leak) for leak in scanned.leaks] == [
        "text $.token: looks like an OpenAI-style key (sk-f…, 35 characters)"
    ]
    assert fix_file(scanned) == scanned
    assert json.loads(path.read_text()) == {"token": KEY}


def test_a_damaged_cassette_is_named_and_searched_as_text(tmp_path):
    target = cassette(tmp_path / "c.yaml")
    target.path.write_text(target.path.read_text().replace(" bye", " byE"))
    scanned = scan_file(target)
    assert scanned.trouble.startswith(f"{target.path} is damaged: ")
    assert [leak.text for leak in scanned.leaks] == [KEY]
    assert fix_file(scanned) == scanned


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    gone = scan_file(Target(path=tmp_path / "gone.json", is_cassette=False))
    assert gone.trouble == f"{tmp_path}/gone.json cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("problem", "trouble"),
    [
        (OSError(28, "No space left on device"), "could not be written: No space left on device"),
        (CassetteError("it would not read back"), "it would not read back"),
    ],
)
def test_a_cassette_that_cannot_be_written_keeps_its_findings(
    tmp_path, monkeypatch, problem, trouble
):
    def fail(*_):
        raise problem

    scanned = scan_file(cassette(tmp_path / "c.yaml"))
    monkeypatch.setattr(scan_files, "save", fail)
    after = fix_file(scanned)
    assert after.leaks == scanned.leaks
    assert after.trouble.endswith(trouble)
