"""Rows and texts from files beside a suite. Reads what it is told to; renders and judges nothing.

Every row of a dataset has the same keys, each a name that a template can use.
"""

from __future__ import annotations

import csv
import io
import re
import stat
from typing import TYPE_CHECKING, Any

import msgspec

from glmbench.problems import did_you_mean, nearest, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

MAX_DATASET = 16 * 1024 * 1024
MAX_ROWS = 100_000
# As long as a rendered prompt may be.
MAX_TEXT = 1024 * 1024

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY_RULE = "write letters, digits and underscores, no digit first"


class DatasetError(ValueError):
    """A file that cannot be used. `line` counts from 1; None is the file as a whole."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def read_dataset(path: Path) -> tuple[Mapping[str, Any], ...]:
    """Read the rows of a .csv, .json or .jsonl file; raise DatasetError for the first fault.

    What CSV holds is text; the values of JSON keep their types.
    """
    read_rows = _FORMATS.get(path.suffix.lower())
    if read_rows is None:
        known = ", ".join(_FORMATS)
        raise DatasetError(f'a dataset is one of {known}, not "{shortened(path.name)}"')
    text = _read(path, MAX_DATASET)
    rows = tuple(_checked(read_rows(text)))
    if not rows:
        raise DatasetError("the dataset has no rows")
    return rows


def read_text(path: Path) -> str:
    """Read a UTF-8 text as it is, line ends and all, without a byte order mark."""
    return _read(path, MAX_TEXT)


# --- files ----------------------------------------------------------------------------------


def _read(path: Path, limit: int) -> str:
    content = _content(path, limit)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The error's own bytes: its place does not count a mark at the start.
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DatasetError("the file is not UTF-8", line) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DatasetError("the file holds a NUL character", line)
    return text


def _content(path: Path, limit: int) -> bytes:
    try:
        # Before it is opened: opening a pipe waits for a writer.
        if not stat.S_ISREG(path.stat().st_mode):
            what = "a folder" if path.is_dir() else "no regular file"
            raise DatasetError(f"{_quoted(path.name)} is {what}")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        raise DatasetError(f"there is no file {_quoted(path.name)}{_near(path)}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, DatasetError):
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DatasetError(f"cannot read {_quoted(path.name)}: {reason}") from None
    if len(content) > limit:
        raise DatasetError(f"{_quoted(path.name)} is larger than {limit // 1024**2} MiB")
    return content


def _near(path: Path) -> str:
    """Say what there is instead of a missing file."""
    try:
        beside = [file for file in path.parent.iterdir() if file.suffix == path.suffix]
    except OSError:
        return f" and no readable folder {_quoted(str(path.parent))}"
    # The suffix is the same everywhere, so it would make all names look alike.
    names = {file.stem: file.name for file in beside}
    near = nearest(path.stem, names)
    return f'; did you mean "{names[near]}"?' if near else ""


def _quoted(word: str) -> str:
    return f'"{shortened(word)}"'


# --- rows -----------------------------------------------------------------------------------


def _checked(rows: Iterable[tuple[int | None, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Pass rows on that are like the first one; `rows` come with their lines."""
    first: dict[str, Any] | None = None
    for number, (line, row) in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise DatasetError(f"a dataset has at most {MAX_ROWS:,} rows", line)
        where = "" if line else f" in row {number}"
        if first is None:
            first = row
            _check_names(row, line, where)
        elif row.keys() != first.keys():
            raise DatasetError(_difference(row, first, where), line)
        yield row


def _check_names(names: Iterable[str], line: int | None, where: str = "") -> None:
    for name in names:
        if not _KEY.fullmatch(name):
            raise DatasetError(f"{_quoted(name)} cannot name a variable{where}; {_KEY_RULE}", line)


def _difference(row: Mapping[str, Any], first: Mapping[str, Any], where: str) -> str:
    """Say how the keys of a row differ from those of the first one."""
    extra = next((key for key in row if key not in first), None)
    if extra is None:
        return f"{_quoted(next(key for key in first if key not in row))} is missing{where}"
    near = did_you_mean(extra, first)
    return f"{_quoted(extra)}{where} is not in the first row" + (f"; {near}" if near else "")


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = _csv_records(text)
    line, header = next(lines, (1, []))
    if not header:
        raise DatasetError("the first line must name the columns", 1)
    _check_header(header, line)
    for line, fields in lines:
        if len(fields) != len(header):
            message = f"{_count(len(fields), 'field')} for {_count(len(header), 'column')}"
            raise DatasetError(message, line)
        yield line, dict(zip(header, fields, strict=True))


def _csv_records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Cut CSV into records, each with the line on which it starts; empty lines are none."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DatasetError(f"cannot read the CSV: {error}", line) from None
        if fields:
            yield line, fields


def _check_header(header: list[str], line: int) -> None:
    for index, name in enumerate(header):
        if not name:
            raise DatasetError(f"column {index + 1} has no name", line)
        if name in header[:index]:
            raise DatasetError(f"there are two columns {_quoted(name)}", line)
    _check_names(header, line)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _json_rows(text: str) -> Iterator[tuple[None, dict[str, Any]]]:
    rows = _decoded(text, None)
    if not isinstance(rows, list):
        raise DatasetError("a JSON dataset is a list of objects")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DatasetError(f"row {number} is no object")
        yield None, row


def _jsonl_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    # Not `splitlines`: JSON may hold U+2028 as it is.
    for line, source in enumerate(text.split("\n"), start=1):
        if source.strip():
            row = _decoded(source, line)
            if not isinstance(row, dict):
                raise DatasetError("every line is an object", line)
            yield line, row


def _decoded(source: str, line: int | None) -> Any:
    try:
        return msgspec.json.decode(source)
    except (msgspec.DecodeError, RecursionError) as error:
        reason, at, place = str(error).partition(" (byte ")
        if line is None and at:
            byte = int(place.removesuffix(")"))
            line = source.encode().count(b"\n", 0, byte) + 1
        raise DatasetError(f"cannot read the JSON: {reason}", line) from None


_FORMATS = {".csv": _csv_rows, ".json": _json_rows, ".jsonl": _jsonl_rows}
