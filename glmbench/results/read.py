"""Result files from the disk: to be shown again, compared, merged, resumed, or run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.errors import UsageError
from glmbench.results.document import from_json

if TYPE_CHECKING:
    from pathlib import Path

    from glmbench.results.model import RunResult


def read_result(path: Path) -> RunResult:
    """Read a result file.

    Raises:
        UsageError: it cannot be read, or is no result of this version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    return from_json(content, str(path))


def read_failed(path: Path) -> frozenset[str]:
    """Return the full ids of the trials that did not pass in a result.

    Raises:
        UsageError: the file cannot be read, or is no result of this version.
    """
    return frozenset(
        trial.full_id
        for trial in read_result(path).trials
        if trial.status not in {"passed", "skipped"}
    )
