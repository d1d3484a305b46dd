"""The emulator in a thread of its own, so that runs which own their event loops can be tested."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager

from glmbench.server.emulator import Emulator
from glmbench.server.script_file import load_script


@contextmanager
def emulated(folder, script_text):
    """Serve a script; yields (HOST, PORT). The truth log is `truth.jsonl` in the folder."""
    path = folder / "script.yaml"
    path.write_text(script_text, encoding="utf-8")
    script = load_script(path)
    started, address = threading.Event(), []

    async def serve():
        stop = asyncio.Event()
        async with Emulator(script, truth=folder / "truth.jsonl") as emulator:
            address[:] = [emulator.host, emulator.port, asyncio.get_running_loop(), stop]
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    started.wait()
    host, port, loop, stop = address
    try:
        yield host, port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def truth(folder) -> list[dict]:
    """Read what the emulator noted, one mapping a line."""
    lines = (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
