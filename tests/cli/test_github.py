"""The file of the step summary: appended to, and never a reason to fail."""

from __future__ import annotations

from glmbench.cli.github import append_step_summary


def test_a_summary_is_appended(tmp_path):
    file = tmp_path / "summary.md"
    for text in ("one\n", "二\n"):
        append_step_summary({"GITHUB_STEP_SUMMARY": str(file)}, text)
    assert file.read_bytes() == "one\n二\n".encode()


def test_without_a_file_nothing_is_written(capsys):
    append_step_summary({}, "one\n")
    append_step_summary({"GITHUB_STEP_SUMMARY": ""}, "one\n")
    assert capsys.readouterr() == ("", "")


def test_a_file_that_cannot_be_written_is_a_warning(tmp_path, capsys):
    append_step_summary({"GITHUB_STEP_SUMMARY": str(tmp_path)}, "one\n")
    told = capsys.readouterr()
    assert told == ("", "Warning: the step summary could not be written: Is a directory\n")
