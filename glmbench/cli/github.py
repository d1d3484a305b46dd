"""What leaves the process for GitHub Actions: the step summary's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glmbench.cli.output import print_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.results.model import RunResult


def tell_github(
    environ: Mapping[str, str], result: RunResult, base: RunResult | None = None
) -> None:
    """Annotate what fails the run and add to the step summary, in a step of GitHub Actions."""
    from glmbench.report.github import on_github, render_annotations, step_summary

    if on_github(environ):
        print_text(render_annotations(result))
        append_step_summary(environ, step_summary(result, base))


def append_step_summary(environ: Mapping[str, str], text: str) -> None:
    """Append to the summary of the step; where that fails, warn, and change no exit code."""
    name = environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        words = error.strerror or error
        print_text(f"Warning: the step summary could not be written: {words}\n", err=True)
