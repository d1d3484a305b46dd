"""Cassette files on disk: which there are, whether they are whole, and what is in them.

Only reads. Whoever wants an age brings the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from os.path import realpath
from typing import TYPE_CHECKING

from glmbench.cassettes.files import cassettes_below, must_exist
from glmbench.cassettes.store import load
from glmbench.errors import CassetteDamagedError, UsageError
from glmbench.inspection.reading import read_stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.track import EndKind
    from glmbench.parts import FinishReasonName

# A suite or a result that is taken for a cassette is told by how it begins.
HEAD_SIZE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class CassetteFile:
    """A file that was asked for: by itself, then `folder` is None, or as one of a folder's.

    `name` is relative to the folder, with slashes.
    """

    path: Path
    name: str
    folder: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file and what is wrong with it; None for a whole one."""

    file: CassetteFile
    damage: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is in a whole cassette.

    `recorded_at` is the oldest of its tracks. The time to the first token is that of the first
    response that has one, end and finish are those of the last response; `failure` is the type of
    the error that stood in the place of a finish reason. None is "not known".
    """

    recorded_at: datetime | None
    requests: int
    ttft_s: float | None
    end: EndKind | None
    finish: FinishReasonName | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of an inventory: `contents` is None where there is `damage`."""

    file: CassetteFile
    size: int
    contents: Contents | None = None
    damage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The cassettes of two folders by their names; those of one side have no partner."""

    both: tuple[tuple[CassetteFile, CassetteFile], ...]
    only_base: tuple[CassetteFile, ...] = ()
    only_head: tuple[CassetteFile, ...] = ()


def find_cassettes(paths: Sequence[Path]) -> tuple[CassetteFile, ...]:
    """List the files given and the cassettes in the folders given, each once.

    Raises:
        UsageError: a path does not exist.
    """
    found: dict[str, CassetteFile] = {}
    for path in paths:
        must_exist(path)
        if path.is_dir():
            for file in cassettes_below(path):
                name = file.relative_to(path).as_posix()
                entry = CassetteFile(path=file, name=name, folder=path)
                found.setdefault(realpath(file), entry)
        else:
            entry = CassetteFile(path=path, name=path.as_posix(), folder=None)
            found.setdefault(realpath(path), entry)
    return tuple(found.values())


def open_cassette(path: Path, name: str) -> tuple[Interaction, ...]:
    """Load a cassette that somebody named.

    Raises:
        UsageError: there is no such file, or it is a folder.
        CassetteDamagedError: it is damaged, or no cassette but a suite or a result.
    """
    must_exist(path, name)
    if path.is_dir():
        raise UsageError(f"{name} is a folder, not a cassette")
    kind = _other_kind(path)
    if kind is not None:
        raise CassetteDamagedError(f"{name} is no cassette but {kind}")
    return load(path, name=name)


def _other_kind(path: Path) -> str | None:
    if not path.is_file():
        return None  # to open a pipe would be to wait for it
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_SIZE)
    except OSError:
        return None  # the store has words for it
    if head.lstrip().startswith(b"{") and b'"glmbench.result/' in head:
        return "a result"
    keys = {line.partition(b":")[0] for line in head.splitlines()}
    return "a suite" if keys & {b"provider", b"cases"} and b"interactions" not in keys else None


def check(files: Sequence[CassetteFile]) -> tuple[Checked, ...]:
    """Load every file and say what is wrong with it."""
    return tuple(Checked(file=file, damage=_damage(file)) for file in files)


def _damage(file: CassetteFile) -> str | None:
    try:
        open_cassette(file.path, str(file.path))
    except (CassetteDamagedError, UsageError) as error:
        return str(error)
    return None


def take_inventory(files: Sequence[CassetteFile]) -> tuple[Entry, ...]:
    """Load every file and say what is in it."""
    return tuple(_entry(file) for file in files)


def _entry(file: CassetteFile) -> Entry:
    size = _size(file.path)
    try:
        interactions = open_cassette(file.path, str(file.path))
    except (CassetteDamagedError, UsageError) as error:
        return Entry(file=file, size=size, damage=str(error))
    return Entry(file=file, size=size, contents=contents_of(interactions))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # a link that leads nowhere, or a file that has just gone


def contents_of(interactions: Sequence[Interaction]) -> Contents:
    """Sum up the interactions of one trial; there is at least one."""
    readings = [read_stream(interaction) for interaction in interactions]
    tracks = [interaction.track for interaction in interactions if interaction.track]
    dates = [date for track in tracks if (date := parse_date(track.recorded_at))]
    ttfts = (r.timing.ttft_s for r in readings if r.timing.ttft_s is not None)
    last = readings[-1]
    return Contents(
        recorded_at=min(dates, default=None),
        requests=len(interactions),
        ttft_s=next(ttfts, None),
        end=last.end.kind if last.end else None,
        finish=last.finish.reason if last.finish else None,
        failure=last.failure.type if last.failure else None,
    )


def parse_date(text: str) -> datetime | None:
    """Read the date of a track; None where a hand has made it something else."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def pair_up(base: Path, head: Path) -> Pairs:
    """Pair two files, or the files of two folders by their names relative to the folder.

    Raises:
        UsageError: a path does not exist, or one is a file and the other a folder.
    """
    befores, afters = find_cassettes([base]), find_cassettes([head])
    if base.is_dir() != head.is_dir():
        raise UsageError(f"{base} and {head} must be two files or two folders")
    if not base.is_dir():
        return Pairs(both=((befores[0], afters[0]),))
    by_name = {file.name: file for file in afters}
    names = {file.name for file in befores}
    return Pairs(
        both=tuple((file, by_name[file.name]) for file in befores if file.name in by_name),
        only_base=tuple(file for file in befores if file.name not in by_name),
        only_head=tuple(file for file in afters if file.name not in names),
    )
