"""How many tokens an answer had: the service's count, or a declared estimate. Pure.

The estimate is 0.6 tokens for each East Asian character (Han, kana, Hangul, their punctuation and
full-width forms) and 0.25 for any other, rounded up: what the vendors of GLM models publish as a
rule of thumb, about 1.6 Chinese characters or 4 English letters to the token. It is for orders of
magnitude; where it is used, the figures say `estimate`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from glmbench.parts import Usage

if TYPE_CHECKING:
    from glmbench.measure.observation import Observation

TokenSource: TypeAlias = Literal["usage", "estimate", "none"]

_EAST_ASIAN = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)


def estimate_tokens(text: str) -> int:
    """Apply the declared rule: ceil(0.6 * East Asian characters + 0.25 * others)."""
    east_asian = len(_EAST_ASIAN.findall(text))
    twentieths = 12 * east_asian + 5 * (len(text) - east_asian)
    return -(-twentieths // 20)


def count_output_tokens(observation: Observation) -> tuple[int | None, TokenSource]:
    """Take the last count the service gave; else estimate text and reasoning together."""
    for stamped in reversed(observation.parts):
        if isinstance(stamped.part, Usage) and stamped.part.output_tokens is not None:
            return stamped.part.output_tokens, "usage"
    output = observation.text + observation.reasoning
    return (estimate_tokens(output), "estimate") if output else (None, "none")
