"""Findings as lines: where, what, and what to do; never the credential."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inspection.leaking import KEY

from glmbench.inspection.scan import scan_text
from glmbench.inspection.scan_files import Scanned, Target
from glmbench.report.leaks import render_fixes, render_scan

CLEAN = Scanned(target=Target(path=Path("tapes/a.yaml"), is_cassette=True))
LEAKY = replace(
    CLEAN,
    target=Target(path=Path("tapes/b.yaml"), is_cassette=True),
    leaks=tuple(scan_text("interaction 1, request body $.x", KEY)),
)
RESULT = replace(LEAKY, target=Target(path=Path("r.json"), is_cassette=False))
FINDING = (
    "tapes/b.yaml: interaction 1, request body $.x: looks like an OpenAI-style key"
    " (sk-f…, 35 characters)\n"
)


def test_without_findings_there_is_one_line():
    assert render_scan([CLEAN]) == "1 file: nothing that looks like a credential\n"
    assert render_scan([CLEAN] * 34) == "34 files: nothing that looks like a credential\n"


def test_a_finding_is_a_line_and_the_advice_comes_last():
    assert render_scan([CLEAN, LEAKY]) == (
        f"{FINDING}"
        "1 finding in 1 file\n"
        "--fix replaces them in cassettes; what is no secret goes into the suite: "
        '"secrets: {allow: […]}"\n'
    )


def test_other_files_than_cassettes_have_their_own_advice():
    assert render_scan([RESULT]).endswith(
        "1 finding in 1 file\n"
        "other files have to be made again; what is no secret goes into the suite: "
        '"secrets: {allow: […]}"\n'
    )


def test_what_could_not_be_searched_is_said_and_counted():
    damaged = replace(CLEAN, trouble="tapes/a.yaml is damaged: so.")
    assert render_scan([damaged]) == (
        "tapes/a.yaml is damaged: so.\n"
        "1 file: nothing that looks like a credential; 1 file could not be searched or written\n"
    )


def test_a_fix_says_how_many_texts_it_replaced():
    fixed = replace(LEAKY, leaks=())
    assert render_fixes([CLEAN, LEAKY], [CLEAN, fixed]) == (
        "tapes/b.yaml: replaced 1 text by [redacted]\n"
    )
    assert render_fixes([LEAKY], [LEAKY]) == ""


def test_a_name_cannot_steer_the_terminal():
    odd = replace(LEAKY, target=Target(path=Path("a\x1b[2Jb.yaml"), is_cassette=True))
    assert render_scan([odd]).startswith("a\\x1b[2Jb.yaml: interaction 1")
    fixed = replace(odd, leaks=())
    assert render_fixes([odd], [fixed]) == "a\\x1b[2Jb.yaml: replaced 1 text by [redacted]\n"
