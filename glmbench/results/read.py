"""Read a result file again: as far as a later run needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from glmbench.errors import UsageError
from glmbench.results.model import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path


class _Trial(msgspec.Struct):
    suite: str
    case: str
    model: str
    repeat: int
    status: str


class _Result(msgspec.Struct):
    schema: str
    trials: list[_Trial]


def read_failed(path: Path) -> frozenset[str]:
    """Return the full ids of the trials that did not pass in a result.

    Raises:
        UsageError: the file cannot be read, or is no result of this version.
    """
    try:
        result = msgspec.json.decode(path.read_bytes(), type=_Result)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"{path} is no result of glmbench: {error}") from None
    if result.schema != SCHEMA:
        raise UsageError(f"{path} is a {result.schema!r}, and this glmbench reads {SCHEMA!r}")
    return frozenset(
        f"{trial.suite}/{trial.case}@{trial.model}@{trial.repeat}"
        for trial in result.trials
        if trial.status not in {"passed", "skipped"}
    )
