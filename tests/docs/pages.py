"""What the tests of the documentation share: pages, fenced blocks, anchors, the refresh script."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"

_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_SPAN = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block; `mark` is the comment on the line before it."""

    mark: str
    language: str
    text: str
    line: int


def page(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[Block]:
    text = page(path)
    found = [
        Block(m["mark"] or "", m["language"], m["text"], text.count("\n", 0, m.start("text")) + 1)
        for m in _FENCE.finditer(text)
    ]
    return [block for block in found if block.language == language]


def _prose(path: Path) -> str:
    return _FENCE.sub("", page(path))


def links(path: Path) -> list[str]:
    """The targets of a page's links, without those in code."""
    return _LINK.findall(_SPAN.sub("", _prose(path)))


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(_prose(path)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        number, name = 0, slug
        while name in found:
            number += 1
            name = f"{slug}-{number}"
        found.add(name)
    return found


def section(text: str, heading: str) -> str:
    """What stands under a heading of level two, up to the next one."""
    after = text.split(f"\n## {heading}\n", 1)[1]
    return after.split("\n## ", 1)[0]


def _load_refresh_docs():
    spec = importlib.util.spec_from_file_location(
        "refresh_docs", ROOT / "scripts" / "refresh_docs.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


refresh_docs = _load_refresh_docs()
