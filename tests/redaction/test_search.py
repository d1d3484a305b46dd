"""Known secrets are found in every spelling and in pieces, and nothing else is."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.redaction.search import Cut, SecretSearch, merged

SECRET = 'k-12/34"56\\78 é你😀+'
SEARCH = SecretSearch([("[secret:KEY]", SECRET)], untouchable=["[redacted]"])
PLAIN = SecretSearch([("[secret:A]", "abcdefgh12")], untouchable=["[redacted]"])


def replaced(data, cuts):
    for cut in reversed(cuts):
        data = data[: cut.start] + cut.replacement + data[cut.end :]
    return data


def every_character(text):
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02X}{units[i + 1]:02x}" for i in range(0, len(units), 2))


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),
        json.dumps(json.dumps(SECRET))[3:-3],
        json.dumps(json.dumps({"a": [SECRET]}))[12:-5],
        every_character(SECRET),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        quote(quote(SECRET, safe=""), safe=""),
        json.dumps(quote_plus(SECRET))[1:-1],
        "".join(f"%{byte:02x}" for byte in SECRET.encode()),
    ],
)
def test_a_secret_is_found_in_every_spelling(spelled):
    data = f"before, {spelled}, after".encode()
    after = replaced(data, SEARCH.cuts(data))
    assert after == b"before, [secret:KEY], after"
    assert SEARCH.cuts(after) == []
    assert SEARCH.placeholders_of(data) == {b"[secret:KEY]"}
    assert SEARCH.placeholders_of(after) == set()


@pytest.mark.parametrize(
    "spelled", [quote("[secret:KEY]"), quote("[secret:KEY]", safe=":"), "\\u005bsecret:KEY\\u005d"]
)
def test_a_placeholder_that_a_client_escaped_reads_as_itself(spelled):
    data = f"?key={spelled}".encode()
    assert replaced(data, SEARCH.cuts(data)) == b"?key=[secret:KEY]"
    assert SEARCH.placeholders_of(data) == set()


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("abcdefgh12abcdefgh12", "[secret:A][secret:A]"),
        ("abcdefgh1 2", "abcdefgh1 2"),
        ("ABCDEFGH12", "ABCDEFGH12"),
        ("[secret:A]", "[secret:A]"),
    ],
)
def test_only_the_whole_value_counts(text, after):
    data = text.encode()
    assert replaced(data, PLAIN.cuts(data)).decode() == after


@pytest.mark.parametrize(
    ("value", "text", "after"),
    [
        ("abc defgh", "q=abc+defgh", "q=[secret:A]"),
        ("abc+defgh", "q=abc+defgh", "q=[secret:A]"),
        ("abc+defgh", "q=abc%2bdefgh", "q=[secret:A]"),
        ("abc+defgh", "q=abc defgh+%20", "q=abc defgh+%20"),
        ("abc d+fgh", "q=abc+d+fgh", "q=[secret:A]"),
        ("abc d+fgh", "q=abc+d fgh", "q=abc+d fgh"),
    ],
)
def test_a_plus_may_be_a_blank_and_no_blank_is_a_plus(value, text, after):
    data = text.encode()
    assert replaced(data, search(value).cuts(data)).decode() == after


@pytest.mark.parametrize(
    ("end", "after"),
    [("abcdefgh1", "[secret:A]"), ("abcdefgh", "[secret:A]"), ("abcdefg", "abcdefg")],
)
def test_most_of_a_secret_counts_where_the_text_was_cut_off(end, after):
    data = f"text {end}".encode()
    assert replaced(data, PLAIN.cuts(data, unfinished=True)).decode() == f"text {after}"
    assert PLAIN.cuts(data) == []


@pytest.mark.parametrize(("length", "counts"), [(15, False), (16, True), (40, True)])
def test_of_a_long_secret_what_is_no_word_any_more_counts(length, counts):
    value = "0123456789abcdef" * 4
    cuts = search(value).cuts(value[:length].encode(), unfinished=True)
    assert [cut.end for cut in cuts] == [length] * counts


def search(*values):
    pairs = [(f"[secret:{chr(65 + i)}]", value) for i, value in enumerate(values)]
    return SecretSearch(pairs, untouchable=["[redacted]"])


@pytest.mark.parametrize(
    ("values", "text", "after"),
    [
        (("abcdefgh", "abcdefgh-long"), "abcdefgh-long", "[secret:B]"),
        (("abcdefgh", "xx-abcdefgh-x"), "xx-abcdefgh-x", "[secret:B]"),
        (("abcdefgh", "efghijklmn"), "abcdefghijklmn", "[secret:B]"),
        (("abababab",), "ababababab", "[secret:A]"),
        (("secret:A",), "secret:A", "[secret:A]"),
        (("[secret:",), "[secret:", "[secret:A]"),
        (("]abcdefg", "abcdefgh"), "abcdefgh]abcdefg", "[secret:B][secret:A]"),
        (("redacted",), "[redacted]", "[redacted]"),
    ],
)
def test_of_secrets_that_overlap_nothing_is_left(values, text, after):
    searching = search(*values)
    data = replaced(text.encode(), searching.cuts(text.encode()))
    assert data.decode() == after
    assert searching.cuts(data) == []


def in_sequence(values, searching=PLAIN):
    data = [value.encode() for value in values]
    cuts = searching.sequence_cuts(data)
    return [
        replaced(value, merged(cut for at, cut in cuts if at == index)).decode()
        for index, value in enumerate(data)
    ]


@pytest.mark.parametrize(
    ("values", "after"),
    [
        (["it is ab", "cdefgh", "12."], ["it is [secret:A]", "", "."]),
        (["it is ab", "", "cdefgh12", " ok"], ["it is [secret:A]", "", "", " ok"]),
        ([*"abcdefgh12"], ["[secret:A]", *[""] * 9]),
        (["abcdefgh12", "abcd", "efgh12"], ["[secret:A]", "[secret:A]", ""]),
        (["abcd", "no", "efgh12"], ["abcd", "no", "efgh12"]),
        (["a", "abc", "abcdefgh1", "abcdefgh12", "abcdefgh12."],
         ["", "", "", "[secret:A]", "[secret:A]."]),
        (["x", "x ab", "", "x abcdefgh12 a", "x abcdefgh12 ab"],
         ["x", "x ", "", "x [secret:A] a", "x [secret:A] ab"]),
        (["x abcdefgh12.", "x abcd"], ["x [secret:A].", "x "]),
        (["text abcdef", "gh1"], ["text [secret:A]", ""]),
        (["text ab", "text abcdefgh1"], ["text ", "text [secret:A]"]),
        (["abcdefgh1", "2abcdefgh12"], ["[secret:A]", "[secret:A]"]),
        (["ab", "cd", "ab", "abcd"], ["ab", "cd", "ab", "abcd"]),
    ],
)  # fmt: skip
def test_a_secret_in_pieces_or_in_a_growing_text_is_found(values, after):
    assert in_sequence(values) == after
    assert in_sequence(after) == after


def test_growing_texts_that_look_like_a_secret_where_they_meet_still_grow():
    values = ["9abcdefg", "9abcdefg9", "9abcdefg9."]
    assert in_sequence(values, search("9abcdefg9")) == ["[secret:A]", "[secret:A]", "[secret:A]."]


def test_an_escape_may_lie_across_pieces():
    searching = search("ab/cdefgh")
    assert in_sequence(['{"a": "ab\\', "/cdef", 'gh"}'], searching) == [
        '{"a": "[secret:A]',
        "",
        '"}',
    ]


@given(st.lists(st.text("abc", max_size=4)))
def test_values_without_a_secret_stay(values):
    assert PLAIN.sequence_cuts([value.encode() for value in values]) == []


def test_overlapping_cuts_become_one_and_the_longer_says_what_stands_there():
    cuts = [Cut(5, 9, b"long"), Cut(0, 2, b"a"), Cut(8, 10, b"b"), Cut(2, 3, b""), Cut(2, 4, b"c")]
    assert merged(cuts) == [Cut(0, 2, b"a"), Cut(2, 4, b"c"), Cut(5, 10, b"long")]
