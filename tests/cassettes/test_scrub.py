"""A scrubbed interaction holds no secret, and its track fits the body that is left."""

from __future__ import annotations

import json

import pytest
from cassettes.test_track import make_track
from hypothesis import given
from hypothesis import strategies as st

from glmbench.cassettes.interaction import Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.plan import plan_response
from glmbench.cassettes.scrub import remaining, scrub, scrub_request
from glmbench.cassettes.track import Chunk, End, decode, encode
from glmbench.redaction.redactor import Redactor, Secret

SECRET = "sk-1234/5678+9"
REDACTOR = Redactor([Secret(name="KEY", value=SECRET)])
STREAM = ("Content-Type", "text/event-stream")


def frame(text):
    return b"data: " + json.dumps({"text": text}).encode() + b"\n\n"


def request(**changes):
    usual = {"method": "POST", "url": "https://h/p", "headers": (), "body": b"{}"}
    return RequestShape(**{**usual, **changes})


def interaction(*pieces, headers=(STREAM,), **changes):
    chunks = tuple(Chunk(at_us=200000 + n, size=len(piece)) for n, piece in enumerate(pieces))
    track = make_track(chunks=chunks, **{"dropped": (), **changes})
    return Interaction(
        request=request(),
        status=200,
        reason="OK",
        headers=headers,
        body=b"".join(pieces),
        track=track,
    )


def sizes(cleaned):
    return [(chunk.at_us - 200000, chunk.size) for chunk in cleaned.track.chunks]


def test_a_secret_in_pieces_is_taken_out_and_the_chunks_keep_their_instants():
    pieces = [frame("it is sk-12"), frame("34/5678"), frame("+9.")]
    clean = scrub(interaction(*pieces), REDACTOR)
    assert clean.body == frame("it is [secret:KEY]") + frame("") + frame(".")
    assert sizes(clean) == [(0, len(frame("it is [secret:KEY]"))), (1, 20), (2, 21)]
    assert decode(encode(clean.track, clean.body), clean.body) == clean.track
    assert remaining(clean, REDACTOR) == ()


def test_a_chunk_edge_inside_a_secret_stays_inside_its_placeholder():
    body = frame(f"it is {SECRET}.")
    edge = body.index(b"1234") + 2
    clean = scrub(interaction(body[:edge], body[edge:]), REDACTOR)
    start = clean.body.index(b"[secret:KEY]")
    assert clean.body == frame("it is [secret:KEY].")
    assert sizes(clean) == [(0, start + 4), (1, len(clean.body) - start - 4)]


def test_everything_of_an_interaction_is_scrubbed():
    before = interaction(
        b"ok",
        headers=(("X-Echo", SECRET), ("Set-Cookie", "a=1; Path=/")),
        dropped=(("X-Dropped", SECRET),),
    )
    before = Interaction(
        request=request(
            url="https://h/p?api_key=x&q=sk-1234%2F5678%2B9",
            headers=(("Authorization", f"Bearer {SECRET}"), ("Content-Length", "25")),
            body=b'{"q": ["sk-1234/5678+9"]}',
        ),
        status=200,
        reason=f"OK {SECRET}",
        headers=before.headers,
        body=before.body,
        track=before.track,
    )
    assert remaining(before, REDACTOR) == ("KEY",)
    clean = scrub(before, REDACTOR)
    assert clean.request == request(
        url="https://h/p?api_key=[redacted]&q=[secret:KEY]",
        headers=(("Authorization", "[redacted]"), ("Content-Length", "23")),
        body=b'{"q": ["[secret:KEY]"]}',
    )
    assert clean.reason == "OK [secret:KEY]"
    assert clean.headers == (("X-Echo", "[secret:KEY]"), ("Set-Cookie", "a=[redacted]; Path=/"))
    assert clean.track.dropped == (("X-Dropped", "[secret:KEY]"),)
    assert remaining(clean, REDACTOR) == ()


def test_a_length_that_no_longer_fits_is_dropped_and_replay_announces_the_new_one():
    body = f'{{"a": "{SECRET}"}}'.encode()
    length = ("Content-Length", str(len(body)))
    clean = scrub(interaction(body, headers=(length,), framing="length"), REDACTOR)
    assert clean.headers == ()
    assert clean.track.dropped == (length,)
    plan = plan_response(
        clean.track, status=200, reason="OK", headers=clean.headers, body=clean.body, method="GET"
    )
    assert b"Content-Length: 21\r\n" in plan.deliveries[0].data


@pytest.mark.parametrize("announced", [40, 24])
def test_a_body_short_of_its_length_stays_short_of_it(announced):
    body = f'{{"a": "{SECRET}"'.encode()
    before = interaction(
        body,
        framing="length",
        dropped=(("Content-Length", str(announced)),),
        end=End(kind="truncated", at_us=593000),
    )
    clean = scrub(before, REDACTOR)
    plan = plan_response(
        clean.track, status=200, reason="OK", headers=clean.headers, body=clean.body, method="GET"
    )
    assert b"Content-Length: %d\r\n" % announced in plan.deliveries[0].data
    assert len(clean.body) == 20


def test_a_length_that_still_fits_stays():
    same = Redactor([Secret(name="KEY", value="twelve-chars")])
    before = interaction(b'{"a": "twelve-chars"}', headers=(("Content-Length", "21"),))
    clean = scrub(before, same)
    assert clean.body == b'{"a": "[secret:KEY]"}'
    assert clean.headers == before.headers
    assert clean.track == before.track


def test_what_stock_vcrpy_recorded_announces_its_new_length():
    body = f'{{"a": "{SECRET}"}}'.encode()
    stock = Interaction(
        request=request(),
        status=200,
        reason="OK",
        headers=(("content-length", str(len(body))),),
        body=body,
        track=None,
    )
    assert scrub(stock, REDACTOR).headers == (("content-length", "21"),)


@pytest.mark.parametrize(
    ("kind", "sent", "replayed"),
    [
        ("application/json", '{"k": "sk-1234/5678+9"}', '{"k": "[secret:KEY]"}'),
        ("application/json", '{"api_key": "sk-1234/5678+9"}', '{"api_key": "[secret:KEY]"}'),
        ("application/json", '{"password": "x"}', '{"password": "y"}'),
        (
            "application/x-www-form-urlencoded",
            "api_key=sk-1234%2F5678%2B9&q=sk-1234%2F5678%2B9",
            "api_key=%5Bsecret%3AKEY%5D&q=%5Bsecret%3AKEY%5D",
        ),
    ],
)
def test_a_request_made_with_a_placeholder_matches_the_one_made_with_the_secret(
    kind, sent, replayed
):
    headers = (("Content-Type", kind),)
    recorded = scrub_request(request(headers=headers, body=sent.encode()), REDACTOR)
    asked = scrub_request(request(headers=headers, body=replayed.encode()), REDACTOR)
    assert recorded == asked
    assert recorded.fingerprint() == asked.fingerprint()
    assert scrub_request(recorded, REDACTOR) == recorded


def test_what_is_left_is_named():
    assert remaining(interaction(frame("sk-1234"), frame("/5678+9")), REDACTOR) == ("KEY",)
    assert remaining(interaction(b"", headers=(("X", SECRET),)), REDACTOR) == ("KEY",)
    assert remaining(interaction(b"", dropped=(("X", SECRET),)), REDACTOR) == ("KEY",)


@given(
    st.text('ab9-_/"\\% é你😀', min_size=8, max_size=12).filter(
        lambda text: len({*text}) > 4 and text == text.strip().strip('"')
    ),
    st.text("xyz ,好", max_size=6),
    st.data(),
)
def test_however_a_stream_is_cut_it_is_scrubbed_and_its_track_fits(secret, around, data):
    text = around + secret + around
    cuts = st.lists(st.integers(0, len(text)), max_size=4)
    edges = sorted(data.draw(cuts))
    values = [text[a:b] for a, b in zip([0, *edges], [*edges, len(text)], strict=True)]
    body = b"".join(map(frame, values))
    edges = sorted(data.draw(st.sets(st.integers(1, len(body) - 1), max_size=9)))
    pieces = [body[a:b] for a, b in zip([0, *edges], [*edges, len(body)], strict=True)]
    redactor = Redactor([Secret(name="S", value=secret)])
    clean = scrub(interaction(*pieces), redactor)
    read = [json.loads(line[6:])["text"] for line in clean.body.decode().split("\n\n")[:-1]]
    assert "".join(read) == f"{around}[secret:S]{around}"
    assert decode(encode(clean.track, clean.body), clean.body) == clean.track
    assert scrub(clean, redactor) == clean
    assert remaining(clean, redactor) == ()
    other = Redactor([Secret(name="S", value="another secret")])
    assert scrub(interaction(*pieces), other) == interaction(*pieces)
