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

# A count this much smaller than the estimate is no count: placeholders such as 1 in, 1 out, 2 in
# all stand on whole pages of text. No tokenizer comes to a tenth of the rule of thumb.
FAKE_SHARE = 10
# Of a few words even a true count may be far from the rule.
MIN_TOKENS_TO_DOUBT = 20

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
    """Take the last count the service gave; else estimate text and reasoning together.

    A count that is obviously fake is not taken: see `is_fake`.
    """
    output = observation.text + observation.reasoning
    said = find_usage(observation)
    if said is not None and said.output_tokens is not None and not is_fake(said, output):
        return said.output_tokens, "usage"
    return (estimate_tokens(output), "estimate") if output else (None, "none")


def find_usage(observation: Observation) -> Usage | None:
    """Return the last usage with a count of output tokens, else the last one."""
    said = [stamped.part for stamped in observation.parts if isinstance(stamped.part, Usage)]
    counted = [usage for usage in said if usage.output_tokens is not None] or said
    return counted[-1] if counted else None


def is_fake(usage: Usage, output: str) -> bool:
    """Tell whether a count cannot be one of this output, being less than a tenth of the estimate.

    Some servers say "1 in, 1 out, 2 in all" of every answer.
    """
    estimated = estimate_tokens(output)
    if usage.output_tokens is None or estimated < MIN_TOKENS_TO_DOUBT:
        return False
    return usage.output_tokens * FAKE_SHARE < estimated
