"""Made-up credentials of every known shape.

They are put together from pieces, so that no tool takes this file for a leak.
"""

from __future__ import annotations

import base64
import hashlib
import random
import string

import msgspec

ALNUM = string.ascii_letters + string.digits


def chance(size: int, alphabet: str = ALNUM, seed: int = 4) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=size))


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jwt(header: dict[str, str]) -> str:
    claims = b64url(msgspec.json.encode({"sub": "someone"}))
    return f"{b64url(msgspec.json.encode(header))}.{claims}.{b64url(hashlib.sha256(b'x').digest())}"


HEX32 = hashlib.md5(b"id").hexdigest()
PEM_BODY = "\n".join(chance(64, seed=n) for n in range(3))
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{PEM_BODY}\n-----END RSA PRIVATE KEY-----"

TOKENS = [
    ("OpenAI-style key", "sk-" + chance(48)),
    ("OpenAI-style key", "sk-proj-" + chance(40) + "_" + chance(30) + "-" + chance(20)),
    ("OpenAI-style key", "sk-" + chance(32, "0123456789abcdef")),
    ("OpenAI-style key", "sk-or-v1-" + chance(64, "0123456789abcdef")),
    ("Anthropic key", "sk-ant-" + "api03-" + chance(80) + "-" + chance(12)),
    ("GLM key", HEX32 + "." + chance(16)),
    ("JSON Web Token", jwt({"alg": "HS256", "typ": "JWT"})),
    ("GitHub token", "ghp_" + chance(36)),
    ("GitHub token", "gho_" + chance(36)),
    ("GitHub token", "ghs_" + chance(36)),
    ("GitHub token", "github_pat_" + chance(22) + "_" + chance(59)),
    ("GitLab token", "glpat-" + chance(20)),
    ("AWS access key id", "AKIA" + chance(16, "ABCDEFGHIJKLMNOP234567")),
    ("Google API key", "AIza" + chance(35)),
    ("Slack token", "xoxb-" + "123456789012-" + chance(24)),
    ("Stripe key", "sk_live_" + chance(24)),
    ("Stripe key", "rk_live_" + chance(24)),
    ("Hugging Face token", "hf_" + chance(34, string.ascii_letters)),
    ("private key", PEM),
]


def basic(user_and_password: str) -> str:
    return base64.b64encode(user_and_password.encode()).decode()
