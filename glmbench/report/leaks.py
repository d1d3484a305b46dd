"""What a search for credentials found, as lines. Draws only, and never the credential itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.problems import printable
from glmbench.report.numbers import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.inspection.scan_files import Scanned

TO_DO_CASSETTE = "--fix replaces them in cassettes"
TO_DO_TEXT = "other files have to be made again"
TO_DO_ALLOW = 'what is no secret goes into the suite: "secrets: {allow: […]}"'


def render_scan(scanned: Sequence[Scanned], *, fix: bool = False) -> str:
    """Draw a line for each finding, what could not be searched, and what to do about it."""
    lines = [line for one in scanned for line in _lines(one)]
    return "\n".join([*map(printable, lines), *_summary(scanned, fix=fix)]) + "\n"


def render_fixes(before: Sequence[Scanned], after: Sequence[Scanned]) -> str:
    """Draw a line for each file in which something was replaced."""
    lines = []
    for old, new in zip(before, after, strict=True):
        gone = {leak.text for leak in old.leaks} - {leak.text for leak in new.leaks}
        if gone:
            lines.append(f"{old.target.path}: replaced {count(len(gone), 'text')} by [redacted]")
    return "".join(f"{printable(line)}\n" for line in lines)


def _lines(scanned: Scanned) -> list[str]:
    found = [f"{scanned.target.path}: {leak}" for leak in scanned.leaks]
    return [*found, *([scanned.trouble] if scanned.trouble else [])]


def _summary(scanned: Sequence[Scanned], *, fix: bool) -> list[str]:
    files = count(len(scanned), "file")
    leaky = [one for one in scanned if one.leaks]
    unread = sum(one.trouble is not None for one in scanned)
    beside = f"; {count(unread, 'file')} could not be searched or written" if unread else ""
    if not leaky:
        return [f"{files}: nothing that looks like a credential{beside}"]
    findings = count(sum(len(one.leaks) for one in leaky), "finding")
    return [f"{findings} in {count(len(leaky), 'file')}{beside}", _to_do(leaky, fix=fix)]


def _to_do(leaky: Sequence[Scanned], *, fix: bool) -> str:
    kinds = {one.target.is_cassette for one in leaky}
    advice = [TO_DO_CASSETTE] if True in kinds and not fix else []
    advice += [TO_DO_TEXT] if False in kinds else []
    return "; ".join([*advice, TO_DO_ALLOW])
