"""Where known secrets stand in bytes, however they are escaped or cut into pieces. Pure.

It finds and says what to put there. What the bytes are, a header or a body, is not its matter.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from glmbench.redaction.escapes import View, views

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# What a text may end with: the first half of a secret is as good as a secret, fewer characters than
# these are a word, and more are no word any more.
SHORTEST_PART = 8
LONGEST_WORD = 16


class Cut(NamedTuple):
    """A range and what is to stand there."""

    start: int
    end: int
    replacement: bytes


class _Needle(NamedTuple):
    value: bytes
    placeholder: bytes


class SecretSearch:
    """Finds secrets.

    Args:
        secrets: pairs of a placeholder and the value that it stands for; "" where there is none,
            then the placeholder alone is known.
        untouchable: other placeholders, in which nothing is ever found.
    """

    def __init__(self, secrets: Iterable[tuple[str, str]], *, untouchable: Iterable[str]) -> None:
        pairs = sorted(secrets, key=lambda pair: len(pair[1]), reverse=True)
        self._needles = [_Needle(_utf8(value), _utf8(shown)) for shown, value in pairs if value]
        # A client that is given a placeholder escapes it as it would the secret: it is found in
        # its escaped forms too, so that a replayed request reads as the recorded one.
        self._shown = [_Needle(_utf8(shown), _utf8(shown)) for shown, _ in pairs]
        known = [re.escape(needle.value) for needle in self._shown]
        known += [re.escape(_utf8(placeholder)) for placeholder in untouchable]
        self._placeholders = re.compile(b"|".join(known))

    def __bool__(self) -> bool:
        return bool(self._shown)

    def cuts(self, data: bytes, *, escaped: bool = True, unfinished: bool = False) -> list[Cut]:
        """Return what to replace, sorted and apart.

        Args:
            data: the bytes to search.
            escaped: look through escapes too.
            unfinished: the bytes may end inside a secret, so the begin of one counts there.
        """
        return merged(self._found(data, escaped=escaped, unfinished=unfinished))

    def _found(self, data: bytes, *, escaped: bool, unfinished: bool) -> list[Cut]:
        readings = views(data) if escaped else (View(data),)
        hits = [hit for view in readings for hit in self._hits(view, unfinished=unfinished)]
        return self._outside_placeholders(data, hits)

    def placeholders_of(self, data: bytes) -> set[bytes]:
        """Return the placeholders of the secrets that the bytes hold."""
        hits = [hit for view in views(data) for hit in _whole(view, self._needles)]
        return {hit.replacement for hit in self._outside_placeholders(data, hits)}

    def _hits(self, view: View, *, unfinished: bool) -> Iterator[Cut]:
        yield from _whole(view, self._needles)
        yield from _whole(view, self._shown)
        if unfinished:
            yield from _begun(view, self._needles)

    def _outside_placeholders(self, data: bytes, hits: list[Cut]) -> list[Cut]:
        """Drop the hits in a placeholder or over its edge: replacing them would never end."""
        if not hits:
            return []
        taken = [match.span() for match in self._placeholders.finditer(data)]
        starts = [start for start, _ in taken]
        kept = []
        for hit in hits:
            near = taken[
                max(0, bisect_right(starts, hit.start) - 1) : bisect_right(starts, hit.end)
            ]
            over = [span for span in near if span[0] < hit.end and hit.start < span[1]]
            if all(hit.start <= s and e <= hit.end and (s, e) != hit[:2] for s, e in over):
                kept.append(hit)
        return kept

    def sequence_cuts(self, values: Sequence[bytes]) -> list[tuple[int, Cut]]:
        """Return what to replace in the values that one field has over the events of a stream.

        They may be pieces of a text, or a text that grows. A secret that lies across pieces is
        replaced in the first one and taken out of the others. A shorter state of a growing text
        that ends inside a secret is cut back to before it.
        """
        pieces = self._in_pieces(values)
        if any(b"\\" in value or b"%" in value for value in values):
            # An escape that pieces seem to form together must not hide what is in one of them.
            pieces += [(i, cut) for i, value in enumerate(values) for cut in self.cuts(value)]
        if not pieces:
            return []
        whole: dict[int, list[Cut]] = {}
        for index, cut in pieces:
            whole.setdefault(index, []).append(cut)
        forwards = range(len(values))
        # The last state of a growing text has been seen to be shorter than the one before.
        pieces += _cut_back(values, whole, reversed(forwards))
        pieces += _cut_back(values, whole, forwards)
        return pieces

    def _in_pieces(self, values: Sequence[bytes]) -> list[tuple[int, Cut]]:
        ends = list(accumulate(map(len, values)))
        pieces = []
        # Not merged yet: the end of one state of a growing text and the begin of the next can look
        # like a secret, and would take the real one in the next state with them.
        found = self._found(b"".join(values), escaped=True, unfinished=True)
        for start, end, replacement in found:
            index = bisect_right(ends, start)
            while index < len(ends) and ends[index] - len(values[index]) < end:
                first = ends[index] - len(values[index])
                cut = Cut(max(start, first) - first, min(end, ends[index]) - first, replacement)
                if cut.start < cut.end:
                    pieces.append((index, cut))
                    replacement = b""
                index += 1
        return pieces


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _folded(data: bytes, view: View) -> bytes:
    return data.replace(b"+", b" ") if view.folded else data


def _reads_as(data: bytes, value: bytes) -> bool:
    """Tell whether folding took nothing but blanks for blanks: a `+` of the value is no blank."""
    plus, blank = b"+ "
    return data == value or all(
        there == wanted or (there == plus and wanted == blank)
        for there, wanted in zip(data, value, strict=True)
    )


def _whole(view: View, needles: list[_Needle]) -> Iterator[Cut]:
    text = _folded(view.data, view)
    for needle in needles:
        value = _folded(needle.value, view)
        start = text.find(value)
        while start != -1:
            end = start + len(value)
            if _reads_as(view.data[start:end], needle.value):
                yield Cut(*view.origin(start, end), needle.placeholder)
            # Overlapping ones count, or the rest of the second would stay.
            start = text.find(value, start + 1)


def _begun(view: View, needles: list[_Needle]) -> Iterator[Cut]:
    """Yield the secrets of which the first half, or as much as is no word, stands at the end."""
    text = view.data
    for needle in needles:
        shortest = max(SHORTEST_PART, min(LONGEST_WORD, len(needle.value) // 2))
        for length in range(min(len(needle.value), len(text)), shortest - 1, -1):
            start = len(text) - length
            value = needle.value[:length]
            if _folded(text[start:], view) == _folded(value, view) and _reads_as(
                text[start:], value
            ):
                yield Cut(*view.origin(start, len(text)), needle.placeholder)
                break


def _cut_back(
    values: Sequence[bytes], whole: dict[int, list[Cut]], order: Iterable[int]
) -> Iterator[tuple[int, Cut]]:
    """Cut each value that ends inside a secret of the value next to it, which it begins."""
    longer, secrets = b"", list[tuple[int, int]]()
    for index in order:
        value = values[index]
        if not value:
            continue
        inside = [(cut.start, cut.end) for cut in whole.get(index, ()) if cut.replacement]
        if secrets and longer.startswith(value):
            open_ones = [(start, end) for start, end in secrets if start < len(value) < end]
            for start, _ in open_ones:
                yield index, Cut(start, len(value), b"")
            inside += open_ones
        longer, secrets = value, inside


def merged(cuts: Iterable[Cut]) -> list[Cut]:
    """Sort cuts and join those that overlap; the longer one of them says what stands there."""
    joined: list[Cut] = []
    longest = 0
    for cut in sorted(cuts, key=lambda cut: (cut.start, -cut.end)):
        length = cut.end - cut.start
        if not joined or cut.start >= joined[-1].end:
            joined.append(cut)
            longest = length
            continue
        last = joined[-1]
        wins = cut.replacement and (length > longest or not last.replacement)
        longest = max(longest, length)
        shown = cut.replacement if wins else last.replacement
        joined[-1] = Cut(last.start, max(last.end, cut.end), shown)
    return joined
