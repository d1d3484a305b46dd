"""Bodies of chat completions, and a decoder run three ways."""

from __future__ import annotations

import json

from wire.support_chatglm import run as run_decoder

from glmbench.wire.completions import ChatCompletionsDecoder

DONE = b"data: [DONE]\n\n"


def run(pieces, **options):
    return run_decoder(pieces, ChatCompletionsDecoder(**options))


def chunk(delta=None, finish=None, **fields):
    """Build a chunk as GLM spells it: no finish_reason where there is none."""
    choice = {"index": 0, "delta": {"role": "assistant"} if delta is None else delta}
    if finish is not None:
        choice["finish_reason"] = finish
    return {"id": "x", "created": 1, "model": "glm-4.5", "choices": [choice], **fields}


def text(content):
    return chunk({"role": "assistant", "content": content})


def sse(*frames):
    """Spell frames, dicts or texts, as events."""
    texts = [f if isinstance(f, str) else json.dumps(f, ensure_ascii=False) for f in frames]
    return "".join(f"data: {each}\n\n" for each in texts).encode()
