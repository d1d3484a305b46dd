"""YAML as cassettes need it: written in blocks a person can read, read within bounds.

Knows nothing of requests and responses. The documents hold plain data, and a `Body` where bytes
may be many: those go around libyaml's emitter, which would hold them four times over, and look in
the file exactly as it would have written them.
"""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

import yaml

from glmbench.problems import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

# Ours nest 6 deep. libyaml composes by recursion: 100,000 brackets would overflow the C stack.
MOST_NESTED = 100

# Collections counted as often as aliases reach them, by those that are there: 1 without aliases.
MOST_REPEATED = 100

BINARY = "tag:yaml.org,2002:binary"
MERGE = "tag:yaml.org,2002:merge"
TEXT = "tag:yaml.org,2002:str"

# Line ends other than LF do not survive a literal block, so such text is quoted.
OTHER_LINE_ENDS = ("\r", "\x85", "\u2028", "\u2029")

# The bytes that libyaml leaves as they are in a literal block, but for the exceptions below.
PLAIN_BYTES = b"\n" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0xF0))
HARD_CHARS = "\u2028\u2029\ufeff\ufffe\uffff"
CONTROL_BYTES = re.compile(rb"\xc2[\x80-\x9f]")
BLANK_AT_LINE_END = re.compile(rb"\n(?<= \n)")

# A block of short lines is mostly indentation; in bytes, about where that begins to matter.
LONG_BODY = 1 << 20
INDENT = b" " * 8

# Python keeps text with a single emoji at four bytes a character, and PyYAML gives us text: so
# the largest of such bodies are stored as bytes.
HUGE_BODY = 16 << 20
BEYOND_BMP = re.compile(rb"[\xf0-\xf4]")

BASE64_BLOCK = 57 * 4096

CONFLICT = re.compile(rb"(<{7}|={7}|>{7}|\|{7})(\s|$)")


class YamlTextError(Exception):
    """A file is not YAML of the kind that cassettes are made of; the text says why."""


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes at `interactions[] > response > body > string`, the depth that is indented by 8."""

    data: bytes


def write(file: IO[bytes], document: dict[str, Any], *, blocks: bool = True) -> bool:
    """Write a document and read it back; tell whether it came back as it was.

    Args:
        file: opened for both, and empty.
        document: what to write.
        blocks: whether text of several lines may be a literal block; else it is quoted.
    """
    skeleton = BytesIO()
    dumper = _Dumper(
        skeleton,
        encoding="utf-8",
        allow_unicode=True,
        sort_keys=False,
        width=100,
        # So that a file that was cut between two interactions is told from a whole one.
        explicit_end=True,
        blocks=blocks,
    )
    written = dumper.represent_data(document)
    dumper.open()
    dumper.serialize(written)
    dumper.close()
    for node in dumper.bodies:
        # Quoted text of many bytes; what it shall be is in the body.
        node.value = ""
    between = skeleton.getvalue().split(dumper.marker)
    file.write(between[0])
    for pieces, after in zip(dumper.left_out, between[1:], strict=True):
        file.writelines(pieces)
        file.write(after)
    file.flush()
    file.seek(0)
    return _comes_back(file, written, dumper.bodies)


class _Dumper(yaml.CSafeDumper):
    """Puts a marker in the place of each long block, and keeps what belongs there."""

    def __init__(self, stream: IO[bytes], *, blocks: bool, **settings: Any) -> None:
        super().__init__(stream, **settings)
        self.blocks = blocks
        # Nobody who writes a body can foresee it.
        self.marker = b"body-" + os.urandom(16).hex().encode()
        self.left_out: list[Iterator[bytes]] = []
        self.bodies: dict[yaml.Node, bytes] = {}

    def ignore_aliases(self, _data: Any) -> bool:
        """Write what is there twice, twice."""
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        literal = "\n" in text and not any(end in text for end in OTHER_LINE_ENDS)
        return self.represent_scalar(TEXT, text, style="|" if literal and self.blocks else None)

    def represent_body(self, body: Body) -> yaml.ScalarNode:
        node = self._represent_bytes(body.data)
        self.bodies[node] = body.data
        return node

    def _represent_bytes(self, data: bytes) -> yaml.ScalarNode:
        short_lines = data.count(b"\n") * len(INDENT) > len(data) > LONG_BODY
        if self.blocks and not short_lines and _is_plain_block(data):
            # libyaml sees how the block ends, and so writes the header that goes with it.
            ending = "\n" * (len(data) - len(data.rstrip(b"\n")))
            return self._leave_out(TEXT, ending, _indented(data))
        if len(data) > HUGE_BODY and BEYOND_BMP.search(data):
            return self._leave_out(BINARY, "\n", _base64_lines(data))
        try:
            text = data.decode("utf-8")
            if short_lines:
                return self.represent_scalar(TEXT, text, style='"')
            return self.represent_text(text)
        except UnicodeDecodeError:
            return self._leave_out(BINARY, "\n", _base64_lines(data))

    def _leave_out(self, tag: str, ending: str, pieces: Iterator[bytes]) -> yaml.ScalarNode:
        self.left_out.append(pieces)
        return self.represent_scalar(tag, self.marker.decode() + ending, style="|")


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(Body, _Dumper.represent_body)


def _is_plain_block(data: bytes) -> bool:
    """Tell whether libyaml would write these bytes as a literal block, unchanged but indented."""
    if data[:1] in {b"", b" ", b"\n"} or data[-1:] == b" " or b"\n" not in data:
        return False
    if data.translate(None, PLAIN_BYTES) or BLANK_AT_LINE_END.search(data):
        return False
    if data.isascii():
        return True
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not (CONTROL_BYTES.search(data) or any(char in text for char in HARD_CHARS))


def _indented(data: bytes) -> Iterator[bytes]:
    # No line ends in a blank, so a line of nothing but the indentation is an empty one.
    yield data.rstrip(b"\n").replace(b"\n", b"\n" + INDENT).replace(INDENT + b"\n", b"\n")


def _base64_lines(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), BASE64_BLOCK):
        block = base64.encodebytes(data[start : start + BASE64_BLOCK])
        if start:
            yield b"\n" + INDENT
        yield block.rstrip(b"\n").replace(b"\n", b"\n" + INDENT)


EDGES: dict[type[yaml.Node], tuple[type[yaml.Event], type[yaml.Event]]] = {
    yaml.SequenceNode: (yaml.SequenceStartEvent, yaml.SequenceEndEvent),
    yaml.MappingNode: (yaml.MappingStartEvent, yaml.MappingEndEvent),
}


def _comes_back(file: IO[bytes], written: yaml.Node, bodies: dict[yaml.Node, bytes]) -> bool:
    """Compare event by event: a tree would be a second one, and work for Python's collector."""
    loader = _Loader(file)
    try:
        return (
            _next_is(yaml.StreamStartEvent, loader)
            and _next_is(yaml.DocumentStartEvent, loader)
            and _next_equals(written, loader, bodies)
            and _next_is(yaml.DocumentEndEvent, loader)
            and _next_is(yaml.StreamEndEvent, loader)
        )
    except (yaml.YAMLError, ValueError):
        return False
    finally:
        loader.dispose()


def _next_is(kind: type[yaml.Event], loader: yaml.CSafeLoader) -> bool:
    return isinstance(loader.get_event(), kind)


def _next_equals(
    written: yaml.Node, loader: yaml.CSafeLoader, bodies: dict[yaml.Node, bytes]
) -> bool:
    if isinstance(written, yaml.ScalarNode):
        return _equals(written, loader, bodies.get(written))
    start, end = EDGES[type(written)]
    items = written.value
    if isinstance(written, yaml.MappingNode):
        items = [node for pair in items for node in pair]
    return (
        _next_is(start, loader)
        and all(_next_equals(item, loader, bodies) for item in items)
        and _next_is(end, loader)
    )


def _equals(written: yaml.ScalarNode, loader: yaml.CSafeLoader, body: bytes | None) -> bool:
    found = loader.get_event()
    if not isinstance(found, yaml.ScalarEvent):
        return False
    resolved: Any = loader.resolve
    if written.tag != (found.tag or resolved(yaml.ScalarNode, found.value, found.implicit)):
        return False
    if body is None:
        return bool(written.value == found.value)
    value: bytes = found.value.encode("utf-8")
    return (base64.decodebytes(value) if found.tag == BINARY else value) == body


def read(file: IO[bytes]) -> Any:
    """Read a document.

    Raises:
        YamlTextError: it is no YAML, or of a kind that cassettes never are: nested or repeated
            without bounds, with tags of other programs, or merged with conflict markers left in.
    """
    start = file.read(4)
    if not start:
        raise YamlTextError("it is empty")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        # libyaml would read UTF-16.
        raise YamlTextError("it is not UTF-8 at byte 0")
    file.seek(0)
    try:
        return _load(file)
    except yaml.reader.ReaderError as problem:
        raise YamlTextError(_unreadable(problem)) from None
    except yaml.MarkedYAMLError as problem:
        raise YamlTextError(_not_yaml(file, problem)) from None
    except (
        yaml.YAMLError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as problem:
        # PyYAML's constructors of numbers and dates raise whatever they run into.
        raise YamlTextError(f"it is not YAML: {_shown(str(problem))}") from None


def _load(file: IO[bytes]) -> Any:
    loader = _Loader(file)
    try:
        node = loader.get_single_node()
        if node is None:
            raise YamlTextError("it is empty")
        known: dict[int, int] = {}
        if _expanded(node, known) > MOST_REPEATED * len(known):
            raise YamlTextError("its aliases repeat more than a cassette ever would")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _expanded(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the collections of a tree, those behind aliases as often as they are used."""
    if isinstance(node, yaml.ScalarNode):
        return 0
    if id(node) not in known:
        # Found again before it is counted: the collection holds itself.
        known[id(node)] = 0
        items = node.value
        if isinstance(node, yaml.MappingNode):
            items = [each for pair in items for each in pair]
        known[id(node)] = 1 + sum(_expanded(item, known) for item in items)
    elif not known[id(node)]:
        raise YamlTextError("one of its aliases refers to itself")
    return known[id(node)]


class _Loader(yaml.CSafeLoader):
    """libyaml's safe loader with bounds. vcrpy's own was not safe before version 9."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream)
        self._depth = 0

    # libyaml's composer calls these two around every node.
    def descend_resolver(self, _parent: Any, _index: Any) -> None:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise YamlTextError(f"it is nested more than {MOST_NESTED} deep")

    def ascend_resolver(self) -> None:
        self._depth -= 1

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Refuse what only an edit can bring in: merge keys, and keys that are there twice."""
        keys = set()
        for key, _ in node.value:
            if key.tag == MERGE or key.value in keys:
                shown = _shown(str(key.value))
                line = key.start_mark.line + 1
                raise YamlTextError(f"the key {shown!r} at line {line} is there twice, or merged")
            keys.add(key.value)


# What stock vcrpy writes for the bodies that its users gave as files, iterators and tuples.
PYTHON = "tag:yaml.org,2002:python/"


def _text(loader: yaml.CSafeLoader, node: Any) -> Any:
    return loader.construct_scalar(node)


def _tuple(loader: yaml.CSafeLoader, node: Any) -> Any:
    return tuple(loader.construct_sequence(node, deep=True))


def _content_of_file(loader: yaml.CSafeLoader, node: Any) -> Any:
    return loader.construct_mapping(node, deep=True)["state"][0]


def _items_of_iterator(loader: yaml.CSafeLoader, node: Any) -> Any:
    return tuple(loader.construct_mapping(node, deep=True)["args"][0])


_Loader.add_constructor(f"{PYTHON}str", _text)
_Loader.add_constructor(f"{PYTHON}unicode", _text)
_Loader.add_constructor(f"{PYTHON}tuple", _tuple)
_Loader.add_constructor(f"{PYTHON}object/new:_io.BytesIO", _content_of_file)
_Loader.add_constructor(f"{PYTHON}object/apply:builtins.iter", _items_of_iterator)


def _unreadable(problem: Any) -> str:
    # libyaml tells a byte of no UTF-8 and a character that YAML has not in different words.
    if "UTF-8" in str(problem.reason) or "Unicode" in str(problem.reason):
        return f"it is not UTF-8 at byte {problem.position}"
    return f"it is not YAML: {problem.reason} at byte {problem.position}"


def _not_yaml(file: IO[bytes], problem: yaml.MarkedYAMLError) -> str:
    mark = problem.problem_mark or problem.context_mark
    broken = mark.line + 1 if mark is not None else 0
    interactions = 0
    file.seek(0)
    for number, line in enumerate(file, 1):
        if CONFLICT.match(line):
            return f"it has git conflict markers at line {number}: resolve them"
        interactions += number <= broken and line.startswith(b"- ")
    words = ", ".join(part for part in (problem.context, problem.problem) if part)
    where = f"line {broken} (interaction {interactions})" if interactions else f"line {broken}"
    return f"it is not YAML: {_shown(words)} at {where}"


def _shown(text: str) -> str:
    return printable(shortened(" ".join(text.split()), 200))
