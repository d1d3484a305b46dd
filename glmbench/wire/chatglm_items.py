"""ChatGLM content items that are not text: images, pages, tools. Items in, parts out. Pure.

A frame repeats what came before, so everything is remembered by its key and handed out once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from glmbench.parts import ImageResponse, Part, Source, Sources, ToolCalls
from glmbench.wire.growing_text import GrowingText

if TYPE_CHECKING:
    from glmbench.wire.chatglm_frames import OtherItem

# A part is known by its logic_id, or by its index where that is missing; an item of it by its
# type and its number among the part's items of that type.
PartKey: TypeAlias = str | int
ItemKey: TypeAlias = tuple[PartKey, str, int]
_Call: TypeAlias = Mapping[str, Any]

IMAGE_TYPES = frozenset({"image", "one_to_more_finish"})
PAGE_TYPES = frozenset({"quote_result", "browser_result"})
# Types that grow like a text but are no text of the answer, with the field they grow in.
GROWING_FIELDS = {"code": "code", "execution_output": "content"}
# The platform's own end marker: a tool call that calls nothing.
_END_MARKER = "finish"


class ItemCollector:
    """What is known of the items of one answer.

    Images and pages are handed out as they come. Tools are held until their part is complete
    or another one begins, since their arguments and output grow from frame to frame.
    """

    def __init__(self) -> None:
        self.unknown: Counter[str] = Counter()
        self.notice = ""  # of the last system_error: never text, but good to have in a message
        self._seen: set[str] = set()
        self._unknown_keys: set[ItemKey] = set()
        self.held: dict[ItemKey, tuple[_Call, ...] | GrowingText] = {}
        self._handed_out: dict[ItemKey, tuple[_Call, ...]] = {}

    def take(self, key: ItemKey, item: OtherItem) -> list[Part]:
        """Take an item of any type but the growing ones; return what it brought at once."""
        if item.type in IMAGE_TYPES:
            return self._images(item)
        if item.type in PAGE_TYPES:
            return self._pages(item)
        if item.type == "tool_calls":
            calls = _calls(item.fields.get("tool_calls"))
            if calls:
                self.held[key] = calls
        elif item.type == "tool_result":
            self.held[key] = (item.fields,)
            return self._pages(item)
        elif item.type == "system_error":
            content = item.fields.get("content")
            self.notice = content if isinstance(content, str) else self.notice
        elif key not in self._unknown_keys:
            self._unknown_keys.add(key)
            self.unknown[item.type] += 1
        return []

    def hold(self, key: ItemKey, text: GrowingText) -> None:
        """Take an item of a growing type, whose text is kept elsewhere."""
        self.held[key] = text

    def flush(self, *, but: PartKey | None = None) -> list[Part]:
        """Hand out the tools that are held, except those of the part that is going on."""
        parts: list[Part] = []
        for key in [key for key in self.held if but is None or key[0] != but]:
            calls = _as_calls(key, self.held.pop(key))
            if self._handed_out.get(key) != calls:
                self._handed_out[key] = calls
                parts.append(ToolCalls(calls, executed=True))
        return parts

    def _images(self, item: OtherItem) -> list[Part]:
        images = item.fields.get("image")
        candidates = images if isinstance(images, list) else [images]
        urls = [image.get("image_url") for image in candidates if isinstance(image, dict)]
        new = self._unseen([url for url in urls if isinstance(url, str)])
        return [ImageResponse(tuple(new))] if new else []

    def _pages(self, item: OtherItem) -> list[Part]:
        pages = {_text_of(page, "url"): page for page in reversed(item.pages)}
        urls = [_text_of(page, "url") for page in item.pages]
        sources = tuple(
            Source(url, _text_of(pages[url], "title"), _text_of(pages[url], "text"))
            for url in self._unseen(urls)
        )
        return [Sources(sources)] if sources else []

    def _unseen(self, urls: list[str]) -> list[str]:
        new: list[str] = []
        for url in urls:
            if url and url not in self._seen:
                self._seen.add(url)
                new.append(url)
        return new


def _calls(value: object) -> tuple[_Call, ...]:
    candidates = value if isinstance(value, list) else [value]
    return tuple(
        call
        for call in candidates
        # An unused `"tool_calls": {}` sits on items of every type.
        if isinstance(call, dict) and call and call.get("name") != _END_MARKER
    )


def _as_calls(key: ItemKey, held: tuple[_Call, ...] | GrowingText) -> tuple[_Call, ...]:
    if isinstance(held, GrowingText):
        kind = key[1]
        return ({"type": kind, GROWING_FIELDS[kind]: held.sent},)
    return held


def _text_of(page: _Call, name: str) -> str:
    value = page.get(name)
    return value if isinstance(value, str) else ""
