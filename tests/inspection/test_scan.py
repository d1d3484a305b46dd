"""Credentials are found wherever a cassette keeps them, and taken out of all those places."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspection.leaking import FORM, JSON, KEY, RANDOM, SSE, events, make, request
from tokens import TOKENS

from glmbench.cassettes import track as tracks
from glmbench.cassettes.store import load, save
from glmbench.inspection.scan import (
    fixed,
    scan_cassette,
    scan_interaction,
    scan_interactions,
    scan_text,
)


def places(interaction, allow=()):
    return [leak.where for leak in scan_interaction(interaction, allow=allow)]


FOUND = [
    (make(request=request(url=f"https://h/p?q=1&note={KEY}")), "url query note"),
    (make(request=request(url=f"https://h/p?session={RANDOM}")), "url query session"),
    (make(request=request(url=f"https://h/{KEY}/p")), "url"),
    (make(request=request(headers=(("X-Token", RANDOM),))), "request header X-Token"),
    (make(request=request(body=b'{"a": [{"secret": "%s"}]}' % RANDOM.encode())),
     "request body $.a[0].secret"),
    (make(request=request(body=b"x=1&secret=" + RANDOM.encode(), headers=FORM)),
     "request body field secret"),
    (make(request=request(body=b"--b\r\n\r\n%s\r\n--b--" % KEY.encode())), "request body"),
    (replace(make(), reason=KEY), "reason phrase"),
    (make(headers=(("X-Debug", f"used {KEY}"),)), "response header X-Debug"),
    (make(b'{"text": "%s"}' % KEY.encode(), JSON), "response body $.text"),
    (make(b'{"cut": "%s' % KEY.encode(), JSON), "response body $.cut"),
    (make(events("hello", f"it is {KEY}", " bye")), "response body, event 2, $.delta.content"),
    (make(b"data: %s\n\n" % KEY.encode()), "response body, event 1"),
    (make(b": %s\n\ndata: {}\n\n" % KEY.encode()), "response body"),
    (make(events("it is sk", KEY[2:9], KEY[9:20], KEY[20:], " yes")),
     "response body, events 1 to 4, $.delta.content"),
    (make(events("it", "it is", f"it is {KEY[:30]}", f"it is {KEY}", f"it is {KEY}!")),
     "response body, event 5, $.delta.content"),
]  # fmt: skip


@pytest.mark.parametrize(("interaction", "where"), FOUND, ids=[where for _, where in FOUND])
def test_a_credential_is_found_once_and_its_place_is_named(interaction, where):
    assert places(interaction) == [where]


@pytest.mark.parametrize(("interaction", "where"), FOUND, ids=[where for _, where in FOUND])
def test_what_was_found_is_replaced_and_the_track_still_fits(interaction, where):
    (clean,) = fixed([interaction], scan_interaction(interaction))
    assert places(clean) == []
    assert RANDOM[:12] not in repr(clean)
    assert "[redacted]" in repr(clean)
    assert tracks.decode(tracks.encode(clean.track, clean.body), clean.body) == clean.track


@pytest.mark.parametrize(("interaction", "where"), FOUND, ids=[where for _, where in FOUND])
def test_what_is_allowed_is_not_found(interaction, where):
    assert places(interaction, allow=[f"it is {KEY}"]) == []


def nested(text: str) -> str:
    return json.dumps({"b": json.dumps([text])})


def deltas(text: str, size: int) -> bytes:
    return events(*(text[at : at + size] for at in range(0, len(text), size)))


def snapshots(text: str, size: int) -> bytes:
    return events(*(text[:at] for at in range(size, len(text) + size, size)))


WAYS = {
    "a query": lambda text: make(request=request(url=f"https://h/p?note={quote(text, safe='')}")),
    "a form": lambda text: make(
        request=request(body=b"a=" + quote(text, safe="").encode(), headers=FORM)
    ),
    "JSON": lambda text: make(json.dumps({"a": text}).encode(), JSON),
    "JSON in JSON in JSON": lambda text: make(json.dumps({"a": nested(text)}).encode(), JSON),
    "JSON that escapes all": lambda text: make(
        b'{"a": "%s"}' % "".join(f"\\u{ord(char):04X}" for char in text).encode(), JSON
    ),
    "plain text": lambda text: make(f"see {text} ok".encode(), ()),
    "single characters": lambda text: make(deltas(f"see {text} ok", 1)),
    "deltas": lambda text: make(deltas(f"see {text} ok", 17)),
    "deltas of JSON": lambda text: make(deltas(nested(text), 4)),
    "snapshots": lambda text: make(snapshots(f"see {text} ok", 25)),
}


@pytest.mark.parametrize(("kind", "token"), TOKENS)
@pytest.mark.parametrize("way", WAYS)
def test_every_kind_of_token_is_found_once_and_taken_out(kind, token, way):
    interaction = WAYS[way](token)
    found = scan_interaction(interaction)
    assert [leak.suspicion.kind for leak in found] == [kind]
    (clean,) = fixed([interaction], found)
    assert places(clean) == []
    assert tracks.decode(tracks.encode(clean.track, clean.body), clean.body) == clean.track


def test_nothing_of_the_credential_can_be_printed():
    (leak,) = scan_interaction(FOUND[0][0])
    assert str(leak) == "url query note: looks like an OpenAI-style key (sk-f…, 35 characters)"
    assert RANDOM[:4] not in repr(leak)


def test_two_credentials_side_by_side_are_found_as_two():
    other = "sk-" + RANDOM[::-1]
    found = scan_interaction(make(events(KEY, other)))
    assert [leak.text for leak in found] == [KEY, other]


def test_what_is_redacted_already_is_fine():
    redacted = request(
        url="https://h/p?token=[redacted]",
        headers=(("Authorization", "[redacted]"), ("Cookie", "sid=[redacted]; b=[redacted]")),
        body=b'{"api_key": "[secret:CHATGLM_API_KEY]", "refresh_token": "[redacted]"}',
    )
    headers = (*SSE, ("Set-Cookie", "sid=[redacted]; Path=/; HttpOnly"))
    assert places(make(events("you have 12 tokens", "[redacted]"), headers, request=redacted)) == []


def test_interactions_are_numbered_from_one():
    found = scan_interactions([make(), FOUND[0][0]])
    assert [leak.where for leak in found] == ["interaction 2, url query note"]


def test_a_cassette_is_searched_from_its_file(tmp_path):
    save(tmp_path / "c.yaml", [make(events(KEY))])
    found = scan_cassette(tmp_path / "c.yaml")
    assert [leak.where for leak in found] == [
        "interaction 1, response body, event 1, $.delta.content"
    ]
    assert scan_cassette(tmp_path / "c.yaml", [KEY]) == []


def test_a_fixed_cassette_can_be_saved_and_loaded(tmp_path):
    before = make(events("it is ", KEY[:9], KEY[9:], " yes"))
    after = fixed([before], scan_interaction(before))
    save(tmp_path / "c.yaml", after)
    assert load(tmp_path / "c.yaml") == after
    assert after[0].body == events("it is ", "[redacted]", "", " yes")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (json.dumps({"trials": [{"text": KEY}]}, indent=2), "r $.trials[0].text"),
        (json.dumps({"token": RANDOM}), "r $.token"),
        ('{"a": 1}\n' + json.dumps({"token": RANDOM}) + "\n", "r, line 2 $.token"),
        (f"export OPENAI_API_KEY={KEY}\n", "r"),
    ],
)
def test_results_journals_and_plain_text_are_searched(text, where):
    assert [leak.where for leak in scan_text("r", text)] == [where]
    assert scan_text("r", text, [KEY]) == []


CUTS = st.sets(st.integers(min_value=1, max_value=len(KEY) + 5))


@given(cuts=CUTS, snapshots=st.booleans())
def test_however_an_answer_is_cut_its_credential_is_found_and_taken_out(cuts, snapshots):
    text = f"it: {KEY} ok"
    edges = [0, *sorted(cuts), len(text)]
    pieces = [text[0 if snapshots else a : b] for a, b in pairwise(edges)]
    body = events(*pieces)
    interaction = make(body, sizes=[len(body) // 2, len(body) - len(body) // 2])
    found = scan_interaction(interaction)
    assert [leak.text for leak in found] == [KEY]
    (clean,) = fixed([interaction], found)
    assert places(clean) == []
    assert tracks.decode(tracks.encode(clean.track, clean.body), clean.body) == clean.track


@pytest.mark.parametrize(
    "text",
    ['{"note": "\\ud83d", "token": "TOKEN"}', '{"token": "TOKEN", "cut": "o', '{"token": "TOKEN'],
)
def test_broken_json_is_searched_by_its_fields_too(text):
    (leak,) = scan_text("text", text.replace("TOKEN", "aB3dE5fG7hJ9kL1mN3pQ5"))
    assert leak.where == "text $.token"
