"""Every verb that takes a folder means the same files by it."""

from __future__ import annotations

import pytest

from glmbench.cassettes.files import cassettes_below, must_exist
from glmbench.errors import UsageError


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def test_a_folder_is_searched_to_its_depth_in_the_order_of_the_names(tmp_path):
    put(tmp_path, "b.yaml", "a/c.yml", "a/notes.txt", "a/c.json")
    found = [path.relative_to(tmp_path).as_posix() for path in cassettes_below(tmp_path)]
    assert found == ["a/c.yml", "b.yaml"]


def test_what_is_hidden_or_a_folder_is_no_cassette(tmp_path):
    folder = tmp_path / ".hidden itself"
    put(folder, ".git/a.yaml", ".b.yaml", "c.yaml/notes.txt", "d.yaml")
    assert cassettes_below(folder) == [folder / "d.yaml"]


def test_a_link_that_leads_nowhere_is_listed(tmp_path):
    (tmp_path / "a.yaml").symlink_to("nowhere")
    (tmp_path / "b.yaml").symlink_to("b.yaml")
    assert cassettes_below(tmp_path) == [tmp_path / "a.yaml", tmp_path / "b.yaml"]


def test_what_is_not_there_is_refused(tmp_path):
    must_exist(tmp_path)
    with pytest.raises(UsageError, match=rf"^there is no {tmp_path}/x$"):
        must_exist(tmp_path / "x")
    with pytest.raises(UsageError, match=r"x cannot be read: File name too long$"):
        must_exist(tmp_path / ("x" * 300))
