"""Foreign text as HTML: escaped, isolated, and with nothing in it that cannot be seen. Pure.

Every value of a report comes from a service or a suite. Characters that are not seen, or that turn
the direction of what stands around them, are shown by their escapes.
"""

from __future__ import annotations

from markupsafe import Markup, escape

from glmbench.problems import printable

# What a passage may keep; everywhere else they are escaped or a blank.
_LAYOUT = frozenset("\n\t")


def isolated(text: str) -> Markup:
    """Put a text on one line, in a direction of its own."""
    return Markup("<bdi>{}</bdi>").format(_marked(text, kept=frozenset()))


def passage(text: str) -> Markup:
    """Keep the lines of a text, and mark what would not be seen in it."""
    return _marked(text, kept=_LAYOUT)


def _marked(text: str, kept: frozenset[str]) -> Markup:
    markup = str(escape(text))
    if not text.isprintable():
        for char in sorted(set(text) - kept):
            if char != (shown := printable(char)):
                markup = markup.replace(char, f"<i class=esc>{escape(shown)}</i>")
    return Markup(markup)  # noqa: S704 -- escaped above, but for the marks


def finalize(value: object) -> object:
    """Make what a template prints without a filter harmless: the net under everything else."""
    if value is None:
        return ""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return printable(value)
