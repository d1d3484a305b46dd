"""What the documentation shows of the program is what the program prints."""

from __future__ import annotations

import pytest
from docs.pages import DOCS, REFERENCE, ROOT, page, refresh_docs

GENERATED = {(file, name): (lang, make) for file, name, lang, make in refresh_docs.generated()}
FILES = dict(refresh_docs.generated_files())
AGAIN = f"run {refresh_docs.COMMAND} and look at what changed"


@pytest.mark.parametrize(("file", "name"), GENERATED, ids=lambda word: word)
def test_a_generated_block_is_what_the_program_says_now(file, name):
    language, make = GENERATED[file, name]
    block = refresh_docs.find_block(page(ROOT / file), name)
    assert block is not None, f"{file} lacks the marks of the block {name}"
    assert block == refresh_docs.fenced(language, make()), f"{file} is behind: {AGAIN}"


@pytest.mark.parametrize("file", FILES)
def test_a_generated_file_is_what_the_program_says_now(file):
    assert page(ROOT / file) == FILES[file](), f"{file} is behind: {AGAIN}"


def test_every_verb_has_its_help_in_the_reference():
    text = page(REFERENCE / "cli.md")
    missing = [
        verb for verb in refresh_docs.verbs() if f"## glmbench {' '.join(verb)}\n" not in text
    ]
    assert missing == []


def test_no_help_is_wider_than_80_columns():
    texts = [
        refresh_docs.help_of(),
        *(refresh_docs.help_of(*verb) for verb in refresh_docs.verbs()),
    ]
    assert [line for text in texts for line in text.splitlines() if len(line) > 80] == []


def test_the_demo_in_the_readme_is_a_part_of_the_real_output():
    output = refresh_docs.invoke("run", refresh_docs.DEMO_SUITE).stdout
    shown = refresh_docs.find_block(page(ROOT / "README.md"), "demo")
    sections = shown.removeprefix("```text\n").removesuffix("\n```\n").split("\n\n")
    assert len(sections) == 3, AGAIN
    assert [section for section in sections if section not in output] == [], AGAIN


def test_the_demo_in_the_readme_says_that_its_figures_are_the_emulators():
    assert "from the emulator" in refresh_docs.find_block(page(ROOT / "README.md"), "demo")


def test_a_block_with_other_text_is_noticed():
    text = "before\n<!-- x: begin -->\n```text\nold\n```\n<!-- x: end -->\nafter\n"
    assert refresh_docs.find_block(text, "x") == refresh_docs.fenced("text", "old\n")
    assert refresh_docs.find_block(text, "y") is None


def test_every_page_is_in_the_index():
    index = page(DOCS / "README.md")
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    assert [name for name in pages if name != "README.md" and f"]({name})" not in index] == []
