"""Record the shipped cassettes again, from glmbench's own emulator and nothing else.

For each suite in `prompts/` with a script of the same name in `prompts/emulator/`: start the
emulator on a free port of this machine, and refresh the suite's cassettes with `--connect-to`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from glmbench.server.emulator import Emulator
from glmbench.server.script_file import load_script

PROMPTS = Path("prompts")


async def record(suite: Path, script: Path) -> int:
    async with Emulator(load_script(script)) as emulator:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "glmbench",
            "run",
            str(suite),
            "--mode",
            "refresh",
            "--connect-to",
            f"{emulator.host}:{emulator.port}",
        )
        return await process.wait()


def main() -> int:
    suites = [s for s in sorted(PROMPTS.glob("*.yaml")) if (PROMPTS / "emulator" / s.name).exists()]
    return max(asyncio.run(record(s, PROMPTS / "emulator" / s.name)) for s in suites)


if __name__ == "__main__":
    sys.exit(main())
