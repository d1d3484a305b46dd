"""Links of the documentation lead to files and headings that exist."""

from __future__ import annotations

import pytest
from docs.pages import DOCS, ROOT, anchors, links

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "prompts" / "README.md",
    ROOT / "cassettes" / "README.md",
    *sorted(DOCS.rglob("*.md")),
]


def broken(path, root=ROOT):
    for target in links(path):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        if not found.exists():
            yield f"{target}: no such file"
        elif not found.is_relative_to(root):
            yield f"{target}: outside of the project"
        elif anchor and anchor not in anchors(found):
            yield f"{target}: no such heading; there are {', '.join(sorted(anchors(found)))}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_link_leads_to_something(path):
    assert list(broken(path)) == []


def test_a_broken_link_is_noticed(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("# One\n[a](b.md) [b](#two) [c](#one) `[d](e.md)`\n```text\n[f](g.md)\n```\n")
    assert [problem.partition(":")[0] for problem in broken(path, tmp_path)] == ["b.md", "#two"]


def test_headings_become_the_anchors_that_github_makes(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("# The `x-stream` key\n## Exit codes\n## Exit codes\n### What's new, 2?\n")
    assert anchors(path) == {"the-x-stream-key", "exit-codes", "exit-codes-1", "whats-new-2"}
