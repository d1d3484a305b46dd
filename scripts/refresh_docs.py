"""Write what README.md and docs/ hold of generated text again: help texts, tables, a result.

A block stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->`, and a file that is generated
as a whole has no marks; `tests/docs` compares both with what this file makes. Run it from anywhere:
.venv/bin/python scripts/refresh_docs.py
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.testing import CliRunner, Result

from glmbench.cli.main import cli
from glmbench.results.document import result_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
COMMAND = ".venv/bin/python scripts/refresh_docs.py"
DEMO_SUITE = "prompts/quickstart.yaml"
SHOWN_TRIAL = "ping"


def invoke(*args: str) -> Result:
    """Run the command line in this process, in the project's folder, 80 columns wide."""
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        result = CliRunner().invoke(
            cli, args, prog_name="glmbench", env={"COLUMNS": "80"}, catch_exceptions=False
        )
    finally:
        os.chdir(before)
    assert result.exit_code == 0, result.output
    return result


def help_of(*verb: str) -> str:
    return invoke(*verb, "--help").stdout


def demo() -> str:
    """Make what README shows of the quickstart run: three sections of its output, as they are."""
    sections = invoke("run", DEMO_SUITE).stdout.rstrip("\n").split("\n\n")
    shown = [s for s in sections if s.startswith(("Cases\n", "Latency ("))]
    return "\n\n".join([*shown, sections[-1]]) + "\n"


def trial() -> str:
    """Make one trial of the quickstart run's result JSON."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "result.json")
        invoke("run", DEMO_SUITE, "--case", SHOWN_TRIAL, "-o", str(output))
        (only,) = json.loads(output.read_text(encoding="utf-8"))["trials"]
    return json.dumps(only, indent=2, ensure_ascii=False) + "\n"


def layers() -> str:
    """Read the layers that import-linter checks, the highest first."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    (found,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return "\n".join(found) + "\n"


def verbs(group: click.Group = cli, *above: str) -> Iterator[tuple[str, ...]]:
    """Yield every verb with those it is under: ("run",), ("cassette",), ("cassette", "ls")."""
    for name, command in sorted(group.commands.items()):
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from verbs(command, *above, name)


def generated() -> Iterator[tuple[str, str, str, Callable[[], str]]]:
    """Yield file, block name, language of its fence, and what makes its text."""
    yield "README.md", "demo", "text", demo
    yield "docs/reference/cli.md", "help", "text", help_of
    for verb in verbs():
        name = "-".join(("help", *verb))
        yield "docs/reference/cli.md", name, "text", lambda verb=verb: help_of(*verb)
    yield "docs/reference/cli.md", "trial", "json", trial
    yield "docs/design.md", "layers", "text", layers


def generated_files() -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield each file that is generated as a whole, and what makes its text."""
    yield "docs/reference/suite.schema.json", lambda: invoke("schema").stdout
    yield "docs/reference/result.schema.json", schema_of_results


def schema_of_results() -> str:
    return json.dumps(result_schema(), indent=2, ensure_ascii=False) + "\n"


def fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}```\n"


def pattern(name: str) -> re.Pattern[str]:
    mark = re.escape(name)
    return re.compile(rf"(<!-- {mark}: begin -->\n)(.*?)(<!-- {mark}: end -->)", re.DOTALL)


def find_block(text: str, name: str) -> str | None:
    """Return what stands between the marks; None when they are missing."""
    match = pattern(name).search(text)
    return match[2] if match else None


def write_files() -> None:
    for file, make in generated_files():
        path, text = ROOT / file, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"{file} written")


def main() -> int:
    write_files()
    missing = 0
    for file, name, language, make in generated():
        path = ROOT / file
        text = path.read_text(encoding="utf-8")
        now = find_block(text, name)
        block = fenced(language, make())
        if now is None:
            print(f"{file}: the marks of the block {name} are missing", file=sys.stderr)
            missing += 1
        elif now != block:
            written = pattern(name).sub(lambda m, block=block: m[1] + block + m[3], text)
            path.write_text(written, encoding="utf-8")
            print(f"{file}: {name} written")
    return min(missing, 1)


if __name__ == "__main__":
    sys.exit(main())
