"""What is written looks as libyaml would write it, comes back as it was, and is read in bounds."""

from __future__ import annotations

import io
import tracemalloc

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glmbench.cassettes import yamltext
from glmbench.cassettes.yamltext import Body, YamlTextError, read, write

OTHER_LINE_ENDS = ("\r", "\x85", "\u2028", "\u2029")


def document(body, **more):
    response = {"status": {"code": 200}, "body": {"string": body}, "after": "x"}
    return {"version": 1, "interactions": [{"response": {**response, **more}}]}


def written(data, **how) -> bytes:
    file = io.BytesIO()
    assert write(file, document(Body(data)), **how) is True
    return file.getvalue()


class Plain(yaml.CSafeDumper):
    """Writes text of several lines as libyaml does by itself."""


def _as_block(dumper, text):
    literal = "\n" in text and not any(end in text for end in OTHER_LINE_ENDS)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if literal else None)


Plain.add_representer(str, _as_block)


def as_libyaml_writes(data: bytes) -> bytes:
    try:
        body = data.decode()
    except UnicodeDecodeError:
        body = data
    settings = {"allow_unicode": True, "sort_keys": False, "width": 100, "encoding": "utf-8"}
    return yaml.dump(document(body), Dumper=Plain, explicit_end=True, **settings)


LINES = st.text(alphabet="\n\n ab:#'-\t你\u2028\x85\ufeff🎉\r\x00", max_size=40)


@settings(max_examples=300, deadline=None)
@given(LINES.map(str.encode) | st.binary(max_size=300))
@example(b"data: x\n\n")
@example(b"data: x\n")
@example(b"data: x\n\n\n\n        y\n")
@example(b"a\n \nb")
@example(b"a \n")
@example(b"\n")
@example(b"a\n ")
@example(b"---\n...\n")
@example("\ufffe\n".encode())
@example(bytes(range(256)) * 3)
def test_a_body_is_written_as_libyaml_writes_it_and_comes_back(data):
    text = written(data)
    assert text == as_libyaml_writes(data)
    body = read(io.BytesIO(text))["interactions"][0]["response"]["body"]["string"]
    assert (body if isinstance(body, bytes) else body.encode()) == data


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 57 * 4096 - 1, 57 * 4096, 57 * 4096 + 1])
def test_bytes_of_every_length_are_written_as_libyaml_writes_them(size):
    data = b"\xff" * size
    assert written(data) == as_libyaml_writes(data)


def test_text_that_looks_like_an_end_of_the_block_stays_in_it():
    data = b"data: x\ninteractions:\n- request:\n    method: GET\n\n"
    assert read(io.BytesIO(written(data)))["interactions"][0]["response"]["body"] == {
        "string": data.decode()
    }


def test_without_blocks_text_is_quoted():
    assert b"string: 'data: x\n\n\n        '\n" in written(b"data: x\n\n", blocks=False)


def test_several_bodies_each_come_to_their_place():
    bodies = [b"first\n", b"\xff\xfe", b"quoted \n", b"last\n\n"]
    interactions = [{"response": {"body": {"string": Body(body)}}} for body in bodies]
    file = io.BytesIO()
    assert write(file, {"interactions": interactions}) is True
    found = [each["response"]["body"]["string"] for each in read(file_again(file))["interactions"]]
    assert found == ["first\n", b"\xff\xfe", "quoted \n", "last\n\n"]


def file_again(file):
    return io.BytesIO(file.getvalue())


class Losing(io.BytesIO):
    """A file that does not keep what it was given."""

    def writelines(self, lines):
        super().writelines(line.replace(b"x", b"y") for line in lines)


def test_what_does_not_come_back_as_it_was_is_noticed():
    assert write(Losing(), document(Body(b"data: x\n\n"))) is False


def test_a_long_body_of_short_lines_is_no_block_of_mostly_indentation():
    data = b"a\n" * (1 << 20)
    assert len(written(data)) < 2 * len(data)


# --- reading --------------------------------------------------------------------------------

BOMB = "\n".join(
    ["a0: &a0 {x: 1, y: 2}"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
)

HOSTILE = {
    "nothing": (b"", "it is empty"),
    "blanks": (b" \n\n", "it is empty"),
    "UTF-16": ("a: 1".encode("utf-16"), "it is not UTF-8 at byte 0"),
    "bytes of no text": (b"a: \xff\n", "it is not UTF-8 at byte 3"),
    "a cut character": (b"a: \xe4\xbd", "it is not UTF-8 at byte 3"),
    "a control character": (b"a: \x01\n", "it is not YAML: control characters are not allowed"),
    "100,000 brackets": (b"[" * 100_000, "it is nested more than 100 deep"),
    "100,000 braces": (b"{" * 100_000, "it is nested more than 100 deep"),
    "100,000 list items": (b"- " * 100_000, "it is nested more than 100 deep"),
    "100,000 complex keys": (b"? " * 100_000, "it is nested more than 100 deep"),
    "nested and closed": (b"[" * 101 + b"]" * 101, "it is nested more than 100 deep"),
    "an alias bomb": (BOMB.encode(), "its aliases repeat more than a cassette ever would"),
    "a bomb of merges": (
        b"a: &a {x: 1}\nb: {<<: *a}\n",
        "the key '<<' at line 2 is there twice, or merged",
    ),
    "a list that holds itself": (b"&a [*a]\n", "one of its aliases refers to itself"),
    "a key twice": (b"a: 1\nb: 2\na: 3\n", "the key 'a' at line 3 is there twice, or merged"),
    "another program's tag": (
        b"a: !!python/object/apply:os.getcwd []\n",
        "it is not YAML: could not determine a constructor",
    ),
    "a tag of a tool": (b"a: !vault x\n", "it is not YAML: could not determine a constructor"),
    "a number that is none": (b'a: !!int ""\n', "it is not YAML: string index out of range"),
    "a number too long": (b"a: " + b"9" * 5000, "it is not YAML: Exceeds the limit"),
    "a day that is none": (b"a: 2026-99-99\n", "it is not YAML: month must be in 1..12"),
    "a date that is none": (b"a: !!timestamp x\n", "it is not YAML: 'NoneType' object has no"),
    "a key that is a list": (b"? [1]\n: 2\n", "it is not YAML: unhashable type"),
    "base64 that is none": (b"a: !!binary x\n", "it is not YAML: failed to decode base64"),
    "an unknown alias": (b"a: *b\n", "it is not YAML: found undefined alias at line 1"),
    "two documents": (b"a: 1\n---\nb: 2\n", "it is not YAML: expected a single document"),
    "an open bracket": (b"a: [1\n", "it is not YAML: while parsing a flow sequence"),
    "an error in an interaction": (
        b"version: 1\ninteractions:\n- a: 1\n- a: 2\n  b: [\n",
        r"it is not YAML: .* at line 6 \(interaction 2\)",
    ),
    "a conflict at the top": (
        b"<<<<<<< HEAD\nversion: 1\n=======\n",
        "it has git conflict markers at line 1: resolve them",
    ),
    "a conflict in an interaction": (
        b"version: 1\ninteractions:\n- a: 1\n<<<<<<< HEAD\n  b: 2\n=======\n",
        "it has git conflict markers at line 4: resolve them",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_cassette_is_made_of_is_refused_in_words(name):
    data, message = HOSTILE[name]
    with pytest.raises(YamlTextError, match=f"^{message}"):
        read(io.BytesIO(data))


def test_nesting_that_is_not_deep_is_read():
    assert read(io.BytesIO(b"[" * 100 + b"]" * 100))[0][0][0] != []


def test_shared_parts_of_stock_vcrpy_are_read():
    shared = {"a": ["b"]}
    text = yaml.dump([shared] * 50)
    assert "*id001" in text
    assert read(io.BytesIO(text.encode())) == [shared] * 50


def test_the_tags_of_stock_vcrpy_are_read_as_plain_data():
    text = b"""
    - !!python/str text
    - !!python/unicode text
    - !!python/tuple [1, 2]
    - !!python/object/new:_io.BytesIO
      state: !!python/tuple [!!binary aGVsbG8=, 0, null]
    - !!python/object/apply:builtins.iter
      args: [[a, b]]
    """
    assert read(io.BytesIO(text)) == ["text", "text", (1, 2), b"hello", ("a", "b")]


def outcome(data):
    """Return what is read, or the words of a refusal."""
    try:
        return repr(read(io.BytesIO(data)))
    except YamlTextError as refusal:
        return str(refusal)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="[]{}&*!<>|?:-, \n\"'a1#%@`~é\x85\ufeff", max_size=60))
def test_any_text_is_read_or_refused(text):
    # Any other exception than a refusal would end the test.
    assert outcome(text.encode()) == outcome(text.encode()) != ""


BODIES = {
    "ASCII": b"data: some words\n\n",
    "Chinese": "data: 长江发源于青藏高原\n\n".encode(),
    "quoted": b"data: some words\r\n\r\n",
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("kind", BODIES)
def test_writing_and_reading_back_takes_a_few_times_the_body(kind, tmp_path):
    data = BODIES[kind] * ((2 << 20) // len(BODIES[kind]))
    with (tmp_path / "c.yaml").open("xb+") as file:
        tracemalloc.start()
        try:
            assert write(file, document(Body(data))) is True
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    # Beside the body itself and what libyaml allocates; `benchmarks/store.py` sees all of it.
    assert peak < 4.5 * len(data)


def test_the_largest_texts_with_an_emoji_are_stored_as_bytes(monkeypatch):
    monkeypatch.setattr(yamltext, "HUGE_BODY", 10)
    assert b"string: !!binary |" in written("data: 🎉\n\n".encode())
    assert b"string: |+" in written("data: 你好\n\n".encode())
