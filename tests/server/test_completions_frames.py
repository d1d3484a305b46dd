"""The spelling of single chunks of chat completions, typed by hand."""

from __future__ import annotations

from glmbench.server.completions_frames import ChunkFrames, TokenCounts, error, usage
from glmbench.server.frames import Identity, json_text

HELLO = Identity(name="hello", model="glm-4.6")

# From `printf hello/1/call/0 | sha256sum`.
CALL_0 = "call_7ad4d2cd09ba7457d29e8392"


def test_the_id_of_a_call_is_fixed_and_differs_for_each():
    assert HELLO.call_id(0) == CALL_0
    assert HELLO.call_id(1) != CALL_0


def test_the_details_of_the_usage_are_there_only_when_they_were_counted():
    assert usage(TokenCounts(input=5, output=7, reasoning=2, cached=0)) == {
        "prompt_tokens": 5,
        "completion_tokens": 7,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }


def test_an_http_error_has_the_same_body_as_one_in_the_stream():
    assert error("1301", "no") == {"error": {"code": "1301", "message": "no"}}


def test_the_role_only_chunk_has_no_text():
    assert json_text(ChunkFrames(identity=HELLO).opening()) == (
        # The id is from `printf hello/1/message | sha256sum`.
        '{"id":"1e634cf643f6a6765bc694d5","created":1767225600,"model":"glm-4.6",'
        '"choices":[{"index":0,"delta":{"role":"assistant"}}]}'
    )
