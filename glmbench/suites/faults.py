"""The faults that a case may put into its recording, as plain data, and how they are written.

A fault says what goes wrong, not how: what it does to a recorded response is the cassettes'
business. `str(fault)` is the one spelling that names it in reports and that reads back as it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from glmbench.errors import UsageError
from glmbench.problems import printable, shortened
from glmbench.suites.durations import read_duration, read_wait
from glmbench.suites.nodes import Keys, Node, Reader, word
from glmbench.yamlsource import YamlError, parse

if TYPE_CHECKING:
    from glmbench.problems import Problem

CutKind: TypeAlias = Literal["reset", "eof", "stall"]
CUT_KINDS: tuple[CutKind, ...] = ("reset", "eof", "stall")


@dataclass(frozen=True, slots=True, kw_only=True)
class CutAfter:
    """The body ends after so many chunks; 0 leaves the head alone."""

    chunks: int
    kind: CutKind = "reset"

    def __str__(self) -> str:
        return f"{{cut_after: {self.chunks}, kind: {self.kind}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The connection is refused."""

    def __str__(self) -> str:
        return "{refuse: true}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The server answers with an HTTP error instead. `retry_after` is in seconds."""

    code: int
    retry_after: float | None = None

    def __str__(self) -> str:
        wait = "" if self.retry_after is None else f", retry_after: {_duration(self.retry_after)}"
        return f"{{status: {self.code}{wait}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayFirst:
    """The first chunk, and all that follows it, comes so much later."""

    seconds: float

    def __str__(self) -> str:
        return f"{{delay_first: {_duration(self.seconds)}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrupt:
    """One byte of a chunk is wrong; chunks count from 1."""

    chunk: int

    def __str__(self) -> str:
        return f"{{corrupt: {{chunk: {self.chunk}}}}}"


Fault: TypeAlias = CutAfter | Refuse | Status | DelayFirst | Corrupt


def _duration(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


# --- reading --------------------------------------------------------------------------------

# What names a fault, and what may stand beside it.
_BESIDE = {
    "cut_after": ("kind",),
    "refuse": (),
    "status": ("retry_after",),
    "delay_first": (),
    "corrupt": (),
}
_EXAMPLES = (
    "{cut_after: 3, kind: reset}, {refuse: true}, {status: 429, retry_after: 2s}, "
    "{delay_first: 10s} or {corrupt: {chunk: 5}}"
)


def read_fault(node: Node) -> Fault | None:
    """Read a fault; None when something is wrong with it, which is then reported."""
    before = len(node.problems)
    with Keys(node, "a fault") as keys:
        chunks = keys.read("cut_after", _whole_number(0), 0)
        kind: CutKind = keys.read("kind", _cut_kind, "reset")
        keys.find("refuse", _true)
        code = keys.read("status", _whole_number(400, 599), 0)
        retry_after = keys.find("retry_after", read_wait)
        seconds = keys.find("delay_first", read_duration) or 0.0
        chunk = keys.read("corrupt", _corrupt_chunk, 0)
        name = _the_one(node) if keys.is_mapping else None
    if len(node.problems) > before:
        return None
    match name:
        case "cut_after":
            return CutAfter(chunks=chunks, kind=kind)
        case "refuse":
            return Refuse()
        case "status":
            return Status(code=code, retry_after=retry_after)
        case "delay_first":
            return DelayFirst(seconds=seconds)
        case _:
            return Corrupt(chunk=chunk)


def parse_fault(text: str) -> Fault:
    """Parse a fault of the command line, written as in a suite: `{cut_after: 3, kind: stall}`.

    Raises:
        UsageError: the text is no fault; the message says why, or shows what would be.
    """
    said = f'"{printable(shortened(text))}" is no fault'
    try:
        document = parse(text, "--fault")
    except YamlError as error:
        raise UsageError(f"{said}: {_in_words(error.problems[0])}") from None
    if not isinstance(document.value, dict):
        raise UsageError(f"{said}: write {_EXAMPLES}")
    problems: list[Problem] = []
    fault = read_fault(Node(document, (), document.value, problems))
    if fault is None:
        raise UsageError(f"{said}: {_in_words(min(problems))}")
    return fault


def _in_words(problem: Problem) -> str:
    hint = "" if problem.hint is None else f" ({problem.hint})"
    return printable(problem.message + hint)


def _the_one(node: Node) -> str | None:
    """Find the key that says which fault it is; report when there is none, or more than one."""
    names: list[str] = [key for key in node.value if key in _BESIDE]
    if len(names) > 1:
        message = f'a fault has both "{names[0]}" and "{names[1]}"'
        node.child(names[1]).report(message, "keep one", key=True)
        return None
    if not names:
        # A misspelt name is reported as an unknown key, and that says enough.
        if all(_owner(key) for key in node.value):
            node.report(f"a fault needs one of: {', '.join(_BESIDE)}")
        return None
    for key in node.value:
        owner = _owner(key)
        if owner not in {None, names[0]}:
            node.child(key).report(f'"{key}" goes with "{owner}" only', key=True)
    return names[0]


def _owner(key: str) -> str | None:
    """Find the name of the fault that the key belongs beside; None for any other key."""
    return next((name for name, beside in _BESIDE.items() if key in beside), None)


def _whole_number(low: int, high: int | None = None) -> Reader[int]:
    span = f"of at least {low}" if high is None else f"from {low} to {high}"

    def read(node: Node) -> int:
        value = node.value
        if type(value) is int and low <= value and (high is None or value <= high):
            return value
        node.expected(f"a whole number {span}")
        return low

    return read


def _cut_kind(node: Node) -> CutKind:
    return word(node, CUT_KINDS, "kind of cut", "reset")


def _true(node: Node) -> bool:
    if node.value is not True:
        node.expected("true")
    return True


def _corrupt_chunk(node: Node) -> int:
    with Keys(node, "corrupt") as keys:
        return keys.require("chunk", _whole_number(1), 1)
