"""Foreign text for files that others open: what would not be seen is shown by its escape. Pure.

Answers, messages of a service and names in a suite may hold anything. Each format escapes its own
signs; this is what they have in common.
"""

from __future__ import annotations

import re

# The last two code points of every plane are no characters.
_PLANES = "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(17))

# Controls, lone surrogates, what is no character, line separators, what turns the direction of
# the text around it, and what takes no room. The joiners stay: emoji and Persian need them.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\U000e0000-\U000e0fff" + _PLANES + "]"
)


def one_line(text: str) -> str:
    """Show a text on one line, with escapes for what would not be seen."""
    return _UNSEEN.sub(_escaped, text)


def passage(text: str) -> str:
    """Show a text with its lines and tabs, and escapes for what else would not be seen."""
    return _UNSEEN.sub(lambda found: found[0] if found[0] in "\n\t" else _escaped(found), text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
