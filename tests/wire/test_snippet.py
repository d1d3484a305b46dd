"""What is shown of a foreign body: words, not tags, not too many, and no credential."""

from __future__ import annotations

import pytest

from glmbench.wire.snippet import SNIPPET_CHARS, compact, first_words, scrubbed


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no text in it"),
        (b"<html><script>var a = 1</script><h1>403</h1>\n go away</html>", "403 go away"),
        (b"\xff\xfe", "��"),
        (b"x" * 300, "x" * SNIPPET_CHARS + "…"),
        (b"key sk-abcdefgh1234 refused", "key [redacted] refused"),
    ],
)
def test_the_first_words_of_a_body_are_what_a_person_can_read(body, words):
    assert first_words(body) == words


@pytest.mark.parametrize(
    "credential",
    [
        "sk-0123456789abcdef",
        "0123456789abcdef0123456789abcdef.ABCDEFGH12345678",
        "eyJhbGciOiJI.eyJhcGlfa2V5.c2lnbmF0dXJl",
    ],
)
def test_what_looks_like_a_credential_is_cut_out(credential):
    assert credential not in scrubbed(f"wrong key {credential}.")


def test_a_value_is_shown_as_compact_json():
    assert compact({"a": [1, "二"]}) == '{"a":[1,"二"]}'
