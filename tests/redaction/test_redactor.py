"""Credentials are replaced in everything that is written; all else stays as it is."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.redaction.redactor import (
    NOTHING_SECRET,
    Edit,
    Redactor,
    Secret,
    apply_edits,
    is_credential_key,
    redact_headers,
    redact_url,
)

KEY = Secret(name="KEY", value="sk-1234/5678+9")
REDACTOR = Redactor([KEY])
STREAM = "text/event-stream; charset=utf-8"


@pytest.mark.parametrize("name", ["Authorization", "authorization", "X-Api-Key", "api-key"])
def test_headers_that_carry_credentials_lose_their_value(name):
    assert redact_headers([(name, "Bearer abc")]) == [(name, "[redacted]")]


@pytest.mark.parametrize(
    ("name", "value", "redacted"),
    [
        ("Cookie", "a=1; b=2=3;c=", "a=[redacted]; b=[redacted];c="),
        ("Cookie", "bare", "[redacted]"),
        ("Cookie", f"a={KEY.value}", "a=[secret:KEY]"),
        ("Set-Cookie", "a=1; Path=/; HttpOnly", "a=[redacted]; Path=/; HttpOnly"),
        ("Set-Cookie", 'a="1"; Max-Age=3', "a=[redacted]; Max-Age=3"),
        ("Set-Cookie", "a=; Max-Age=0", "a=; Max-Age=0"),
        ("Set-Cookie", 'a=""; Max-Age=0', 'a=""; Max-Age=0'),
        ("Set-Cookie", 'a="1; 2"; Secure', "a=[redacted]; [redacted]; Secure"),
        ("Set-Cookie", "", ""),
    ],
)
def test_cookies_keep_names_and_attributes(name, value, redacted):
    assert REDACTOR.headers([(name, value)]) == [(name, redacted)]
    assert REDACTOR.headers([(name, redacted)]) == [(name, redacted)]


def test_a_redirect_loses_the_secrets_of_its_url():
    redacted = redact_headers([("Location", "https://h/p?access_token=abc&x=1")])
    assert redacted == [("Location", "https://h/p?access_token=[redacted]&x=1")]


def test_other_headers_keep_value_order_and_repetition():
    headers = [("X-B", "2"), ("Accept", "*/*"), ("X-B", "1"), ("X-Raw", "\udcff")]
    assert REDACTOR.headers(headers) == headers


def test_a_known_secret_is_found_in_any_header():
    assert REDACTOR.headers([("X-Echo", f"of {KEY.value}!")]) == [("X-Echo", "of [secret:KEY]!")]


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("https://h/p?x=1&y=%20", "https://h/p?x=1&y=%20"),
        ("https://me:pw@h:8/p", "https://h:8/p"),
        ("//me:p@w@h/p?to=a@b", "//h/p?to=a@b"),
        ("/p?to=//a@b", "/p?to=//a@b"),
        ("https://h/p?api_key=abc&x=1", "https://h/p?api_key=[redacted]&x=1"),
        ("https://h/p?Token=abc", "https://h/p?Token=[redacted]"),
        ("https://h/p?access_token=&x", "https://h/p?access_token=[redacted]&x"),
        ("https://h/p?x=a+b&accessToken=a&y=%2f", "https://h/p?x=a+b&accessToken=[redacted]&y=%2f"),
        ("https://h/p?api%5Fkey=abc#id_token=x", "https://h/p?api%5Fkey=[redacted]#id_token=[redacted]"),
        ("https://[bad/p?key=a", "https://[bad/p?key=[redacted]"),
        ("https://h/p?max_tokens=5", "https://h/p?max_tokens=5"),
        ("https://h/p?key=[secret:OTHER]", "https://h/p?key=[secret:OTHER]"),
    ],
)  # fmt: skip
def test_urls_lose_users_and_secret_parameters(url, redacted):
    assert redact_url(url) == redacted
    assert redact_url(redacted) == redacted


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("https://h/sk-1234%2F5678%2b9/x", "https://h/[secret:KEY]/x"),
        ("https://h/p?key=sk-1234%2F5678%2B9", "https://h/p?key=[secret:KEY]"),
        ("https://h/p?key=%5Bsecret:KEY%5D", "https://h/p?key=[secret:KEY]"),
        ("https://h/p?q=x%5Bsecret%3AKEY%5D", "https://h/p?q=x[secret:KEY]"),
    ],
)
def test_a_url_made_with_a_placeholder_reads_as_the_one_made_with_the_secret(url, redacted):
    assert REDACTOR.url(url) == redacted
    assert REDACTOR.url(redacted) == redacted


@pytest.mark.parametrize("value", ["", "[secret:KEY]", KEY.value])
def test_a_placeholder_reads_the_same_whether_its_secret_is_known_or_not(value):
    redactor = Redactor([Secret(name="KEY", value=value)])
    assert redactor.url("https://h/p?q=x%5Bsecret%3AKEY%5D") == "https://h/p?q=x[secret:KEY]"
    assert redactor.text("[secret:KEY]") == "[secret:KEY]"
    assert redactor.body(b'{"api_key": "[secret:KEY]"}', "") == b'{"api_key": "[secret:KEY]"}'
    assert redactor.found_in("[secret:KEY]") == ()


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("access_token", True),
        ("accessToken", True),
        ("API-Key", True),
        ("apiKey", True),
        ("ClientSecret", True),
        ("Authorization", True),
        ("prompt_tokens", False),
        ("max_tokens", False),
        ("token", False),
        ("key", False),
        ("sign", False),
        ("", False),
    ],
)
def test_fields_are_known_by_their_names(name, answer):
    assert is_credential_key(name) is answer


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "401, url='https://u:pw@h/a?q=1&key=abc&b=2'",
            "401, url='https://h/a?q=1&key=[redacted]&b=2'",
        ),
        ("(https://h/?token=abc)", "(https://h/?token=[redacted]"),
        (f"no {KEY.value} here", "no [secret:KEY] here"),
        ("refused: sk-1234/5…", "refused: [secret:KEY]…"),
        ("refused: sk-1234/5", "refused: [secret:KEY]"),
        ("refused: sk-1234", "refused: sk-1234"),
        ("see https://h/a?page=2 for key=abc", "see https://h/a?page=2 for key=abc"),
    ],
)
def test_a_message_shows_neither_what_its_urls_carry_nor_a_secret_it_was_cut_in(message, shown):
    assert REDACTOR.message(message) == shown
    assert REDACTOR.message(shown) == shown


def test_without_secrets_a_text_stays():
    assert NOTHING_SECRET.text("password sk-1234/5678+9") == "password sk-1234/5678+9"
    assert REDACTOR.text("half \ud83d of it") == "half \ud83d of it"


def test_a_secret_is_looked_for_without_the_blanks_around_it():
    redactor = Redactor(
        [Secret(name="KEY", value=" abcdefgh\n"), Secret(name="ODD", value="    a   \n")]
    )
    assert redactor.text("(abcdefgh) a") == "([secret:KEY]) a"


def test_many_secrets_in_one_escaped_string_are_all_found():
    body = json.dumps({"a": f"\n{KEY.value}é" * 2000}).encode()
    assert json.loads(REDACTOR.body(body, "")) == {"a": "\n[secret:KEY]é" * 2000}


def test_the_secrets_of_a_text_are_named():
    redactor = Redactor(
        [KEY, Secret(name="ID", value="abcdefgh"), Secret(name="NO", value="x" * 8)]
    )
    assert redactor.found_in(f"abcdefgh {KEY.value} [secret:NO]") == ("ID", "KEY")


@pytest.mark.parametrize(
    ("body", "kind", "after"),
    [
        ('{"api_key":"abc","n":1}', "application/json", '{"api_key":"[redacted]","n":1}'),
        ('{"a": [{"accessToken": "a\\"b"}]}', "", '{"a": [{"accessToken": "[redacted]"}]}'),
        ('{"password": "cut of', "", '{"password": "[redacted]'),
        ('{"password": "", "api_key": null, "id_token": 5}', "", None),
        ('{"password": "[redacted]", "api_key": "[secret:X]"}', "", None),
        ('{"usage": {"prompt_tokens": "5"}, "token": "你"}', "", None),
        ('{"authorization": "Bearer sk-1234\\/5678+9"}', "", '{"authorization": "[redacted]"}'),
        ('{"authorization": "sk-1234\\/5678+9"}', "", '{"authorization": "[secret:KEY]"}'),
        ('{"a": "{\\"password\\": \\"x\\"}"}', "", None),
        ('{"a": "[\\"sk-1234\\\\/5678+9\\"]"}', "", '{"a": "[\\"[secret:KEY]\\"]"}'),
        ('{"sk-1234/5678+9": 1}', "", '{"[secret:KEY]": 1}'),
        ("<p>sk-1234/5678+9</p>", "text/html", "<p>[secret:KEY]</p>"),
        ("<p>sk-1234%2F5678%2B9</p>", "text/html", "<p>[secret:KEY]</p>"),
        ("event: sk-1234/5678+9\ndata: {}\n\n", STREAM, "event: [secret:KEY]\ndata: {}\n\n"),
        ("a=1&api_key=x%20y&b=", "application/x-www-form-urlencoded", "a=1&api_key=[redacted]&b="),
        ("a=sk-1234%2F5678%2B9", "application/x-www-form-urlencoded", "a=[secret:KEY]"),
        ('{"api_key": "x"}', "application/x-www-form-urlencoded", '{"api_key": "[redacted]"}'),
        ("password=", "application/x-www-form-urlencoded", None),
        ("no credential: sk-1234/5678", "text/plain", "no credential: [secret:KEY]"),
        ("sk-1234/5678 in the middle", "text/plain", None),
    ],
)  # fmt: skip
def test_bodies_lose_their_credentials(body, kind, after):
    assert REDACTOR.body(body.encode(), kind).decode() == (body if after is None else after)
    if after is None:
        assert REDACTOR.body_edits(body.encode(), kind) == ()
    else:
        assert REDACTOR.body_edits(after.encode(), kind) == ()


def frames(*values):
    documents = [json.dumps({"id": "i", "choices": [{"delta": {"content": v}}]}) for v in values]
    return (
        "".join(f"data: {document}\n\n" for document in [*documents]).encode() + b"data: [DONE]\n\n"
    )


def test_a_secret_split_over_deltas_is_replaced_in_the_first_of_them():
    body = frames("it is sk-", "1234/567", "8+9, yes")
    assert REDACTOR.body(body, STREAM) == frames("it is [secret:KEY]", "", ", yes")


def test_growing_texts_still_grow_and_hold_no_part_of_a_secret():
    body = frames("it", "it is sk", "it is sk-1234/5678", "it is sk-1234/5678+9.")
    assert REDACTOR.body(body, STREAM) == frames("it", "it is ", "it is ", "it is [secret:KEY].")


def test_a_stream_that_was_cut_off_inside_a_secret_loses_its_beginning():
    whole = frames("it is sk-", "1234/5678+9")
    body = whole[: whole.index(b"1234") + len("1234/5")]
    clean = frames("it is [secret:KEY]", "")
    assert REDACTOR.body(body, STREAM) == clean[: clean.rindex(b'""') + 1]


@pytest.mark.parametrize(
    ("secret", "body", "after"),
    [
        ('{"type": "x", "n": 1}', '{"a": {"type": "x", "n": 1}}', '{"a": "[secret:S]"}'),
        ("12345678", '{"a": [12345678, -1123456789.5]}', '{"a": ["[secret:S]", "[secret:S]"]}'),
        ("12345678", "the PIN is 12345678", "the PIN is [secret:S]"),
        ('"12345678"', '{"a": "12345678"}', '{"a": "[secret:S]"}'),
        ('abcdefg"', '{"a": "abcdefg", "b": "abcdefg\\""}',
         '{"a": "[secret:S]", "b": "[secret:S]"}'),
        ('a": "abc', '{"a": "abcd"}', '{"[secret:S]d"}'),
    ],
)  # fmt: skip
def test_a_secret_that_is_more_than_a_string_leaves_json_where_it_can(secret, body, after):
    redactor = Redactor([Secret(name="S", value=secret)])
    clean = redactor.body(body.encode(), "")
    assert clean.decode() == after
    assert redactor.body_edits(clean, "") == ()
    assert redactor.found_in_body(clean, "") == ()


def test_what_is_left_of_a_secret_in_a_body_is_named():
    assert REDACTOR.found_in_body(frames("sk-1234", "/5678+9"), STREAM) == ("KEY",)
    assert REDACTOR.found_in_body(b'{"a": "sk-1234\\/5678+9"}', "") == ("KEY",)
    assert REDACTOR.found_in_body(frames("sk-1234", "/5678"), STREAM) == ()


# Characters that are escaped somewhere, none of them likely to form a secret by chance. At an end
# a quote would: it reads as the quote of the JSON string beside it.
SECRETS = st.text('ab9-_/"\\% +&=é你😀\n', min_size=8, max_size=14).filter(
    lambda text: len({*text}) > 4 and text == text.strip().strip('"')
)
TEXTS = st.text("xyz ,.ü好", max_size=8)
ESCAPES = st.sampled_from(["ascii", "unicode", "slash", "every"])


def quoted(text, escapes):
    if escapes == "every":
        units = text.encode("utf-16-be")
        return "".join(f"\\u{units[i]:02X}{units[i + 1]:02x}" for i in range(0, len(units), 2))
    raw = json.dumps(text, ensure_ascii=escapes == "ascii")[1:-1]
    return raw.replace("/", "\\/") if escapes == "slash" else raw


def stream(values, escapes):
    return "".join(
        f'data: {{"n": {n}, "a": ["{quoted(value, escapes)}"]}}\r\n\r\n'
        for n, value in enumerate(values)
    ).encode()


def read(body):
    lines = body.decode().split("\r\n\r\n")[:-1]
    return [json.loads(line.removeprefix("data: "))["a"][0] for line in lines]


def parts(secret):
    return [secret[i : i + 8] for i in range(len(secret) - 7)]


@given(SECRETS, TEXTS, TEXTS, ESCAPES, st.data())
def test_no_part_of_a_secret_is_left_in_deltas_and_all_else_stays(
    secret, before, after, escapes, data
):
    text = before + secret + after
    edges = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    values = [text[a:b] for a, b in zip([0, *edges], [*edges, len(text)], strict=True)]
    redactor = Redactor([Secret(name="S", value=secret)])
    clean = redactor.body(stream(values, escapes), STREAM)
    assert "".join(read(clean)) == f"{before}[secret:S]{after}"
    assert redactor.body_edits(clean, STREAM) == ()
    assert redactor.found_in_body(clean, STREAM) == ()


@given(SECRETS, TEXTS, TEXTS, ESCAPES, st.data())
def test_no_part_of_a_secret_is_left_in_growing_texts(secret, before, after, escapes, data):
    text = before + secret + after
    edges = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    redactor = Redactor([Secret(name="S", value=secret)])
    clean = redactor.body(stream([*(text[:edge] for edge in edges), text], escapes), STREAM)
    values = read(clean)
    assert values[-1] == f"{before}[secret:S]{after}"
    assert all(later.startswith(sooner) for sooner, later in pairwise(values))
    assert [part for part in parts(secret) if any(part in value for value in values)] == []
    assert redactor.body_edits(clean, STREAM) == ()


@given(st.lists(TEXTS, max_size=8), ESCAPES, SECRETS)
def test_a_stream_without_a_secret_has_no_edits(values, escapes, secret):
    assert (
        Redactor([Secret(name="S", value=secret)]).body_edits(stream(values, escapes), STREAM) == ()
    )


@given(st.text(), st.lists(SECRETS, max_size=3), st.lists(SECRETS | TEXTS, max_size=5))
def test_redacting_twice_changes_nothing_more(text, secrets, pieces):
    redactor = Redactor([Secret(name=f"S{n}", value=value) for n, value in enumerate(secrets)])
    clean = redactor.text(text + "".join(pieces + secrets))
    assert redactor.text(clean) == clean
    assert redactor.found_in(clean) == ()
    shown = redactor.message(text + "://".join(pieces + secrets))
    assert redactor.message(shown) == shown
    assert redactor.found_in(shown) == ()


EDITS = (Edit(start=2, end=5, replacement=b"X"), Edit(start=7, end=9, replacement=b""))


def test_edits_are_applied_in_place():
    assert apply_edits(b"0123456789", EDITS) == b"01X569"
