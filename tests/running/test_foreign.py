"""Parts are taken by what they have; nothing foreign is ever mistaken for text."""

from __future__ import annotations

from types import SimpleNamespace as Thing

import pytest

from glmbench.parts import (
    Conversation,
    FinishReason,
    ImageResponse,
    Reasoning,
    Source,
    Sources,
    ToolCalls,
    Usage,
)
from glmbench.running.foreign import as_part


class Text(str):
    """A kind of str, as some clients yield them."""

    __slots__ = ()


OURS = [
    "text",
    FinishReason("stop"),
    Reasoning("hm"),
    Usage(output_tokens=1),
    ToolCalls([]),
    ImageResponse(("u",)),
    Sources(()),
    Conversation("c"),
]


@pytest.mark.parametrize("part", OURS, ids=lambda part: type(part).__name__)
def test_our_own_parts_stay_as_they_are(part):
    assert as_part(part) is part


@pytest.mark.parametrize(
    ("item", "part"),
    [
        (Thing(reason="stop"), FinishReason("stop", native="stop")),
        (Thing(reason="max_tokens"), FinishReason("length", native="max_tokens")),
        (Thing(reason="sensitive"), FinishReason("content_filter", native="sensitive")),
        (Thing(reason="paused"), FinishReason("unknown", native="paused")),
        (Thing(token="let me see", status=""), Reasoning("let me see")),
        (
            Thing(prompt_tokens=3, completion_tokens=5, total_tokens=8),
            Usage(input_tokens=3, output_tokens=5),
        ),
        (Thing(completion_tokens=5), Usage(output_tokens=5)),
        (Thing(urls="https://h/a.png", alt="a cat"), ImageResponse(("https://h/a.png",), "a cat")),
        (Thing(urls=["a", "b"], alt=None), ImageResponse(("a", "b"))),
        (Thing(conversation_id="abc"), Conversation("abc")),
        (Thing(list=[{"function": {"name": "f"}}]), ToolCalls([{"function": {"name": "f"}}])),
        (
            Thing(list=[{"url": "https://h/", "title": "T"}, {"url": "https://i/"}]),
            Sources((Source("https://h/", "T"), Source("https://i/"))),
        ),
    ],
)
def test_a_foreign_part_is_known_by_its_shape(item, part):
    assert as_part(item) == part


@pytest.mark.parametrize(
    "item",
    [
        None,
        3,
        b"bytes",
        Thing(),
        Thing(reason=None),
        Thing(token=3),
        Thing(list=[]),
        Thing(urls=[1]),
    ],
)
def test_what_has_no_known_shape_is_nothing(item):
    assert as_part(item) is None


def test_a_kind_of_str_is_text_and_nothing_more():
    part = as_part(Text("hello"))
    assert part == "hello"
    assert type(part) is str
