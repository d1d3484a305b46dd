"""Go on with a run that was cut short: its journal, beside the result that it is to become.

The journal is for this one purpose and goes when the result is there. One that cannot be written
costs a warning, never the run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from glmbench.errors import UsageError
from glmbench.results.journal import (
    Header,
    Outcome,
    decode_journal,
    encode_header,
    encode_outcome,
    find_differences,
)
from glmbench.results.read import read_result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from glmbench.results.model import RunResult

_SHOWN_DIFFERENCES = 3


class Journal:
    """The journal of a run under way. `taken` is what was in it at first, by full id.

    Args:
        path: where it is.
        descriptor: of the open file, at its end; None when it could not be opened.
        on_failure: gets a sentence when it cannot be written; nothing more is then.
        taken: what an earlier go left.
    """

    def __init__(
        self,
        path: Path,
        descriptor: int | None,
        on_failure: Callable[[str], None],
        taken: Mapping[str, Outcome] | None = None,
    ) -> None:
        self.taken: Mapping[str, Outcome] = taken or {}
        self._path = path
        self._descriptor = descriptor
        self._on_failure = on_failure

    def append(self, outcome: Outcome) -> None:
        """Keep what a trial left, whatever becomes of this process from now on."""
        if self._descriptor is None:
            return
        try:
            # With the system it is safe from a kill. From a loss of power a sync would save it: a
            # disk takes milliseconds for that, and there are only some trials to do again.
            _write(self._descriptor, encode_outcome(outcome))
        except OSError as error:
            self._close()
            self._on_failure(_unwritten(self._path, error))

    def finish(self, *, complete: bool) -> None:
        """End the journal; where the result is complete nobody needs it any more."""
        self._close()
        if complete:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None


def journal_path(output: Path) -> Path:
    """Say where the journal of a result is."""
    return output.with_name(f"{output.name}.journal")


def open_journal(
    output: Path, header: Header, *, resume: bool, on_failure: Callable[[str], None]
) -> Journal:
    """Open the journal of the run that makes this output, from its start or to go on with it.

    Raises:
        UsageError: it cannot be resumed, or not by this run.
    """
    opened = resume_journal if resume else begin_journal
    return opened(output, header, on_failure)


def begin_journal(output: Path, header: Header, on_failure: Callable[[str], None]) -> Journal:
    """Begin the journal of a run from its start; one that is there is replaced."""
    path = journal_path(output)
    try:
        return Journal(path, _created(path, encode_header(header)), on_failure)
    except OSError as error:
        on_failure(_unwritten(path, error))
        return Journal(path, None, on_failure)


def resume_journal(output: Path, header: Header, on_failure: Callable[[str], None]) -> Journal:
    """Open the journal of a run that was cut short, to go on with it.

    Raises:
        UsageError: it cannot be read, is of another run, or that run is still at it.
    """
    path = journal_path(output)
    try:
        # Not through a link: what it points to would be cut.
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
    except OSError as error:
        raise UsageError(f"{path} cannot be resumed: {error.strerror}") from None
    try:
        taken = _read(descriptor, path, header)
    except BaseException:
        os.close(descriptor)
        raise
    return Journal(path, descriptor, on_failure, taken)


def _read(descriptor: int, path: Path, header: Header) -> dict[str, Outcome]:
    _lock(descriptor, path)
    try:
        with open(descriptor, "rb", closefd=False) as file:
            content = decode_journal(file.read(), str(path))
        _must_be_same(path, content.header, header)
        os.ftruncate(descriptor, content.size)
    except OSError as error:
        raise UsageError(f"{path} cannot be resumed: {error.strerror}") from None
    return content.outcomes


def _must_be_same(path: Path, before: Header, now: Header) -> None:
    differences = find_differences(before, now)
    if differences:
        shown = "; ".join(differences[:_SHOWN_DIFFERENCES])
        more = len(differences) - _SHOWN_DIFFERENCES
        rest = f"; and {more} more" if more > 0 else ""
        raise UsageError(f"{path} is the journal of another run: {shown}{rest}")


def _lock(descriptor: int, path: Path) -> None:
    """Make sure that nobody else writes it; the lock ends with the process, however that ends."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"{path} is in use: its run is still at it") from None
    except OSError:
        # A file system without locks.
        return


def _created(path: Path, first_line: bytes) -> int:
    """Create a journal with its first line, so that one that is there stays until this one is."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        _lock(descriptor, path)
        _write(descriptor, first_line)
        temporary.replace(path)
    except BaseException:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)
        raise
    return descriptor


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _unwritten(path: Path, error: OSError) -> str:
    return f"{path} could not be written: {error.strerror}; a run that breaks off cannot be resumed"


def find_finished(output: Path, digest: str) -> RunResult | None:
    """Return a result that has nothing to resume; None where a journal says what is missing.

    Args:
        output: the result.
        digest: of what this run is, as it stands in the environment of its result.

    Raises:
        UsageError: there is neither, or the result is of another run, or of one that was
            interrupted and whose journal is gone.
    """
    journal = journal_path(output)
    if os.path.lexists(journal):
        return None
    if not os.path.lexists(output):
        raise UsageError(f"there is nothing to resume: neither {output} nor {journal} exists")
    result = read_result(output)
    if result.interrupted:
        raise UsageError(f"{output} is incomplete, and cannot be resumed without {journal}")
    if result.environment.get("run") != digest:
        raise UsageError(
            f"{output} is complete, and of another run: its suites, settings or versions differ"
        )
    return result
