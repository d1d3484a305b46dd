"""`glmbench cassette scan`."""

from __future__ import annotations

from pathlib import Path

import click

from glmbench.cli.output import print_text

FOUND, NOTHING_THERE = 6, 7


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--fix", is_flag=True, help="Replace what is found in cassettes by [redacted].")
def scan(paths: tuple[Path, ...], *, fix: bool) -> int:
    """Look for what still looks like a credential.

    PATH is a cassette, a result or another text, a folder of such, or a suite: then its cassettes
    are searched, and what its "secrets: {allow: ...}" lists is passed over. By default "cassettes".
    """
    from glmbench.inspection.scan_files import find_targets, fix_file, scan_files
    from glmbench.report.leaks import render_fixes, render_scan

    targets = find_targets(paths or (Path("cassettes"),))
    if not targets:
        where = ", ".join(map(str, paths)) or "cassettes"
        print_text(f"there is nothing to search in {where}\n", err=True)
        return NOTHING_THERE
    scanned = scan_files(targets)
    if fix:
        before, scanned = scanned, tuple(map(fix_file, scanned))
        print_text(render_fixes(before, scanned))
    print_text(render_scan(scanned, fix=fix))
    return FOUND if any(one.leaks or one.trouble for one in scanned) else 0
