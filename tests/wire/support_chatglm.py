"""Ways to run a ChatGLM body through the decoder, and to make bodies that are not typed by hand."""

from __future__ import annotations

import json
from itertools import pairwise

from glmbench.errors import ProviderError
from glmbench.wire.chatglm import ChatGlmDecoder


def run(pieces, decoder=None):
    """Return the parts and the exception (or None) as a caller gets them."""
    decoder = decoder or ChatGlmDecoder()
    parts = [part for piece in pieces for part in decoder.feed(piece)]
    parts += decoder.feed_eof()
    try:
        parts += decoder.finish()
    except ProviderError as error:
        return parts, error
    return parts, None


def bytewise(body):
    return [body[n : n + 1] for n in range(len(body))]


def cut(body, places):
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[a:b] for a, b in pairwise(edges)]


def sse(*frames):
    """Spell frames, dicts or JSON texts, as events."""
    texts = [f if isinstance(f, str) else json.dumps(f, ensure_ascii=False) for f in frames]
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def text_of(parts):
    return "".join(str(part) for part in parts)


def frame(parts, *, flag=None, status="init", **fields):
    """Build a frame; parts are (logic_id, type, text, status)."""
    keys = {"think": "think"}
    return {
        "conversation_id": "c1",
        "parts": [
            {
                "logic_id": logic_id,
                "content": [{"type": kind, keys.get(kind, "text"): text, "tool_calls": {}}],
                "status": part_status,
            }
            for logic_id, kind, text, part_status in parts
        ],
        "status": status,
        "meta_data": {} if flag is None else {"if_increase_push": flag},
        **fields,
    }


def snapshot_frames(answer, flag=False):
    """Spell an answer, (logic_id, type, fragments) in order, as texts that are whole each time."""
    frames = [frame([], flag=flag)]
    for logic_id, kind, fragments in answer:
        for end in range(1, len(fragments) + 1):
            text = "".join(fragments[:end])
            part_status = "finish" if end == len(fragments) else "init"
            frames.append(frame([(logic_id, kind, text, part_status)], flag=flag))
    return frames


def delta_frames(answer):
    """Spell an answer as fragments, each part's whole text behind its last one."""
    frames = [frame([], flag=True)]
    for logic_id, kind, fragments in answer:
        frames += [frame([(logic_id, kind, text, "init")], flag=True) for text in fragments]
        frames.append(frame([(logic_id, kind, "".join(fragments), "finish")], flag=False))
    return frames


def finish_frame(answer, repeated):
    """Spell the end; `repeated` of the last parts stand in it again."""
    last = answer[len(answer) - min(repeated, len(answer)) :]
    parts = [(logic_id, kind, "".join(fragments), "finish") for logic_id, kind, fragments in last]
    return frame(parts, flag=False, status="finish")
