"""Suites as texts, run in this process, and a scripted server in a thread beside them."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

import msgspec
from streamserver import stream_server

from glmbench.running.marks import describe_run
from glmbench.running.plan import Request, load_plan
from glmbench.running.runner import run_suites
from glmbench.running.stage import Settings


def plans(folder, text, *, environ=None, **request):
    """Load one suite of this text; returns it in a tuple."""
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return load_plan([path], Request(environ=environ or {}, **request)).suites


def run(suites, on_trial=lambda _: None, **settings):
    return run_suites(suites, Settings(**settings), {}, on_trial)


def described(suites, environment=None, **settings):
    """Describe a run of suites, as its journal has it."""
    own = {plan.suite.name: Settings(**settings) for plan in suites}
    return describe_run(suites, own, environment or {})


def comparable(trial):
    """Everything but what is known live only, and the words for where the figures come from."""
    data = msgspec.to_builtins(trial)
    for turn in (data, *data["turns"]):
        for key in ("source", "client_lag_p50_s", "client_lag_max_s"):
            del turn["timing"][key]
        for check in turn["checks"]:
            del check["note"]
    del data["cassette"]["verdict"]
    return data


@contextmanager
def served(*scripts, by_path=None):
    """Serve scripts of `streamserver` from a thread; yields the server and its (HOST, PORT)."""
    started, held = threading.Event(), []

    async def serve():
        stop = asyncio.Event()
        async with stream_server(*scripts, by_path=by_path) as server:
            held[:] = [server, asyncio.get_running_loop(), stop]
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    started.wait()
    server, loop, stop = held
    try:
        yield server, ("127.0.0.1", server.port)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
