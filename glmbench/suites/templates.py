"""Templates of a suite: what they need, and their text once they have it. Pure.

They are Jinja2's, in our sandbox: a template stands alone, and whatever it does, it ends.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import meta, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.visitor import NodeTransformer

from glmbench.problems import shortened
from glmbench.suites.sandbox import (
    BUDGET,
    METER,
    Budget,
    Sandbox,
    UnknownNameError,
    joined,
    quoted,
    with_hint,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2 import Template

# Compiling is slower than reading: this much of the densest code takes about five seconds.
MAX_SOURCE = 64 * 1024

_MARKERS = ("{{", "{%", "{#")


class TemplateError(ValueError):
    """A template that cannot be used. `line` counts from 1, within the template."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def is_template(source: str) -> bool:
    """Tell whether anything in a text is for Jinja2; what is not is sent as it is."""
    return any(marker in source for marker in _MARKERS)


def names_in(source: str) -> frozenset[str]:
    """Collect the names that a template needs from outside.

    A name that the template asks about (`x is defined`, `x|default(1)`) is not needed. Raises
    TemplateError for what can be known to be wrong without values.
    """
    return _names(source) if is_template(source) else frozenset()


def attributes_of(source: str, name: str) -> frozenset[str]:
    """Collect what a template uses as `name.attribute` or `name["attribute"]`."""
    if not is_template(source):
        return frozenset()
    tree = _parsed(source)
    dotted = {node.attr for node in tree.find_all(nodes.Getattr) if _is_name(node.node, name)}
    keyed = {
        node.arg.value
        for node in tree.find_all(nodes.Getitem)
        if _is_name(node.node, name)
        and isinstance(node.arg, nodes.Const)
        and isinstance(node.arg.value, str)
    }
    return frozenset(dotted | keyed)


def render(source: str, values: Mapping[str, Any]) -> str:
    """Render a template; raise TemplateError for whatever goes wrong in it.

    A text without Jinja2's markers comes back as it is, of any length.
    """
    if not is_template(source):
        return source
    template = _compiled(source)
    try:
        return joined(template.generate({**values, BUDGET: Budget()}))
    except UnknownNameError as error:
        name = str(error)
        message = with_hint(f"{quoted(name)} is not defined", name, values)
        raise TemplateError(message, _line_of(error)) from None
    except Exception as error:  # noqa: BLE001 - expressions fail in as many ways as Python does
        raise TemplateError(_message_of(error), _line_of(error)) from None


# --- what went wrong --------------------------------------------------------------------------


def _message_of(error: Exception) -> str:
    if isinstance(error, RecursionError | MemoryError):
        return "the template is nested too deeply"
    if isinstance(error, TemplateSyntaxError):
        return shortened(error.message or "the template cannot be read", 200)
    # The place that Python's own compiler names is one in Jinja2's code.
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return shortened(message or type(error).__name__, 200)


def _line_of(error: Exception) -> int:
    """Find the innermost line of the template; Jinja2 writes its lines into the traceback."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    line, place = 1, error.__traceback__
    while place is not None:
        if place.tb_frame.f_code.co_filename == "<template>":
            line = place.tb_lineno
        place = place.tb_next
    return line


# --- from source to code --------------------------------------------------------------------

_REFUSED: Mapping[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.ScopedEvalContextModifier: "autoescape",
}

# Jinja2's lexer makes every line end "\n". A carriage return passes it as another blank.
_BLANKS = "\x1c\x1d\x1e\x1f\x0b\x0c\x85\u2028\u2029"


class _Bounds(NodeTransformer):
    """Meter what the sandbox does not see: loops, comparisons, slices and `~`."""

    def __init__(self, blank: str) -> None:
        self._blank = blank

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Node:  # noqa: N802 - theirs
        node.data = node.data.replace(self._blank, "\r")
        return node

    def visit_Const(self, node: nodes.Const) -> nodes.Node:  # noqa: N802 - theirs
        if isinstance(node.value, str):
            node.value = node.value.replace(self._blank, "\r")
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - theirs
        self.generic_visit(node)
        node.iter = _filtered(node.iter, METER)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - theirs
        self.generic_visit(node)
        node.expr = _filtered(node.expr, METER)
        for operand in node.ops:
            operand.expr = _filtered(operand.expr, METER)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - theirs
        self.generic_visit(node)
        return _filtered(node, METER) if isinstance(node.arg, nodes.Slice) else node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - theirs
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), "join")


def _filtered(node: nodes.Node, name: str) -> nodes.Expr:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


@lru_cache(maxsize=1)
def _sandbox() -> Sandbox:
    return Sandbox()


def _is_name(node: nodes.Node, name: str) -> bool:
    return isinstance(node, nodes.Name) and node.name == name


# The loader asks for names, then renders: once for a prompt, or once for each row of a dataset.
@lru_cache(maxsize=256)
def _parsed(source: str) -> nodes.Template:
    if len(source) > MAX_SOURCE:
        raise TemplateError(f"a template has at most {MAX_SOURCE:,} characters")
    blank = next((char for char in _BLANKS if char not in source), "\r")
    try:
        tree = _sandbox().parse(source.replace("\r", blank))
        _check_tree(tree)
        bounded: nodes.Template = _Bounds(blank).visit(tree)
    except (TemplateSyntaxError, RecursionError) as error:
        raise TemplateError(_message_of(error), _line_of(error)) from None
    bounded.set_environment(_sandbox())
    return bounded


def _check_tree(tree: nodes.Template) -> None:
    known: Mapping[type[nodes.Node], tuple[str, Iterable[str]]] = {
        nodes.Filter: ("filter", _sandbox().filters.keys() - {METER}),
        nodes.Test: ("test", _sandbox().tests),
    }
    for node in tree.find_all((*_REFUSED, *known)):
        if isinstance(node, nodes.Filter | nodes.Test):
            what, names = known[type(node)]
            if node.name not in names:
                message = f"there is no {what} {quoted(node.name)}"
                raise TemplateError(with_hint(message, node.name, names), node.lineno)
        else:
            word = quoted(_REFUSED[type(node)])
            raise TemplateError(f"{word} is not available in a template", node.lineno)


_ASKING = frozenset({"d", "default", "defined", "undefined"})


@lru_cache(maxsize=1024)
def _names(source: str) -> frozenset[str]:
    _compiled(source)
    tree = _parsed(source)
    asked = (node for node in tree.find_all((nodes.Filter, nodes.Test)) if node.name in _ASKING)
    optional = {node.node.name for node in asked if isinstance(node.node, nodes.Name)}
    return frozenset(meta.find_undeclared_variables(tree) - optional)


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Template:
    try:
        return _sandbox().from_string(_parsed(source))
    except TemplateError:
        raise
    except Exception as error:  # noqa: BLE001 - Python's compiler has limits of its own
        raise TemplateError(_message_of(error), _line_of(error)) from None
