"""What is printed comes out as it was painted."""

from __future__ import annotations

import io
import sys

from glmbench.cli.output import print_text

PAINTED = "\x1b[1mCases\x1b[0m\n"


def test_colours_that_were_decided_on_go_into_a_pipe_too(monkeypatch):
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stdout", pipe)
    print_text(PAINTED)
    assert pipe.getvalue() == PAINTED
