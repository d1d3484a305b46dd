"""What leaves the process: text to a reader that may have gone, and result files, whole or not."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from pathlib import Path


def print_text(text: str, *, err: bool = False) -> None:
    """Print; a reader that left early, as `head` does, or a full disk changes no exit code."""
    stream = sys.stderr if err else sys.stdout
    if stream is None:
        return
    try:
        # Whoever paints has decided that: click would take the colours out of a pipe.
        click.echo(text, file=stream, nl=False, color=True)
        stream.flush()
    except (OSError, ValueError):
        give_up(stream)


def give_up(stream: TextIO) -> None:
    """Write nothing more to a stream: Python would complain at its exit that it cannot flush it."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def show_any_text() -> None:
    """Let characters that the terminal's encoding lacks come out escaped, not as a crash."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def check_writable(path: Path) -> None:
    """Raise OSError where a file could only fail to be written later."""
    # A file beside it is what `write_whole` will need, too.
    probe = _beside(path)
    probe.touch()
    probe.unlink()
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(13, "Permission denied")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that an older one stays until the new one is complete."""
    temporary = _beside(path)
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")
