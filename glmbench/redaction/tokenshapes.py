"""The known shapes of credentials: what services made recognizable on purpose. Pure.

A table of patterns with the source of each. Every search is linear in the text, whatever it holds:
repetitions are possessive or bounded, and a literal is looked for before any pattern is.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIN_RANDOM_LENGTH = 16
# Bits per character. Of random texts of 16 hexadecimal digits 99.9 % have more, half have 3.2;
# what repeats itself ("abab1212abab1212") has 2. It cannot tell words: those are told by pieces.
MIN_ENTROPY = 2.5


def entropy(text: str) -> float:
    """Shannon's entropy in bits per character."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values())


# Not `\w`: a key stands between Chinese characters without a blank.
_WORD = "A-Za-z0-9_-"
# The end of an escape is no part of the word after it: "\nsk-…", "%20sk-…", "\u003dsk-…".
_ESCAPES = (r"\\[bfnrt]", r"%[0-9A-Fa-f]{2}", r"\\u[0-9A-Fa-f]{4}")


def _standing_alone(head: str) -> str:
    """Match nothing, directly after `head`, where a word begins with `head`.

    It stands after the head and not before it, so that `re` searches for the literal first.
    """
    inside_escape = "".join(f"|(?<={escape}{head})" for escape in _ESCAPES)
    return f"(?:(?<![{_WORD}]{head}){inside_escape})"


def _starting(head: str, rest: str) -> re.Pattern[str]:
    return re.compile(f"{head}{_standing_alone(head)}{rest}")


def _any(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """One kind of token: `literals` is looked for first, one of them is in every such token.

    The pattern's group, or else its whole match, is the token; `before` characters in front of
    it belong to it too. `holds` takes the token.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] = _any
    before: int = 0


_ALNUM_RUN = re.compile(rf"[A-Za-z0-9]{{{MIN_RANDOM_LENGTH},}}")


def _has_random_run(token: str) -> bool:
    """Tell a key from a slug such as "sk-fading-circle-2": one piece is long and mixed."""
    return any(
        not run.isalpha() and not run.isdigit() and entropy(run) > MIN_ENTROPY
        for run in _ALNUM_RUN.findall(token)
    )


def _is_jwt(token: str) -> bool:
    # RFC 7515: the protected header is a JSON object, and "alg" must be in it.
    head = token.partition(".")[0]
    try:
        header = msgspec.json.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header


def _is_user_and_password(encoded: str) -> bool:
    # RFC 7617: base64 of "user-id:password".
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return False
    user, colon, password = text.partition(":")
    return bool(colon and user and password) and text.isprintable()


# What stands for a password in examples; a tutorial is full of them.
_STAND_INS = frozenset(
    {
        "password",
        "passwd",
        "passw0rd",
        "pass",
        "pwd",
        "secret",
        "mypassword",
        "mysecret",
        "yourpassword",
        "your_password",
        "your-password",
        "changeme",
        "change_me",
        "example",
        "token",
    }
)
# "abc", "123", "pw": shorter ones are all examples.
MIN_PASSWORD_LENGTH = 4
_PLACEHOLDER_START = ("$", "{", "[", "<", "*", "%(", "…")


def _has_own_password(credentials: str) -> bool:
    user, _, password = credentials.partition(":")
    return len(password) >= MIN_PASSWORD_LENGTH and not (
        password == user
        or password.lower() in _STAND_INS
        or len(set(password)) == 1
        or password.startswith(_PLACEHOLDER_START)
        or password.endswith("…")
    )


def _is_mixed(token: str) -> bool:
    return not token.islower() and not token.isupper()


def _has_digit(token: str) -> bool:
    return any(char.isdigit() for char in token)


_END = f"(?![{_WORD}])"

# The order is the precedence where two match at one place: the special before the general.
_SHAPES = (
    # docs.anthropic.com: "sk-ant-api03-…".
    _Shape(
        kind="Anthropic key",
        literals=("sk-ant-",),
        pattern=_starting("sk-ant-", r"[A-Za-z0-9_-]{20,}+"),
        holds=_has_random_run,
    ),
    # platform.openai.com "sk-…", "sk-proj-…"; DeepSeek and Moonshot took the prefix over.
    _Shape(
        kind="OpenAI-style key",
        literals=("sk-",),
        pattern=_starting("sk-", r"(?!ant-)[A-Za-z0-9_-]{20,}+"),
        holds=_has_random_run,
    ),
    # The SDK of ZhipuAI splits a key at its dot into an id and the secret that signs. The id is
    # 32 hexadecimal digits; a hash with a file name's suffix after it has a lower-case word there.
    _Shape(
        kind="GLM key",
        literals=(".",),
        pattern=re.compile(
            r"\.(?<=[0-9a-f]{32}\.)"
            + _standing_alone(r"[0-9a-f]{32}\.")
            + r"[A-Za-z0-9]{16}"
            + _END
        ),
        holds=lambda token: not token[-16:].isalpha() or _is_mixed(token[-16:]),
        before=32,
    ),
    # RFC 7519. ChatGLM's access and refresh tokens are such. An unsigned one proves nothing.
    _Shape(
        kind="JSON Web Token",
        literals=("eyJ",),
        pattern=_starting("eyJ", r"[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{2,}+\.[A-Za-z0-9_-]{16,}+"),
        holds=_is_jwt,
    ),
    # github.blog, "Behind GitHub's new authentication token formats".
    _Shape(
        kind="GitHub token",
        literals=("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        pattern=_starting("gh[pousr]_", r"[A-Za-z0-9]{36,}+"),
        holds=_has_digit,
    ),
    _Shape(
        kind="GitHub token",
        literals=("github_pat_",),
        pattern=_starting("github_pat_", r"[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    ),
    # docs.gitlab.com, "Token overview": the prefix of a personal access token.
    _Shape(
        kind="GitLab token",
        literals=("glpat-",),
        pattern=_starting("glpat-", r"[A-Za-z0-9_-]{20,}+"),
        holds=_has_digit,
    ),
    # docs.aws.amazon.com, IAM identifiers: AKIA is a lasting key, ASIA a temporary one; base32.
    _Shape(
        kind="AWS access key id",
        literals=("AKIA", "ASIA"),
        pattern=_starting("A[KS]IA", rf"[A-Z2-7]{{16}}{_END}"),
        holds=_has_digit,
    ),
    # cloud.google.com: API keys are 39 characters and begin so.
    _Shape(
        kind="Google API key",
        literals=("AIza",),
        pattern=_starting("AIza", rf"[A-Za-z0-9_-]{{35}}{_END}"),
    ),
    # api.slack.com, "Token types".
    _Shape(
        kind="Slack token",
        literals=("xox",),
        pattern=_starting("xox[abeoprs]-", r"[A-Za-z0-9-]{20,}+"),
        holds=_has_digit,
    ),
    # docs.stripe.com, "API keys": secret and restricted keys; those of the test mode open nothing.
    _Shape(
        kind="Stripe key",
        literals=("_live_",),
        pattern=_starting("[sr]k_live_", r"[A-Za-z0-9]{16,}+"),
    ),
    # huggingface.co, "User access tokens": 34 characters after the prefix.
    _Shape(
        kind="Hugging Face token",
        literals=("hf_",),
        pattern=_starting("hf_", rf"[A-Za-z0-9]{{34}}{_END}"),
        holds=lambda token: _is_mixed(token[3:]),
    ),
    # RFC 7468. The line alone stands in many a program; a key has lines of base64 after it.
    _Shape(
        kind="private key",
        literals=("PRIVATE KEY",),
        pattern=re.compile(
            r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY-----"
            r"(?:[A-Za-z0-9+/=\s]|\\+[nr])*+"
            r"(?:-----END (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY-----)?"
        ),
        holds=lambda block: re.search(r"[A-Za-z0-9+/]{40}", block) is not None,
    ),
    # RFC 6750. In prose a long word may follow, so the token has to look like one.
    _Shape(
        kind="bearer token",
        literals=("earer ", "EARER "),
        pattern=re.compile(r"(?:earer|EARER) (?<=[Bb](?:earer|EARER) )([A-Za-z0-9._~+/-]{20,}+=*)"),
        holds=_has_random_run,
    ),
    _Shape(
        kind="user and password",
        literals=("asic ", "ASIC "),
        pattern=re.compile(r"(?:asic|ASIC) (?<=[Bb](?:asic|ASIC) )([A-Za-z0-9+/]{6,}+={0,2})"),
        holds=_is_user_and_password,
    ),
    # RFC 3986, userinfo.
    _Shape(
        kind="password in a URL",
        literals=("://",),
        pattern=re.compile(
            r"""://([^\s/:@?#"'<>\\`\x7f-\U0010ffff]{0,128}+"""
            r""":[^\s/@?#"'<>\\`\x7f-\U0010ffff]{1,256}+)@"""
        ),
        holds=_has_own_password,
    ),
)


# Nearly every text has none of them: one search for all is a tenth of the time of one for each.
_ANY_LITERAL = re.compile("|".join(re.escape(each) for s in _SHAPES for each in s.literals))


def find_tokens(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and kind of what has a known shape; special shapes before general ones."""
    if _ANY_LITERAL.search(text) is None:
        return
    for shape in _SHAPES:
        if any(literal in text for literal in shape.literals):
            yield from ((start, end, shape.kind) for start, end in _matches(shape, text))


def _matches(shape: _Shape, text: str) -> Iterator[tuple[int, int]]:
    for match in shape.pattern.finditer(text):
        start, end = match.span(shape.pattern.groups)
        start -= shape.before
        if shape.holds(text[start:end]):
            yield start, end
