"""The broken suites of bad_suites.txt, and the files that lie beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = "version: 1\nprovider: chatglm\n"
GOOD = {
    "@head\n": HEAD,
    "@case\n": HEAD + "cases:\n  - id: a\n    prompt: hi\n",
}
FILES = {
    "facts.csv": b"question,answer\nWhere?,{{ here }}\nWhen?,now\n",
    "ragged.csv": b"question,answer\nWhere?,here\nWhen?\n",
    "header.csv": b"question,\nWhere?,here\n",
    "reserved.csv": b"env,model\na,b\n",
    "broken.json": b'[{"question": 1},\n {"question" 2}]\n',
    "hello.txt": "你好 {{ word }}\n".encode(),
    "latin.txt": b"caf\xe9",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A suite, and its problems as `line:column: message | hint`."""

    kind: str
    text: str
    problems: list[str]


def write_files(folder: Path) -> None:
    for name, content in FILES.items():
        (folder / name).write_bytes(content)


def broken_suites() -> Iterator[Broken]:
    file = Path(__file__).with_name("bad_suites.txt")
    kind = ""
    for block in file.read_text(encoding="utf-8").split("\n\n")[1:]:
        if block.startswith("## "):
            kind = block.removeprefix("## ").strip()
            continue
        suite, *problems = block.strip("\n").split("\n>>> ")
        suite += "\n"
        for short, lines in GOOD.items():
            suite = suite.replace(short, lines)
        yield Broken(kind=kind, text=suite, problems=problems)
