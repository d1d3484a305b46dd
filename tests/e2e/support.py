"""Run the command line as a user does: a process of its own, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "prompts" / "quickstart.yaml"

# The package that is tested, also in a working tree that is not installed, and `provided`.
PATHS = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"


@dataclass
class Finished:
    code: int
    out: str
    err: str


def glmbench(*args, cwd=ROOT, **environment) -> Finished:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "glmbench", *map(str, args)],
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": f"{cwd}{os.pathsep}{PATHS}",
            "COLUMNS": "80",
            **environment,
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Finished(code=done.returncode, out=done.stdout, err=done.stderr)


def result_of(path) -> dict:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_suite(folder: Path, text: str, name: str = "suite.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
