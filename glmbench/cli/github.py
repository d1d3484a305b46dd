"""What leaves the process for GitHub Actions: the step summary's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glmbench.cli.output import print_text

if TYPE_CHECKING:
    from collections.abc import Mapping


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
