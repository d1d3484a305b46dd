"""Record the shipped cassettes again, from glmbench's own emulator and nothing else.

    .venv/bin/python scripts/record_cassettes.py [SUITE ...]

For each suite in `prompts/` with a script of the same name in `prompts/emulator/`, or for those
that are named: start the emulator of the service that the script is for on a free port of this
machine, and refresh the suite's cassettes with `--connect-to`. The cassette that `glmbench init`
writes is a copy of the quickstart's first one.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

from glmbench.server.emulator import Emulator
from glmbench.server.script_file import load_script

PROMPTS = Path("prompts")
SCRIPTS = PROMPTS / "emulator"

FIRST = Path("cassettes/quickstart/hello-zh@glm-4@1.yaml")
STARTER = Path("glmbench/starter/cassette.yaml")

# The GLM API wants a key and the emulator takes any; completions.yaml names one, too. It must not
# be anybody's: what the emulator is sent passes through this machine's loopback as plain text.
KEYS = dict.fromkeys(("ZHIPUAI_API_KEY", "EXAMPLE_API_KEY"), "not-a-real-key-0123456789")
FOREIGN_KEYS = ("ZAI_API_KEY", "OPENAI_API_KEY")


async def record(name: str) -> int:
    inherited = {key: value for key, value in os.environ.items() if key not in FOREIGN_KEYS}
    async with Emulator(load_script(SCRIPTS / f"{name}.yaml")) as emulator:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "glmbench",
            "run",
            str(PROMPTS / f"{name}.yaml"),
            "--mode",
            "refresh",
            "--connect-to",
            f"{emulator.host}:{emulator.port}",
            env=inherited | KEYS,
        )
        return await process.wait()


def main(*names: str) -> int:
    known = sorted(path.stem for path in SCRIPTS.glob("*.yaml"))
    unknown = [name for name in names if name not in known]
    if unknown:
        print(
            f"no suite with a script is called {', '.join(unknown)}; there are: {', '.join(known)}",
            file=sys.stderr,
        )
        return 2
    chosen = names or known
    code = max(asyncio.run(record(name)) for name in chosen)
    if FIRST.parent.name in chosen:
        shutil.copyfile(FIRST, STARTER)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
