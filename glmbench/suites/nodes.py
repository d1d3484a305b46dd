"""Small readers of one value each, to be put together; every complaint has its place.

A reader takes a Node and returns a value of its type. When the value is wrong it reports why and
returns a stand-in of that type, so that reading goes on and all problems come out in one go; what
was read counts only if nothing was reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from glmbench.problems import did_you_mean, printable, shortened

if TYPE_CHECKING:
    import re
    from types import TracebackType

    from glmbench.yamlsource import Document, NodePath, Problem

T = TypeVar("T")
Word = TypeVar("Word", bound=str)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a document, the way to it, and the list where complaints about it go."""

    document: Document
    path: NodePath
    value: Any
    problems: list[Problem]

    def report(self, message: str, hint: str | None = None, *, key: bool = False) -> None:
        self.problems.append(self.document.problem(self.path, message, hint, key=key))

    def child(self, step: str | int) -> Node:
        return Node(self.document, (*self.path, step), self.value[step], self.problems)

    @property
    def label(self) -> str:
        """How messages call this value: its key, or its number in the list of that key."""
        match self.path:
            case (*_, str() as key):
                return f'"{shortened(key)}"'
            case (*_, str() as key, int() as index):
                return f'item {index + 1} of "{key}"'
            case _:
                return "the suite"

    def expected(self, what: str, hint: str | None = None) -> None:
        self.report(f"{self.label} must be {what}, found {found(self.value)}", hint)


Reader: TypeAlias = Callable[[Node], T]


class Keys:
    """The keys of a mapping. Leaving the block reports every key that nobody asked for.

    So the list of known keys is the code that reads them, and cannot differ from it.
    """

    def __init__(self, node: Node, what: str) -> None:
        self._node = node
        self._what = what
        self._known: list[str] = []
        self._given: Mapping[str, Any] = {}
        self.is_mapping = isinstance(node.value, dict)
        if self.is_mapping:
            self._given = node.value
        else:
            node.expected("a mapping")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            for key in self._given:
                if key not in self._known:
                    self._report_unknown(key)

    def __contains__(self, key: str) -> bool:
        return key in self._given

    def find(self, key: str, reader: Reader[T]) -> T | None:
        """Read the key's value; None when the key is absent."""
        self._known.append(key)
        return reader(self._node.child(key)) if key in self._given else None

    def read(self, key: str, reader: Reader[T], default: T) -> T:
        """Read the key's value, or take the default when the key is absent."""
        self._known.append(key)
        return reader(self._node.child(key)) if key in self._given else default

    def require(self, key: str, reader: Reader[T], stand_in: T) -> T:
        """Read the key's value; its absence is a problem."""
        if key not in self._given and self.is_mapping:
            self._node.report(f'{self._what} needs "{key}"')
        return self.read(key, reader, stand_in)

    def _report_unknown(self, key: str) -> None:
        hint = did_you_mean(key, self._known) or f"known here: {', '.join(self._known)}"
        message = f'unknown key "{shortened(key)}" in {self._what}'
        self._node.child(key).report(message, hint, key=True)


def found(value: object) -> str:
    """Say what stands where something else was expected."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {shortened(str(value), 30)}"
        case str():
            return f'"{printable(shortened(value, 30))}"'
        case list():
            return "a list"
        case _:
            return "a mapping"


# --- readers --------------------------------------------------------------------------------


def text(node: Node) -> str:
    if isinstance(node.value, str):
        if not node.value:
            node.report(f"{node.label} is empty")
        return node.value
    hint = "quote it" if isinstance(node.value, bool | int | float) else None
    node.expected("text", hint)
    return ""


def word(node: Node, known: Iterable[Word], what: str, stand_in: Word) -> Word:
    """Read one of the known words; `what` names one of them in messages."""
    known = tuple(known)
    for candidate in known:
        if node.value == candidate:
            return candidate
    if isinstance(node.value, str):
        hint = did_you_mean(node.value, known) or f"one of: {', '.join(known)}"
        node.report(f'"{printable(shortened(node.value))}" is no {what}', hint)
    else:
        node.expected(f"a {what}", f"one of: {', '.join(known)}")
    return stand_in


def integer(node: Node) -> int:
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.value
    node.expected("a whole number")
    return 0


def flag(node: Node) -> bool:
    if isinstance(node.value, bool):
        return node.value
    node.expected("true or false", yaml_1_1_hint(node.value))
    return False


_YAML_1_1 = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def yaml_1_1_hint(value: object) -> str | None:
    """Hint at what a word would have been in YAML 1.1; None for any other value."""
    meant = _YAML_1_1.get(value.casefold()) if isinstance(value, str) else None
    return f"write {meant}" if meant else None


def text_matching(pattern: re.Pattern[str], what: str, rule: str) -> Reader[str]:
    """Make a reader of text of a form; `rule` puts the pattern in words."""

    def read(node: Node) -> str:
        value = text(node)
        if value and not pattern.fullmatch(value):
            node.report(f'"{printable(shortened(value))}" is no {what}', rule)
        return value

    return read


def list_of(reader: Reader[T]) -> Reader[tuple[T, ...]]:
    """Make a reader of a list with at least one item."""

    def read(node: Node) -> tuple[T, ...]:
        if not isinstance(node.value, list):
            node.expected("a list")
            return ()
        if not node.value:
            node.report(f"{node.label} is empty")
        return tuple(reader(node.child(index)) for index in range(len(node.value)))

    return read


def one_or_list(reader: Reader[T]) -> Reader[tuple[T, ...]]:
    """Make a reader of a list, or of one item that stands for a list of one."""
    read_list = list_of(reader)

    def read(node: Node) -> tuple[T, ...]:
        return read_list(node) if isinstance(node.value, list) else (reader(node),)

    return read


def plain_mapping(node: Node) -> Mapping[str, Any]:
    """Read a mapping whose keys are somebody else's business."""
    if isinstance(node.value, dict):
        return node.value
    node.expected("a mapping")
    return {}
