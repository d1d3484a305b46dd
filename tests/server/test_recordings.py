"""Which recordings a folder holds, and which of them a request gets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from server.recorded import asked, recorded

from glmbench.cassettes.reframe import parse_reframe
from glmbench.cassettes.store import save
from glmbench.errors import CassetteDamagedError, UsageError
from glmbench.server.recordings import Recording, Shelf, edited, load_recordings, local
from glmbench.suites.faults import parse_fault


def names(recordings):
    return [recording.name for recording in recordings]


def shelf_of(*requests):
    return Shelf(
        Recording(name=str(number), shape=local(request), interaction=recorded(request=request))
        for number, request in enumerate(requests, start=1)
    )


def found(shelf, request):
    recording = shelf.find(local(request))
    return recording and recording.name


def test_a_folder_is_searched_to_its_depth_in_the_order_of_the_names(tmp_path):
    save(tmp_path / "b.yaml", [recorded()])
    save(tmp_path / "a" / "c.yml", [recorded(seq=1), recorded(seq=2)])
    (tmp_path / "a" / "notes.txt").write_text("no cassette")
    assert names(load_recordings(tmp_path)) == ["a/c.yml#1", "a/c.yml#2", "b.yaml#1"]


def test_one_file_is_taken_whatever_its_name(tmp_path):
    save(tmp_path / "tape", [recorded()])
    assert names(load_recordings(tmp_path / "tape")) == ["tape#1"]


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match=rf"^there is no {tmp_path}/none$"):
        load_recordings(tmp_path / "none")
    with pytest.raises(UsageError, match=rf"^there is no cassette \(\*\.yaml\) in {tmp_path}$"):
        load_recordings(tmp_path)


def test_every_damaged_file_is_named(tmp_path):
    save(tmp_path / "good.yaml", [recorded()])
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("version: 1\ninteractions: []\n")
    with pytest.raises(CassetteDamagedError) as refused:
        load_recordings(tmp_path)
    assert [line.partition(" is damaged: ")[0] for line in str(refused.value).splitlines()] == [
        str(tmp_path / "a.yaml"),
        str(tmp_path / "b.yaml"),
    ]


@pytest.mark.parametrize(
    "request_",
    [
        asked(b'{"q":1}'),
        asked(url="http://127.0.0.1:8080/v1/stream?a=1&b=2"),
        asked(url="https://chat.example:443/v1/stream?b=2&a=1#part"),
    ],
)
def test_host_order_and_blanks_do_not_count(request_):
    assert found(shelf_of(asked()), request_) == "1"


@pytest.mark.parametrize(
    "request_",
    [
        asked(b'{"q": 2}'),
        asked(method="PUT"),
        asked(url="https://chat.example/v1/stream?b=2"),
        asked(url="https://chat.example/v2/stream?b=2&a=1"),
    ],
)
def test_method_path_query_and_body_count(request_):
    assert found(shelf_of(asked()), request_) is None


def test_secrets_in_the_query_and_the_body_do_not_count():
    url = "https://chat.example/v1?key="
    shelf = shelf_of(asked(b'{"access_token":"[redacted]"}', url=url + "[redacted]"))
    assert found(shelf, asked(b'{"access_token": "mine"}', url=url + "mine")) == "1"


def test_a_path_in_another_spelling_is_the_same():
    shelf = shelf_of(asked(url="https://chat.example/%e4%bd%a0//x?q=a%20b"))
    assert found(shelf, asked(url="http://127.0.0.1/你//x?q=a%20b")) == "1"


def test_a_form_is_compared_by_its_fields():
    form = "application/x-www-form-urlencoded"
    assert found(shelf_of(asked(b"a=1&b=2", kind=form)), asked(b"b=2&a=1", kind=form)) == "1"


def test_equal_requests_take_turns_and_others_keep_theirs():
    shelf = shelf_of(asked(), asked(b"[]"), asked(), asked())
    turns = [found(shelf, asked()) for _ in range(2)]
    turns.append(found(shelf, asked(b"[]")))
    turns += [found(shelf, asked()) for _ in range(3)]
    assert turns == ["1", "3", "2", "4", "1", "3"]
    assert len(shelf) == 4


def test_a_miss_names_the_recording_with_the_fewest_differences():
    shelf = shelf_of(asked(b'{"a":1,"b":1}'), asked(b'{"a":2,"b":2}'))
    assert shelf.explain_miss(local(asked(b'{"a":2,"b":3}'))) == (
        "POST /v1/stream?a=1&b=2 is recorded with other requests only. The nearest is 2: "
        "$.b: recorded 2, sent 3."
    )


def test_a_miss_by_content_type_alone_says_so():
    shelf = shelf_of(asked(b'{"a":1}'))
    sent = asked(b'{"a":1}', kind="application/x-www-form-urlencoded")
    assert shelf.explain_miss(local(sent)) == (
        "POST /v1/stream?a=1&b=2 is recorded with other requests only. The nearest is 1: "
        "the bodies are equal, but not what Content-Type says they are: recorded "
        "application/json, sent application/x-www-form-urlencoded."
    )


def test_a_miss_of_another_place_names_the_nearest_one():
    shelf = shelf_of(asked(url="https://h/other"), asked(url="https://h/v1/stream"))
    assert shelf.explain_miss(local(asked(url="https://h/v1/streams"))) == (
        "POST /v1/streams is not recorded. The nearest is POST /v1/stream, 2."
    )


def test_an_edit_that_fits_only_some_is_kept_from_the_others(tmp_path):
    save(tmp_path / "c.yaml", [recorded(b"a", b"b"), recorded(b"a", seq=2)])
    first, second = edited(load_recordings(tmp_path), None, parse_fault("{cut_after: 2}"))
    assert (first.interaction.track.end.kind, first.misfit) == ("reset", None)
    assert second.misfit == ("{cut_after: 2, kind: reset} cannot be put: the recording has 1 chunk")


def test_an_edit_that_fits_none_is_refused(tmp_path):
    recording = Recording(
        name="c#1", shape=local(asked()), interaction=replace(recorded(b"a"), track=None)
    )
    message = r"^c#1: the framing byte needs a stream track, and the recording has none$"
    with pytest.raises(UsageError, match=message):
        edited((recording,), parse_reframe("byte"), None)
