"""Texts that would do harm in some format, if that format did not escape them.

An answer, the message of a service and a name in a suite may all hold them. `HOSTILE` maps a name
to each; `make_hostile_result` puts one of them everywhere a text can stand.
"""

from __future__ import annotations

from results.support import make_result, make_trial, make_turn

from glmbench.checks.evaluate import CheckResult
from glmbench.measure.timing import Timing
from glmbench.results.model import (
    CassetteOutcome,
    Caveat,
    ErrorOutcome,
    GateResult,
    Leak,
    SuiteInfo,
)

HOSTILE = {
    # XML and HTML
    "cdata end": "]]>",
    "script": "<script>alert(1)</script>",
    "closing tags": "</td></details></testcase></script></style></code></pre>",
    "image with a handler": '<img src=x onerror="alert(1)">',
    "attribute end": "\"' onmouseover='alert(1)' x=\"",
    "html comment": "<!-- a --> --> <!--",
    "entities": "&lt;script&gt; &amp; &#0; &#x1b; &nope;",
    "doctype": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    # spreadsheets
    "formula": "=cmd()",
    "formula with a pipe": "=cmd|' /C calc'!A0",
    "formula by plus": "+1+cmd()",
    "formula by minus": "-1+cmd()",
    "formula by at": "@SUM(1)",
    "formula after a tab": "\t=cmd()",
    "formula after a return": "\r=cmd()",
    "wide formula": "＝cmd()",
    "quotes and separators": 'a,b;"c"\r\n=cmd()',
    # workflow commands
    "command": "::error::owned",
    "command on a new line": "text\n::error file=a,line=1::owned",
    "command after blanks": " \u3000\u00a0::set-output name=a::b",
    "old command": "text ##[error]owned",
    "command by percent": "100%0A::error::owned%0D%25",
    "command by return": "text\r::stop-commands::x",
    # Markdown
    "table cells": "a | b \\| c || d",
    "backticks": "``` ` `` ~~~",
    "fence": "\n```\n# out\n```\n",
    "link": "[click](javascript:alert(1)) ![x](http://example.invalid/x.png)",
    "autolinks": "<http://example.invalid> http://example.invalid www.example.invalid a@b.invalid",
    "mentions": "@octocat #123 GH-1 octocat/repo#1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "emphasis": "**bold** _it_ ~~gone~~ # head\n- item\n> quote\n---\n",
    "details": "\n\n</details>\n\n<details open><summary>x</summary>\n\n",
    # terminals and eyes
    "controls": "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 127, *range(128, 160)])),
    "escape sequence": "\x1b[31mred\x1b]8;;http://example.invalid\x07link\x1b]8;;\x07\x1b[0m",
    "bidirectional": "a\u202egnp.exe\u202c \u2066x\u2069 \u200e\u200f\u061c",
    "invisible": "a\u200bb\u2060c\ufeffd\u00ade\U000e0041",
    "line separators": "a\u2028b\u2029c\u0085d\x0be\x0cf",
    "line ends": "a\nb\r\nc\rd",
    "no characters": "\ufffe\uffff\U0001fffe\ufdd0",
    # A lone surrogate: JSON can bring one, and UTF-8 cannot write it.
    "lone surrogate": "a\udc80b\ud800",
    # templates
    "templates": "{{ 7 * 7 }} ${{ github.token }} {% raw %} %s %(x)s {0}",
    # nothing, and much
    "empty": "",
    "blanks": "   ",
    "long": "长" * 3_000 + "`|<&" * 1_000,
    # harmless, and to be left readable
    "families and flags": "👨‍👩‍👧 🏳️‍🌈 你好 עברית العربية می‌خواهم",
}


def make_hostile_result(text, **changes):
    """Make a result that has the text everywhere a suite or a service could put it."""
    check = CheckResult(name="text.contains", status="failed", expected=text, got=text, note=text)
    error = ErrorOutcome(type=text, message=text, status=500, code=text)
    cassette = CassetteOutcome(path=text, verdict="MISS", reason=text)
    own = {
        "suite": text,
        "case": text,
        "model": text,
        "text": text,
        "reasoning": text,
        "native_finish_reason": text,
        "finish_message": text,
        "rewritten": text,
        "tags": (text,),
    }
    turn = make_turn(status="failed", checks=(check,), text=text, reasoning=text)
    trials = [
        make_trial(**own, status="failed", checks=(check,), turns=(turn, turn)),
        make_trial(**{**own, "repeat": 2}, status="error", error=error, cassette=cassette),
        make_trial(**{**own, "repeat": 3}, status="skipped", skipped=text, fault=text),
        make_trial(**{**own, "repeat": 4}, reframe=text, timing=Timing(source="live", total_s=1.0)),
    ]
    gate = GateResult(
        suite=text, text=text, status="failed", got=text, n=3, severity="error", note=text, tag=text
    )
    usual = {
        "environment": {"mode": text, "started_at": text, "glmbench": text, "profile": text},
        "warnings": (Caveat(trials=tuple(t.full_id for t in trials), words=text),),
        "leaks": (Leak(place=text, words=text),),
        "gates": (gate,),
        "regressions": (text,),
        "details": {trial.full_id: text for trial in trials},
    }
    result = make_result(trials, **{**usual, **changes})
    return _with_path(result, text)


def _with_path(result, text):
    from dataclasses import replace

    suites = tuple(
        SuiteInfo(name=suite.name, path=text, provider=text, cases=1) for suite in result.suites
    )
    return replace(result, suites=suites)
