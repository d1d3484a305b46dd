from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire.support_completions import chunk

from glmbench.errors import ProtocolError
from glmbench.parts import Usage
from glmbench.wire.completions_chunks import Chunk, ErrorChunk, decode_chunk

CALL = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}
GOOD = chunk(
    {"content": "a", "reasoning_content": "r", "reasoning": "s", "tool_calls": [CALL]},
    "stop",
    usage={"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}},
)


def encoded(value):
    return json.dumps(value).encode()


def test_what_does_not_fit_is_decoded_as_what_does():
    # `created` is no field of ours; a choice that is null makes the fast path fail.
    tolerant = {**GOOD, "choices": [None, *GOOD["choices"]]}
    fast, slow = decode_chunk(encoded(GOOD), 0), decode_chunk(encoded(tolerant), 0)
    assert msgspec.to_builtins(slow.choices) == msgspec.to_builtins(fast.choices)
    assert slow.choices[0].delta.content == "a"
    assert fast.usage == slow.usage == Usage(input_tokens=1, cached_tokens=2)


@pytest.mark.parametrize(
    "value",
    [
        {"error": {"message": "m"}},
        {"error": "m", "choices": []},
        {"object": "error", "message": "m"},
        {"detail": "m"},
        {"message": "m"},
    ],
)
def test_an_error_is_no_chunk(value):
    assert decode_chunk(encoded(value), 0) == ErrorChunk(value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["index", "delta", "finish_reason", "content", "reasoning", "tool_calls", "id",
             "function", "name", "arguments", "prompt_tokens", "completion_tokens_details"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["choices", "usage", "id", "object"]), JSON, max_size=3))
def test_any_object_is_a_chunk_or_an_error(value):
    assert isinstance(decode_chunk(encoded(value), 0), Chunk | ErrorChunk)


def test_a_lone_surrogate_never_reaches_the_answer():
    with pytest.raises(ProtocolError):
        decode_chunk(b'{"choices":[{"delta":{"content":"a\\ud83d"}}]}', 0)


FULL = json.dumps({**GOOD, "名": "称"}, ensure_ascii=False).encode()


@pytest.mark.parametrize("bad", [b"\xff", b"\x80", b"\xe4\xbd"])
def test_a_byte_that_is_not_utf8_is_found_wherever_it_stands(bad):
    for place in range(len(FULL) + 1):
        data = FULL[:place] + bad + FULL[place:]
        with pytest.raises(UnicodeDecodeError) as expected:
            data.decode()
        with pytest.raises(ProtocolError) as caught:
            decode_chunk(data, 100)
        assert caught.value.offset == 100 + expected.value.start
