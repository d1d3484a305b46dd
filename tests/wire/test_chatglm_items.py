from __future__ import annotations

import pytest

from glmbench.parts import ImageResponse, Source, Sources, ToolCalls
from glmbench.wire.chatglm_frames import OtherItem
from glmbench.wire.chatglm_items import ItemCollector
from glmbench.wire.growing_text import GrowingText


def item(kind, pages=(), **fields):
    return OtherItem(type=kind, fields={"type": kind, **fields}, pages=pages)


def tool(call):
    return item("tool_calls", tool_calls=call)


@pytest.mark.parametrize(
    ("calls", "handed_out"),
    [
        ({"name": "s", "arguments": "{}"}, [{"name": "s", "arguments": "{}"}]),
        ([{"name": "s"}, {}, {"name": "t"}], [{"name": "s"}, {"name": "t"}]),
        ({}, []),
        (None, []),
        ("oops", []),
        ({"name": "finish", "arguments": "{}"}, []),
        ([{"name": "finish"}], []),
    ],
)
def test_empty_calls_and_the_end_marker_are_no_tools(calls, handed_out):
    items = ItemCollector()
    assert items.take(("p", "tool_calls", 0), tool(calls)) == []
    assert items.flush() == ([ToolCalls(tuple(handed_out), executed=True)] if handed_out else [])


def test_a_call_is_handed_out_once_and_again_only_if_it_changed():
    items = ItemCollector()
    key = ("p", "tool_calls", 0)
    handed_out = []
    for arguments in ("{", "{", "{}"):
        items.take(key, tool({"name": "s", "arguments": arguments}))
        handed_out += items.flush()
    assert [part.calls[0]["arguments"] for part in handed_out] == ["{", "{}"]


def test_the_part_that_goes_on_is_held_back():
    items = ItemCollector()
    items.take(("p", "tool_calls", 0), tool({"name": "a"}))
    items.take(("q", "tool_calls", 0), tool({"name": "b"}))
    assert items.flush(but="q") == [ToolCalls(({"name": "a"},), executed=True)]
    assert items.flush(but="q") == []
    assert items.flush() == [ToolCalls(({"name": "b"},), executed=True)]


def test_growing_items_are_handed_out_with_the_text_they_have_then():
    items, text = ItemCollector(), GrowingText()
    items.hold(("p", "code", 0), text)
    text.fragment("x")
    text.fragment(" = 1")
    assert items.flush() == [ToolCalls(({"type": "code", "code": "x = 1"},), executed=True)]


def test_the_result_of_a_tool_is_kept_whole_and_its_pages_are_sources():
    items = ItemCollector()
    result = item("tool_result", pages=({"url": "u", "title": "T"},), output="42")
    assert items.take(("p", "tool_result", 0), result) == [Sources((Source("u", "T"),))]
    call = {"type": "tool_result", "output": "42"}
    assert items.flush() == [ToolCalls((call,), executed=True)]


def test_a_page_or_image_comes_once_whichever_item_brings_it():
    items = ItemCollector()
    pages = ({"url": "u", "title": "T", "text": "t"}, {"url": "u", "title": "again"}, {"url": 5})
    assert items.take(("p", "quote_result", 0), item("quote_result", pages)) == [
        Sources((Source("u", "T", "t"),))
    ]
    assert items.take(("q", "browser_result", 0), item("browser_result", pages)) == []
    image = item("image", image=[{"image_url": "i"}, {"image_url": "i"}, {"image_url": 5}, 7])
    assert items.take(("r", "image", 0), image) == [ImageResponse(("i",))]
    assert items.take(("r", "image", 0), image) == []


def test_one_image_that_is_no_list_counts():
    one = item("image", image={"image_url": "i"})
    assert ItemCollector().take(("r", "image", 0), one) == [ImageResponse(("i",))]


def test_a_system_error_is_a_notice():
    items = ItemCollector()
    assert items.take(("p", "system_error", 0), item("system_error", content="broke")) == []
    items.take(("p", "system_error", 1), item("system_error", content=None))
    assert (items.notice, items.flush()) == ("broke", [])
