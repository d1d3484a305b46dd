from __future__ import annotations

import re

import pytest

from glmbench.errors import UsageError
from glmbench.providers.base import AsyncGeneratorProvider
from glmbench.providers.options import merged_headers, refuse_unknown


class Own(AsyncGeneratorProvider):
    @classmethod
    async def create_async_generator(cls, model, messages, *, flavour="x", **unknown):
        yield "a"


def test_an_unknown_option_is_refused_with_those_there_are():
    refuse_unknown(Own, {})
    sentence = 'Own has no option "flavor" (did you mean "flavour"?); it has: flavour'
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        refuse_unknown(Own, {"flavor": 1})


@pytest.mark.parametrize(
    ("extra", "merged"),
    [
        (None, {"Accept": "a", "X": "b"}),
        ({"Y": "c"}, {"Accept": "a", "X": "b", "Y": "c"}),
        ({"ACCEPT": "c"}, {"X": "b", "ACCEPT": "c"}),
    ],
)
def test_headers_are_added_or_replaced(extra, merged):
    assert merged_headers({"Accept": "a", "X": "b"}, extra) == merged


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ({"X": 1}, "headers must map names to strings, and 'X' does not"),
        ({"X": "a\r\nY: b"}, "header 'X' must not hold a line break"),
        ({"X\n": "a"}, "header 'X\\n' must not hold a line break"),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(extra, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        merged_headers({}, extra)
