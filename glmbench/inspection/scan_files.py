"""Files that are searched for credentials: cassettes, results, journals, any text.

`scan_file` only reads; `fix_file` replaces a cassette, whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.cassettes.store import load, save
from glmbench.errors import CassetteDamagedError, CassetteError, SuiteError, UsageError
from glmbench.inspection.scan import Leak, fixed, scan_interactions, scan_text
from glmbench.suites.load import load_suite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

CASSETTE_SUFFIXES = frozenset({".yaml", ".yml"})
FOLDER_SUFFIXES = CASSETTE_SUFFIXES | {".json", ".jsonl"}

# Enough for the first key of a suite; a cassette begins with "interactions:" or "version:".
_SUITE_KEYS = ("provider:", "cases:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A file to search; the texts in `allow` are no secrets there."""

    path: Path
    is_cassette: bool
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What was found in a file. `trouble` is a whole sentence: why it could not be searched."""

    target: Target
    leaks: tuple[Leak, ...] = ()
    trouble: str | None = None


def find_targets(paths: Sequence[Path]) -> tuple[Target, ...]:
    """List what there is to search, each file once: files, what is in folders, suites' cassettes.

    Raises:
        UsageError: a path does not exist.
        SuiteError: a suite is invalid.
    """
    targets: dict[Path, Target] = {}
    for path in paths:
        for target in _targets(path):
            targets.setdefault(target.path.resolve(), target)
    return tuple(targets.values())


def _targets(path: Path) -> Iterator[Target]:
    if not path.exists():
        raise UsageError(f"there is no {path}")
    if path.is_dir():
        yield from _in_folder(path, ())
    elif path.suffix not in CASSETTE_SUFFIXES:
        yield Target(path=path, is_cassette=False)
    elif _is_suite(path):
        yield from _of_suite(path)
    else:
        yield Target(path=path, is_cassette=True)


def _is_suite(path: Path) -> bool:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return False
    return any(line.startswith(_SUITE_KEYS) for line in lines) and "interactions:" not in lines


def _of_suite(path: Path) -> Iterator[Target]:
    loaded = load_suite(path)
    if loaded.suite is None:
        raise SuiteError("\n\n".join(problem.render() for problem in loaded.problems))
    folder = loaded.suite.cassettes_path
    if folder is not None and folder.is_dir():
        yield from _in_folder(folder, loaded.suite.secrets.allow)


def _in_folder(folder: Path, allow: tuple[str, ...]) -> Iterator[Target]:
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix in FOLDER_SUFFIXES and file.is_file() and not hidden:
            is_cassette = file.suffix in CASSETTE_SUFFIXES and not _is_suite(file)
            yield Target(path=file, is_cassette=is_cassette, allow=allow)


def scan_file(target: Target) -> Scanned:
    """Search a file. A damaged cassette is searched as the text that it is."""
    name = str(target.path)
    trouble: str | None = None
    if target.is_cassette:
        try:
            interactions = load(target.path, name=name)
        except CassetteDamagedError as error:
            trouble = str(error)
        else:
            leaks = scan_interactions(interactions, target.allow)
            return Scanned(target=target, leaks=tuple(leaks))
    try:
        text = target.path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        return Scanned(target=target, trouble=trouble or f"{name} cannot be read: {error.strerror}")
    return Scanned(
        target=target, leaks=tuple(scan_text("text", text, target.allow)), trouble=trouble
    )


def fix_file(scanned: Scanned) -> Scanned:
    """Replace what was found in a cassette and search it again.

    Other files, and what cannot be written, come back with what is still in them.
    """
    target = scanned.target
    if not target.is_cassette or scanned.trouble or not scanned.leaks:
        return scanned
    try:
        save(target.path, fixed(load(target.path), scanned.leaks))
    except CassetteError as error:
        return Scanned(target=target, leaks=scanned.leaks, trouble=str(error))
    except OSError as error:
        trouble = f"{target.path} could not be written: {error.strerror}"
        return Scanned(target=target, leaks=scanned.leaks, trouble=trouble)
    return scan_file(target)


def scan_files(targets: Iterable[Target]) -> tuple[Scanned, ...]:
    return tuple(map(scan_file, targets))
