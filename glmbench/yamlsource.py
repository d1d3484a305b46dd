"""The one YAML reader: YAML 1.2 scalars, strict keys, and the place of every node.

It turns text into plain data and remembers where each value and key stood, so that whoever finds
the data wrong can say `file:line:column`. It knows nothing of suites, and runs no code from a
file: only the standard tags exist.

The parser is libyaml's event stream (PyYAML's C loader). Composing is done here, without
recursion: PyYAML's own composer dies of a stack overflow on `[[[[...`, resolves scalars by
YAML 1.1 (`on`, `1:30`, `010`, dates), and lets a duplicate key win silently.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import yaml

from glmbench.errors import GlmbenchError
from glmbench.problems import Position, Problem, did_you_mean, shortened
from glmbench.yamlnodes import Key, List, Map, Node, Refused, Scalar, Source
from glmbench.yamlwords import resolve, reword

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_NODES",
    "Document",
    "NodePath",
    "Position",
    "Problem",
    "YamlError",
    "did_you_mean",
    "parse",
    "read",
]

# A suite of 5,000 cases is about 1 MB and 100,000 nodes. These are far above any file that a
# person keeps, and low enough that the worst file is refused in seconds.
MAX_BYTES: Final = 16 * 1024 * 1024
MAX_NODES: Final = 1_000_000
MAX_DEPTH: Final = 100
MAX_PROBLEMS: Final = 200

NodePath: TypeAlias = tuple[str | int, ...]
"""The way to a node: keys of mappings and 0-based indices of lists."""


class YamlError(GlmbenchError):
    """A file is no acceptable YAML; `problems` is sorted by place and never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(problem.render() for problem in self.problems)


# --- the document ---------------------------------------------------------------------------


class Document:
    """Plain data (dicts, lists, str, int, float, bool, None) and the place of each piece of it.

    What an alias or a merge key brought in has the place of the anchored text. Aliased values are
    shared, not copied: treat `value` as read-only.
    """

    def __init__(self, source: Source, root: Node) -> None:
        self._source = source
        self._root = root

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def value(self) -> Any:
        return self._root.value

    def position(self, path: NodePath) -> Position:
        """Find where the value at the path starts, or its nearest ancestor when it is missing."""
        return self._source.position(self._offset(path, key=False))

    def key_position(self, path: NodePath) -> Position:
        """Find the key of the last step; for an item of a list, where the item starts."""
        return self._source.position(self._offset(path, key=True))

    def problem(
        self, path: NodePath, message: str, hint: str | None = None, *, key: bool = False
    ) -> Problem:
        return self._source.problem(self._offset(path, key=key), message, hint)

    def _offset(self, path: NodePath, *, key: bool) -> int:
        node = self._root
        key_start = node.start
        for step in path:
            if isinstance(node, Map) and step in node.entries:
                key_start, node = node.entries[str(step)]
            elif isinstance(node, List) and isinstance(step, int) and 0 <= step < len(node.items):
                node = node.items[step]
                key_start = node.start
            else:
                return node.start
        return key_start if key else node.start


def read(path: Path, *, name: str | None = None) -> Document:
    """Read a file of at most MAX_BYTES; problems name it `name`, by default its path as given.

    Raises YamlError, also for a file that is missing or unreadable (line 0).
    """
    name = str(path) if name is None else name
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise YamlError([_whole_file(name, _os_message(error))]) from error
    if len(data) > MAX_BYTES:
        raise YamlError([_whole_file(name, f"the file is larger than {MAX_BYTES >> 20} MiB")])
    return parse(_decoded(data, name), name)


def parse(text: str, name: str) -> Document:
    """Parse one document; raises YamlError with every problem found before a syntax error."""
    source = Source(name, text.removeprefix("\ufeff"))
    if forbidden := _FORBIDDEN.search(source.text):
        message = f"the character U+{ord(forbidden[0]):04X} is not allowed"
        hint = 'in double quotes it can be written as an escape, such as "\\x1b"'
        raise YamlError([source.problem(forbidden.start(), message, hint)])
    composer = _Composer(source)
    root = composer.compose()
    if composer.problems:
        raise YamlError(composer.problems)
    return Document(source, root)


# YAML 1.2, production c-printable, less the byte order mark, plus what it advises against.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def _whole_file(name: str, message: str, hint: str | None = None) -> Problem:
    return Problem(file=name, line=0, column=0, message=message, hint=hint)


def _os_message(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case IsADirectoryError():
            return "this is a folder, not a file"
        case _:
            return f"the file cannot be read: {error.strerror}"


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", errors="replace")
        offset = len(data[: error.start].decode("utf-8"))
        message = f"the file is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}"
        problem = Source(name, text).problem(offset, message, "save it as UTF-8")
        raise YamlError([problem]) from None


# --- events to nodes ------------------------------------------------------------------------

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_TAGGED_SCALARS: dict[str, tuple[type, ...]] = {
    f"{_TAG}null": (type(None),),
    f"{_TAG}bool": (bool,),
    f"{_TAG}int": (int,),
    f"{_TAG}float": (float, int),
}


class _Fatal(Exception):  # noqa: N818 -- not an error of its own: it carries the last problem
    """Nothing after this can be understood."""

    def __init__(self, problem: Problem, *, syntax: bool = False) -> None:
        self.problem = problem
        self.syntax = syntax


class _Composer:
    """Build the nodes of one document; what is wrong but can be passed over is collected."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self._root: Node = Scalar(0, None)
        self._open: list[Map | List] = []
        self._anchors: dict[str, Node] = {}
        self._nodes = 0
        self._documents = 0

    def compose(self) -> Node:
        takers: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._take_scalar,
            yaml.AliasEvent: self._take_alias,
            yaml.MappingStartEvent: self._begin_mapping,
            yaml.SequenceStartEvent: self._begin_list,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            for event in _events(self.source):
                if take := takers.get(type(event)):
                    take(event)
        except _Fatal as fatal:
            # After `{{ x }} and more` the syntax error is an echo of what was said already.
            told = {problem.line for problem in self.problems}
            if not (fatal.syntax and fatal.problem.line in told):
                self.problems.append(fatal.problem)
        return self._root

    def _document(self, event: yaml.Event) -> None:
        self._documents += 1
        if self._documents > 1:
            message = "a second document starts here; a file holds one"
            raise _Fatal(self.source.problem(_start(event), message))

    def _begin_mapping(self, event: yaml.MappingStartEvent) -> None:
        self._begin(Map(_start(event)), event, "map")

    def _begin_list(self, event: yaml.SequenceStartEvent) -> None:
        self._begin(List(_start(event)), event, "seq")

    def _begin(self, node: Map | List, event: yaml.CollectionStartEvent, kind: str) -> None:
        if event.tag not in {None, "!", _TAG + kind}:
            self._refuse_tag(node.start, str(event.tag))
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._charge(node, node.start)
        self._open.append(node)

    def _end(self, _event: yaml.Event) -> None:
        node = self._open.pop()
        node.close()
        self._hand_up(node)

    def _hand_up(self, node: Node) -> None:
        """Give a finished node to the collection around it."""
        match self._open[-1] if self._open else None:
            case List() as items:
                items.items.append(node)
            case Map() as mapping:
                self._fill(mapping, node)
            case None:
                self._root = node

    def _fill(self, mapping: Map, node: Node) -> None:
        """Take keys and values in turn, as the events bring them."""
        if mapping.key is None:
            mapping.key = self._key(node, mapping)
            return
        key, mapping.key = mapping.key, None
        if key.merge:
            mapping.merged = self._merge_sources(node, key)
        elif key.name is not None:
            mapping.entries[key.name] = (key.start, node)

    def _charge(self, node: Node, start: int) -> None:
        """Refuse what would grow beyond the limits; `start` is where it is used."""
        self._nodes += node.size
        if self._nodes > MAX_NODES:
            message = f"more than {MAX_NODES:,} values, with every alias written out"
            raise _Fatal(self.source.problem(start, message))
        if len(self._open) + node.depth > MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep"
            raise _Fatal(self.source.problem(start, message))

    def _take_alias(self, event: yaml.AliasEvent) -> None:
        start = _start(event)
        target = self._anchors.get(str(event.anchor))
        if target is None:
            self._refuse(
                start, f'no anchor "&{shortened(str(event.anchor))}" stands before this alias'
            )
        elif target in self._open:
            self._refuse(start, f'the anchor "&{shortened(str(event.anchor))}" contains itself')
        else:
            self._charge(target, start)
            self._hand_up(target)
            return
        self._hand_up(Refused(start, None))

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        start, text, tag = _start(event), event.value, event.tag
        if tag is not None:
            node = Scalar(start, self._tagged(start, text, tag))
        elif event.implicit[0]:
            node = Scalar(start, self._resolved(start, text), text)
        else:
            node = Scalar(start, text)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._charge(node, start)
        self._hand_up(node)

    def _resolved(self, start: int, text: str) -> Any:
        try:
            return resolve(text)
        except ValueError:  # Python's limit on the digits of an int
            self._refuse(start, "the number has too many digits")
            return None

    def _tagged(self, start: int, text: str, tag: str) -> Any:
        if tag in {"!", _TAG + "str"}:
            return text
        if tag not in _TAGGED_SCALARS:
            self._refuse_tag(start, tag)
            return None
        value = self._resolved(start, text)
        if not isinstance(value, _TAGGED_SCALARS[tag]):
            self._refuse(start, f"the value does not fit its tag !!{tag.removeprefix(_TAG)}")
        return value

    def _key(self, node: Node, mapping: Map) -> Key:
        """Take a node in key position; report it when it cannot be one."""
        if isinstance(node, Scalar):
            if isinstance(node.value, str):
                return self._text_key(node, mapping)
            hint = f'quote it: "{shortened(node.plain)}"' if node.plain else None
            self._refuse(node.start, f"a key must be text, this is {_kind(node.value)}", hint)
        # `{{ x }}` is a mapping whose key is a mapping.
        elif isinstance(node, Map) and self.source.text.startswith("{{", mapping.start):
            line = self.source.text[mapping.start :].partition("\n")[0]
            template = line.partition("}}")[0] + "}}"
            self._refuse(
                mapping.start,
                "this is read as a mapping, not as text",
                f"quote it: '{shortened(template)}'",
            )
        else:
            self._refuse(node.start, f"a key must be text, this is {_kind(node.value)}")
        return Key(node.start)

    def _text_key(self, node: Scalar, mapping: Map) -> Key:
        start, name = node.start, node.value
        if node.plain == "<<":
            if mapping.merged is None:
                return Key(start, merge=True)
            hint = "one merge key takes several anchors: <<: [*a, *b]"
            self._refuse(start, "a second merge key in the same mapping", hint)
            return Key(start)
        if name in mapping.entries:
            first = self.source.position(mapping.entries[name][0])
            self._refuse(
                start, f'duplicate key "{shortened(name)}", first given on line {first.line}'
            )
            return Key(start)
        return Key(start, name)

    def _merge_sources(self, node: Node, key: Key) -> list[Map]:
        sources: Sequence[Node] = node.items if isinstance(node, List) else [node]
        merged = [source for source in sources if isinstance(source, Map)]
        if any(not isinstance(source, Map | Refused) for source in sources):
            self._refuse(key.start, "a merge key takes a mapping or a list of mappings")
        return merged

    def _refuse_tag(self, start: int, tag: str) -> None:
        shown = shortened(tag.replace(_TAG, "!!"))
        self._refuse(start, f'the tag "{shown}" is not known', "only the standard tags exist")

    def _refuse(self, offset: int, message: str, hint: str | None = None) -> None:
        problem = self.source.problem(offset, message, hint)
        if len(self.problems) == MAX_PROBLEMS:
            raise _Fatal(replace(problem, message="more problems follow", hint=None))
        self.problems.append(problem)


def _start(event: yaml.Event) -> int:
    assert event.start_mark is not None  # the stubs allow it, no parser does it
    return event.start_mark.index


def _kind(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return f"the word {str(value).lower()}"
        case int() | float():
            return "a number"
        case dict():
            return "a mapping"
        case _:
            return "a list"


# --- syntax errors --------------------------------------------------------------------------


def _events(source: Source) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(source.text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise _Fatal(_syntax_problem(source, error), syntax=True) from None


def _syntax_problem(source: Source, error: yaml.MarkedYAMLError) -> Problem:
    here = error.problem_mark.index if error.problem_mark else 0
    began = error.context_mark.index if error.context_mark else here
    fault = reword(
        str(error.problem),
        str(error.context or ""),
        source.text[here : here + 1],
        source.position(began).line,
    )
    return source.problem(began if fault.at_start else here, fault.message, fault.hint)
