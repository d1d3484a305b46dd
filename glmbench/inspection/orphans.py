"""Cassette files that no trial owns, and what a killed recording left behind.

Finds and deletes; only in the folders of the suites given, only files that have the name of a
cassette, and never through a link.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from glmbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from glmbench.running.plan import SuitePlan

# What the suites name their cassettes, CASE@MODEL@NUMBER.yaml, and what the store writes first.
_CASSETTE = re.compile(r"[^@.][^@]*@[^@]+@\d+\.yaml")
_TEMPORARY = re.compile(r"\.[^@.][^@]*@[^@]+@\d+\.yaml\.\d+\.[0-9a-f]+\.tmp")

# A temporary file lives for as long as one cassette takes to write. A younger one may belong to a
# recording that is running now.
LEFT_BEHIND_S = 600


def find_orphans(suites: Sequence[SuitePlan], now_s: float) -> tuple[Path, ...]:
    """List what `delete` may delete; `now_s` is the time of day, to tell old temporary files.

    Where suites share a folder, a file of any of them is owned.

    Raises:
        UsageError: a folder cannot be read.
    """
    return tuple(
        path for folder, owned in _owned(suites) for path in _orphans_in(folder, owned, now_s)
    )


def _owned(suites: Iterable[SuitePlan]) -> list[tuple[Path, set[str]]]:
    """Map each folder to the names its trials own, in lower case: some file systems fold it."""
    folders: dict[Path, tuple[Path, set[str]]] = {}
    for suite in suites:
        folder = suite.suite.cassettes_path
        if folder is not None:
            _, names = folders.setdefault(folder.resolve(), (folder, set()))
            names |= {trial.cassette.lower() for trial in suite.trials}
    return list(folders.values())


def _orphans_in(folder: Path, owned: set[str], now_s: float) -> Iterator[Path]:
    try:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.is_file() and not path.is_symlink() and _is_orphan(path, owned, now_s):
                yield path
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from None


def _is_orphan(path: Path, owned: set[str], now_s: float) -> bool:
    if _CASSETTE.fullmatch(path.name):
        return path.name.lower() not in owned
    is_temporary = _TEMPORARY.fullmatch(path.name) is not None
    return is_temporary and now_s - path.stat().st_mtime > LEFT_BEHIND_S


def delete(paths: Iterable[Path]) -> None:
    """Delete files.

    Raises:
        UsageError: one could not be deleted; those before it are.
    """
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(f"{path} could not be deleted: {error.strerror}") from None
