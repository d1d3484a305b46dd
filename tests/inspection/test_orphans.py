from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from glmbench.errors import UsageError
from glmbench.inspection.orphans import LEFT_BEHIND_S, delete, find_orphans

NOW_S = 1_000_000_000.0


def suite(folder, *cassettes):
    return SimpleNamespace(
        suite=SimpleNamespace(cassettes_path=folder),
        trials=[SimpleNamespace(cassette=name) for name in cassettes],
    )


def put(folder, *names, age_s=0.0):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("x")
        os.utime(folder / name, (NOW_S - age_s, NOW_S - age_s))


def orphans(*suites):
    return [path.name for path in find_orphans(suites, NOW_S)]


def test_a_cassette_that_no_trial_owns_is_an_orphan(tmp_path):
    put(tmp_path, "a@m@1.yaml", "a@m@2.yaml", "gone@m@1.yaml")
    assert orphans(suite(tmp_path, "a@m@1.yaml")) == ["a@m@2.yaml", "gone@m@1.yaml"]


def test_the_case_of_letters_does_not_make_an_orphan(tmp_path):
    put(tmp_path, "Case@M@1.yaml")
    assert orphans(suite(tmp_path, "case@m@1.yaml")) == []


def test_suites_that_share_a_folder_own_its_files_together(tmp_path):
    put(tmp_path, "a@m@1.yaml", "b@m@1.yaml", "c@m@1.yaml")
    (tmp_path / "sub").mkdir()
    again = tmp_path / "sub" / ".."
    assert orphans(suite(tmp_path, "a@m@1.yaml"), suite(again, "b@m@1.yaml")) == ["c@m@1.yaml"]


def test_what_has_not_the_name_of_a_cassette_is_left_alone(tmp_path):
    put(
        tmp_path,
        "README.md",
        "notes.yaml",
        "a@b.yaml",
        "a@m@1.yaml.bak",
        ".a@m@1.yaml",
        "a@m@x.yaml",
    )
    put(tmp_path, ".other.tmp", ".notes.yaml.12.ab.tmp", age_s=LEFT_BEHIND_S + 1)
    assert orphans(suite(tmp_path)) == []


def test_nothing_outside_of_the_folder_is_touched(tmp_path):
    put(tmp_path / "elsewhere", "a@m@1.yaml")
    put(tmp_path / "mine" / "deeper", "a@m@1.yaml")
    (tmp_path / "mine" / "b@m@1.yaml").symlink_to(tmp_path / "elsewhere" / "a@m@1.yaml")
    (tmp_path / "mine" / "folder@m@1.yaml").mkdir()
    assert orphans(suite(tmp_path / "mine")) == []


def test_a_temporary_file_is_an_orphan_once_no_recording_can_be_writing_it(tmp_path):
    put(tmp_path, ".a@m@1.yaml.123.0f0f0f0f.tmp", age_s=LEFT_BEHIND_S + 1)
    put(tmp_path, ".b@m@1.yaml.123.0f0f0f0f.tmp", age_s=LEFT_BEHIND_S - 1)
    owner = suite(tmp_path, "a@m@1.yaml", "b@m@1.yaml")
    assert orphans(owner) == [".a@m@1.yaml.123.0f0f0f0f.tmp"]


def test_a_suite_without_cassettes_or_without_its_folder_has_no_orphans(tmp_path):
    assert orphans(suite(None), suite(tmp_path / "missing")) == []


def test_deleting_takes_the_files_and_leaves_the_folder(tmp_path):
    put(tmp_path, "a@m@1.yaml", "b@m@1.yaml")
    delete([tmp_path / "a@m@1.yaml", tmp_path / "b@m@1.yaml", tmp_path / "gone already"])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "iterdir", refuse)
    with pytest.raises(UsageError, match=r"cannot be read: Permission denied$"):
        orphans(suite(tmp_path))


def test_what_cannot_be_deleted_is_named(tmp_path):
    (tmp_path / "a@m@1.yaml").mkdir()
    with pytest.raises(UsageError, match=r"a@m@1\.yaml could not be deleted: "):
        delete([tmp_path / "a@m@1.yaml"])
