"""Live trials run on the faster loop where there is one."""

from __future__ import annotations

import asyncio
import sys

import pytest
import uvloop

from glmbench.running.eventloop import loop_name, run_live


async def running_loop():
    return type(asyncio.get_running_loop())


def test_uvloop_is_used_where_it_is_installed():
    assert loop_name() == "uvloop"
    assert issubclass(run_live(running_loop()), uvloop.Loop)


def test_without_it_the_loop_is_asyncios_own(monkeypatch):
    # What stands as None in sys.modules cannot be imported.
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop_name() == "asyncio"
    assert issubclass(run_live(running_loop()), asyncio.SelectorEventLoop)


def test_what_the_work_returns_or_raises_comes_out():
    async def answer():
        return 7

    async def fail():
        raise KeyError("no")

    assert run_live(answer()) == 7
    with pytest.raises(KeyError, match=r"^'no'$"):
        run_live(fail())
