from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from inspection.recordings import HELLO, delta, recorded
from inspection.recordings import without_track as bare

from glmbench.cassettes.store import save
from glmbench.errors import CassetteDamagedError, UsageError
from glmbench.inspection.inventory import (
    CassetteFile,
    Checked,
    Contents,
    Entry,
    check,
    contents_of,
    find_cassettes,
    open_cassette,
    pair_up,
    parse_date,
    take_inventory,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    for name in ("b.yaml", "a.yaml", "deep/c.yaml"):
        save(tmp_path / name, [recorded(*HELLO)])
    return tmp_path


def names(files):
    return [file.name for file in files]


def test_a_folder_is_searched_to_its_depth_in_order(folder):
    (folder / "notes.txt").write_text("x")
    (folder / ".b.yaml.1.ab.tmp").write_text("x")
    (folder / ".hidden.yaml").write_text("x")
    assert names(find_cassettes([folder])) == ["a.yaml", "b.yaml", "deep/c.yaml"]


def test_a_file_that_is_named_counts_whatever_its_name_is(folder):
    other = folder / "notes.txt"
    other.write_text("x")
    assert find_cassettes([other]) == (
        CassetteFile(path=other, name=other.as_posix(), folder=None),
    )


def test_a_file_that_is_named_twice_is_listed_once(folder):
    found = find_cassettes([folder / "deep", folder, folder / "a.yaml"])
    assert names(found) == ["c.yaml", "a.yaml", "b.yaml"]


def test_a_path_that_is_not_there_is_an_error_of_the_command_line(folder):
    with pytest.raises(UsageError, match=f"^there is no {re.escape(str(folder))}/x$"):
        find_cassettes([folder, folder / "x"])
    with pytest.raises(UsageError, match="^there is no x$"):
        open_cassette(folder / "x", "x")


def test_a_path_that_cannot_be_looked_at_says_why():
    with pytest.raises(UsageError, match="^xxx+ cannot be read: File name too long$"):
        find_cassettes([Path("x" * 300)])


def test_a_link_that_leads_nowhere_is_damage_and_ends_nothing(folder):
    (folder / "a2.yaml").symlink_to("nowhere")
    files = find_cassettes([folder])
    said = f"there is no {folder / 'a2.yaml'}"
    assert [item.damage for item in check(files)] == [None, said, None, None]
    assert [entry.damage for entry in take_inventory(files)] == [None, said, None, None]


def test_a_folder_is_no_cassette(folder):
    with pytest.raises(UsageError, match="^it is a folder, not a cassette$"):
        open_cassette(folder, "it")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.yaml")
    with pytest.raises(CassetteDamagedError, match="^it is damaged: it is no regular file"):
        open_cassette(tmp_path / "x.yaml", "it")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{\n  "schema": "glmbench.result/1",\n', "a result"),
        ("version: 1\nname: x\nprovider: chatglm\ncases: []\n", "a suite"),
        ("# comment\ncases:\n- id: x\n", "a suite"),
    ],
)
def test_a_file_of_another_kind_is_named_as_what_it_is(tmp_path, text, kind):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(CassetteDamagedError, match=f"^it is no cassette but {kind}$"):
        open_cassette(path, "it")


@pytest.mark.parametrize("path", sorted((ROOT / "prompts").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_suite_is_known_as_one(path):
    with pytest.raises(CassetteDamagedError, match="^it is no cassette but a suite$"):
        open_cassette(path, "it")


def test_every_shipped_cassette_is_whole():
    files = find_cassettes([ROOT / "cassettes"])
    assert len(files) > 30
    assert [checked for checked in check(files) if checked.damage is not None] == []


def edit(path):
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("你", "您"), encoding="utf-8")


def test_a_file_that_was_edited_is_checked_and_listed_as_damaged(folder):
    edit(folder / "a.yaml")
    file, other = find_cassettes([folder / "a.yaml", folder / "b.yaml"])
    reason = check([file])[0].damage
    assert "its body does not fit its stream track" in reason
    assert check([other]) == (Checked(file=other, damage=None),)
    size = (folder / "a.yaml").stat().st_size
    assert take_inventory([file]) == (Entry(file=file, size=size, damage=reason),)


def test_an_entry_has_size_and_contents(folder):
    (file,) = find_cassettes([folder / "a.yaml"])
    assert take_inventory([file]) == (
        Entry(
            file=file,
            size=(folder / "a.yaml").stat().st_size,
            contents=contents_of([recorded(*HELLO)]),
        ),
    )


def test_contents_are_of_the_oldest_track_the_first_token_and_the_last_end():
    redirect = recorded(status=302, headers=(), recorded_at="2026-11-22T10:00:05Z")
    answer = recorded(*HELLO, seq=2)
    cut = recorded(delta("x"), seq=3, end="reset", recorded_at="2026-11-22T10:00:09Z")
    assert contents_of([redirect, answer, cut]) == Contents(
        recorded_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
        requests=3,
        ttft_s=0.1,
        end="reset",
        finish=None,
        failure="IncompleteStreamError",
    )


def test_what_stock_vcrpy_recorded_has_neither_age_nor_end():
    assert contents_of([bare(recorded(*HELLO))]) == Contents(
        recorded_at=None, requests=1, ttft_s=None, end=None, finish="stop", failure=None
    )


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00:00", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_read_or_not_known(text, date):
    assert parse_date(text) == date


def test_two_folders_are_paired_by_the_names_in_them(folder, tmp_path_factory):
    head = tmp_path_factory.mktemp("head")
    for name in ("b.yaml", "deep/c.yaml", "deep/d.yaml"):
        save(head / name, [recorded(*HELLO)])
    pairs = pair_up(folder, head)
    assert [(a.path, b.path) for a, b in pairs.both] == [
        (folder / "b.yaml", head / "b.yaml"),
        (folder / "deep/c.yaml", head / "deep/c.yaml"),
    ]
    assert names(pairs.only_base) == ["a.yaml"]
    assert names(pairs.only_head) == ["deep/d.yaml"]


def test_two_files_are_a_pair_whatever_their_names(folder):
    pairs = pair_up(folder / "a.yaml", folder / "b.yaml")
    assert [(a.path.name, b.path.name) for a, b in pairs.both] == [("a.yaml", "b.yaml")]


def test_a_file_and_a_folder_are_no_pair(folder):
    with pytest.raises(UsageError, match=r"a\.yaml and .* must be two files or two folders$"):
        pair_up(folder / "a.yaml", folder)
