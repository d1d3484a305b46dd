"""Stock vcrpy plays every cassette that ships, to aiohttp and to httpx, and keeps its track."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import httpx
import pytest
import vcr
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import yamlserializer

from glmbench.cassettes.store import load

FOLDER = Path(__file__).parents[2] / "cassettes"
SHIPPED = sorted(FOLDER.rglob("*.yaml"))


@pytest.fixture(params=SHIPPED, ids=lambda path: path.relative_to(FOLDER).as_posix())
def cassette(request):
    return request.param


def stock(path):
    return vcr.use_cassette(str(path), record_mode="none", match_on=["method", "uri", "body"])


def asked(interaction):
    """The recorded request as somebody makes it again."""
    request = interaction.request
    kept = {n: v for n, v in request.headers if n.lower() in {"content-type", "accept"}}
    return request.method, request.url, request.body, kept


def test_there_are_cassettes_of_every_suite():
    assert {path.parent.name for path in SHIPPED} == {
        path.stem for path in (FOLDER.parent / "prompts").glob("*.yaml")
    }


async def test_aiohttp_under_stock_vcrpy_gets_the_recorded_bodies(cassette):
    with stock(cassette):
        async with aiohttp.ClientSession() as session:
            for interaction in load(cassette):
                method, url, body, headers = asked(interaction)
                async with session.request(method, url, data=body, headers=headers) as response:
                    got = response.status, await response.read()
                assert got == (interaction.status, interaction.body)


def test_httpx_under_stock_vcrpy_gets_the_recorded_bodies(cassette):
    with stock(cassette), httpx.Client() as client:
        for interaction in load(cassette):
            method, url, body, headers = asked(interaction)
            response = client.request(method, url, content=body, headers=headers)
            got = response.status_code, response.content
            assert got == (interaction.status, interaction.body)


def test_a_file_that_stock_vcrpy_saved_again_is_the_same_recording(cassette, tmp_path):
    requests, responses = FilesystemPersister.load_cassette(str(cassette), yamlserializer)
    again = tmp_path / cassette.name
    FilesystemPersister.save_cassette(
        str(again), {"requests": requests, "responses": responses}, yamlserializer
    )
    before, after = load(cassette), load(again)
    assert [(i.body, i.track, i.status) for i in after] == [
        (i.body, i.track, i.status) for i in before
    ]
    assert [i.request.fingerprint() for i in after] == [i.request.fingerprint() for i in before]
    assert all(interaction.track.origin == "emulator" for interaction in after)
