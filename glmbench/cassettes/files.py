"""Which files are cassettes, by their names. Looks at folders only; `store` opens the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = frozenset({".yaml", ".yml"})


def must_exist(path: Path, name: str | None = None) -> None:
    """Refuse a path that somebody gave and that is not there; the message calls it `name`.

    Raises:
        UsageError: with the reason.
    """
    try:
        if path.exists():
            return
    except OSError as error:
        raise UsageError(f"{name or path} cannot be read: {error.strerror}") from None
    raise UsageError(f"there is no {name or path}")


def cassettes_below(folder: Path) -> list[Path]:
    """List the cassettes in a folder and the folders in it, by name; what is hidden is none."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix in SUFFIXES
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not file.is_dir()
    )
