"""`glmbench cassette`: look into cassettes, compare two, and clear away what nobody owns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from glmbench.cli.output import print_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.inspection.inventory import CassetteFile

GATE, DAMAGED, NOTHING_THERE = 4, 6, 7

_PATH = click.Path(path_type=Path)


@click.group()
def cassette() -> None:
    """Look into cassettes, compare them, remove what nobody owns."""


@cassette.command(name="ls")
@click.argument("paths", nargs=-1, type=_PATH, metavar="[PATH]...")
def ls(paths: tuple[Path, ...]) -> int:
    """List cassettes and what is in them.

    Age, size, requests, time to the first token, how the body ended, and the finish reason. PATH is
    a file or a folder, by default "cassettes".
    """
    from datetime import UTC, datetime

    from glmbench.inspection.inventory import take_inventory
    from glmbench.report.cassettes import render_inventory

    files = _find(paths)
    if not files:
        return _say_that_there_is_none(paths)
    entries = take_inventory(files)
    print_text(render_inventory(entries, datetime.now(UTC)))
    return DAMAGED if any(entry.damage for entry in entries) else 0


@cassette.command()
@click.argument("paths", nargs=-1, type=_PATH, metavar="[PATH]...")
def verify(paths: tuple[Path, ...]) -> int:
    """Check that cassettes are whole and unchanged.

    Every body must be the one that was recorded. PATH is a file or a folder, by default
    "cassettes".
    """
    from glmbench.inspection.inventory import check
    from glmbench.report.cassettes import render_checks

    files = _find(paths)
    if not files:
        return _say_that_there_is_none(paths)
    checked = check(files)
    print_text(render_checks(checked))
    return DAMAGED if any(item.damage for item in checked) else 0


def _find(paths: tuple[Path, ...]) -> Sequence[CassetteFile]:
    from glmbench.inspection.inventory import find_cassettes

    return find_cassettes(paths or (Path("cassettes"),))


def _say_that_there_is_none(paths: tuple[Path, ...]) -> int:
    where = ", ".join(map(str, paths)) or "cassettes"
    print_text(f"there is no cassette in {where}\n", err=True)
    return NOTHING_THERE


@cassette.command()
@click.argument("base", type=_PATH, metavar="BASE")
@click.argument("head", type=_PATH, metavar="HEAD")
def diff(base: Path, head: Path) -> int:
    """Show what changed between two cassettes, or two folders.

    Exits with 4 when the shape of frames, a finish reason, a status or the headers changed. Other
    words and other times alone are no drift.
    """
    from glmbench.inspection.compare import compare
    from glmbench.inspection.inventory import open_cassette, pair_up
    from glmbench.report.cassettes import render_comparison, render_comparisons

    pairs = pair_up(base, head)
    comparisons = [
        (
            before.name,
            compare(
                open_cassette(before.path, str(before.path)),
                open_cassette(after.path, str(after.path)),
            ),
        )
        for before, after in pairs.both
    ]
    if base.is_dir():
        print_text(render_comparisons(comparisons, pairs.only_base, pairs.only_head))
    else:
        print_text(render_comparison(comparisons[0][1]))
    if not comparisons:
        return NOTHING_THERE
    return GATE if any(comparison.drifted for _, comparison in comparisons) else 0


@cassette.command()
@click.argument("suites", nargs=-1, required=True, type=_PATH, metavar="SUITE...")
@click.option("--yes", is_flag=True, help="Delete them; without it they are only listed.")
def prune(suites: tuple[Path, ...], *, yes: bool) -> None:
    """List or delete the cassettes that no trial owns.

    Only in the folders of these suites: name all that share one. What a killed recording left
    behind counts too.
    """
    import time

    from glmbench.inspection.orphans import delete, find_orphans
    from glmbench.report.cassettes import render_orphans
    from glmbench.running.plan import load_plan

    orphans = find_orphans(load_plan(suites).suites, time.time())
    if yes:
        delete(orphans)
    print_text(render_orphans(orphans, deleted=yes))
