"""The truth log: what the emulator did and when, to compare measurements with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from pathlib import Path


class TruthLog:
    """Append one JSON object a line, flushed at once; without a path it writes nothing.

    A line is written after the socket write whose instant it holds, so that the log's own cost is
    not between the instant and the write. Raises OSError when the file cannot be opened.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = None
        if path is not None:
            self._file = path.open("a", encoding="utf-8", newline="\n")

    def append(self, **fields: Any) -> None:
        """Write one line; nothing once it is closed, because a handler may outlive it."""
        if self._file is not None:
            self._file.write(json.dumps(fields, ensure_ascii=False) + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
