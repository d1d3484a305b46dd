from __future__ import annotations

import csv
import io
import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glmbench.suites import datasets
from glmbench.suites.datasets import MAX_DATASET, MAX_TEXT, DatasetError, read_dataset, read_text


@pytest.fixture
def written(tmp_path):
    def written(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def complaint(read, path):
    with pytest.raises(DatasetError) as caught:
        read(path)
    return caught.value.line, str(caught.value)


# --- rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("city,n\nBeijing,1\n上海,02\n", [("Beijing", "1"), ("上海", "02")]),
        (b"\xef\xbb\xbfcity,n\r\nBeijing,1", [("Beijing", "1")]),
        ('city,n\n"a ""b"",\r\nc",\n\nd, 2 \n', [('a "b",\r\nc', ""), ("d", " 2 ")]),
    ],
)
def test_every_value_of_a_csv_file_is_text(written, content, rows):
    expected = tuple({"city": city, "n": n} for city, n in rows)
    assert read_dataset(written("a.CSV", content)) == expected


def test_values_of_a_json_file_keep_their_types(written):
    path = written("a.json", '[{"city": "Beijing", "n": 1}, {"n": [2], "city": null}]')
    assert read_dataset(path) == ({"city": "Beijing", "n": 1}, {"city": None, "n": [2]})


def test_blank_lines_between_objects_are_ignored(written):
    lines = '{"city": "Bei\u2028jing", "n": 1}\n\n \t\r\n{"n": 2.5, "city": {}}'
    expected = ({"city": "Bei\u2028jing", "n": 1}, {"city": {}, "n": 2.5})
    assert read_dataset(written("a.jsonl", lines)) == expected


NO_NAME = "cannot name a variable"
RULE = "; write letters, digits and underscores, no digit first"
MALFORMED = "cannot read the JSON: JSON is malformed"
BAD = [
    ("a.txt", "x", None, 'a dataset is one of .csv, .json, .jsonl, not "a.txt"'),
    ("a.csv", "", 1, "the first line must name the columns"),
    ("a.csv", "a,b\n", None, "the dataset has no rows"),
    ("a.csv", "a,b,a\n1,2,3\n", 1, 'there are two columns "a"'),
    ("a.csv", "a,,b\n1,2,3\n", 1, "column 2 has no name"),
    ("a.csv", "a,2nd\n1,2\n", 1, f'"2nd" {NO_NAME}{RULE}'),
    ("a.csv", "a, b\n1,2\n", 1, f'" b" {NO_NAME}{RULE}'),
    ("a.csv", "a,é\n1,2\n", 1, f'"é" {NO_NAME}{RULE}'),
    ("a.csv", 'a,b\n"1\n1",2\n3\n', 4, "1 field for 2 columns"),
    ("a.csv", "a\n1\n\n1,2,3\n", 4, "3 fields for 1 column"),
    ("a.csv", 'a\n1\n"2\n3\n', 3, "cannot read the CSV: unexpected end of data"),
    ("a.csv", 'a\n"1"2\n', 2, "cannot read the CSV: ',' expected after '\"'"),
    ("a.csv", b"a\n1\n\xff\n", 3, "the file is not UTF-8"),
    ("a.csv", b"\xef\xbb\xbfa\n\xff", 2, "the file is not UTF-8"),
    ("a.csv", "a\n1\n2\0\n", 3, "the file holds a NUL character"),
    ("a.json", "", None, "cannot read the JSON: Input data was truncated"),
    (
        "a.json",
        '[\n{"a": 1},\n{"a": }]',
        3,
        f"{MALFORMED}: invalid character",
    ),
    ("a.json", '{"a": 1}', None, "a JSON dataset is a list of objects"),
    ("a.json", "[]", None, "the dataset has no rows"),
    ("a.json", '[{"a": 1}, 2]', None, "row 2 is no object"),
    ("a.json", '[{"a-b": 1}]', None, f'"a-b" {NO_NAME} in row 1{RULE}'),
    ("a.json", '[{"a": 1, "b": 2}, {"a": 1}]', None, '"b" is missing in row 2'),
    (
        "a.json",
        '[{"city": 1}, {"city": 1, "ctiy": 1}]',
        None,
        '"ctiy" in row 2 is not in the first row; did you mean "city"?',
    ),
    ("a.jsonl", "\n", None, "the dataset has no rows"),
    ("a.jsonl", '{"a": 1}\n\n[1]\n', 3, "every line is an object"),
    ("a.jsonl", '{"a": 1}\n{"a": 1\n', 2, "cannot read the JSON: Input data was truncated"),
    ("a.jsonl", '\n{"": 1}\n', 2, f'"" {NO_NAME}{RULE}'),
    ("a.jsonl", '{"a": 1}\n{"b": 1}\n', 2, '"b" is not in the first row'),
    ("a.jsonl", '{"a": 1, "b": 1}\n{"a": 1}\n', 2, '"b" is missing'),
]


@pytest.mark.parametrize(("name", "content", "line", "message"), BAD)
def test_a_broken_dataset_says_what_is_wrong_and_where(written, name, content, line, message):
    assert complaint(read_dataset, written(name, content)) == (line, message)


def test_a_dataset_nested_without_end_is_refused(written):
    path = written("a.json", "[" * 100_000)
    assert complaint(read_dataset, path)[1].startswith("cannot read the JSON: ")


def test_a_dataset_has_a_greatest_number_of_rows(written, monkeypatch):
    monkeypatch.setattr(datasets, "MAX_ROWS", 2)
    assert len(read_dataset(written("a.csv", "a\n1\n2\n"))) == 2
    assert complaint(read_dataset, written("a.csv", "a\n1\n2\n3\n")) == (
        4,
        "a dataset has at most 2 rows",
    )


def test_a_dataset_has_a_greatest_size(written):
    path = written("a.csv", b"a\n")
    os.truncate(path, MAX_DATASET + 1)
    assert complaint(read_dataset, path) == (None, '"a.csv" is larger than 16 MiB')


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
ROWS = st.lists(st.fixed_dictionaries({"a": CELLS, "b": CELLS}), min_size=1, max_size=5)
ANY_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@ANY_FILE
@given(rows=ROWS)
def test_rows_come_back_from_every_format_as_they_were_written(written, rows):
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, ["a", "b"], quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    assert read_dataset(written("a.csv", table.getvalue())) == tuple(rows)
    assert read_dataset(written("a.json", json.dumps(rows))) == tuple(rows)
    assert read_dataset(written("a.jsonl", lines)) == tuple(rows)


@ANY_FILE
@given(name=st.sampled_from(["a.csv", "a.json", "a.jsonl"]), content=st.binary(max_size=60))
def test_no_content_raises_anything_but_a_dataset_error(written, name, content):
    try:
        rows = read_dataset(written(name, content))
    except DatasetError:
        return
    assert all(row.keys() == rows[0].keys() for row in rows)


# --- texts ----------------------------------------------------------------------------------


@ANY_FILE
@given(text=CELLS.filter(lambda text: not text.startswith("\ufeff")))
def test_a_text_comes_back_as_it_was_written(written, text):
    assert read_text(written("a.txt", text + "\r\n\r{{ x }}\n")) == text + "\r\n\r{{ x }}\n"


def test_a_byte_order_mark_is_no_part_of_a_text(written):
    assert read_text(written("a.md", b"\xef\xbb\xbf\xe4\xbd\xa0\n")) == "你\n"


def test_a_text_has_a_greatest_size(written):
    assert len(read_text(written("a.txt", "x" * MAX_TEXT))) == MAX_TEXT
    path = written("a.txt", "x" * (MAX_TEXT + 1))
    assert complaint(read_text, path) == (None, '"a.txt" is larger than 1 MiB')


def test_a_missing_file_names_one_that_is_nearly_called_so(written):
    path = written("facts.txt", "x")
    written("fcts.csv", "x")
    missing = path.with_name("fcts.txt")
    message = 'there is no file "fcts.txt"; did you mean "facts.txt"?'
    assert complaint(read_text, missing) == (None, message)
    assert complaint(read_text, path.with_name("z.txt")) == (None, 'there is no file "z.txt"')


def test_a_missing_folder_is_named_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path.relative_to(tmp_path) / "no" / "a.csv"
    message = 'there is no file "a.csv" and no readable folder "no"'
    assert complaint(read_dataset, path) == (None, message)


def test_a_folder_and_a_pipe_are_refused_without_being_read(tmp_path):
    (tmp_path / "a.csv").mkdir()
    os.mkfifo(tmp_path / "b.csv")
    assert complaint(read_dataset, tmp_path / "a.csv") == (None, '"a.csv" is a folder')
    assert complaint(read_dataset, tmp_path / "b.csv") == (None, '"b.csv" is no regular file')


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    name = "x" * 300
    message = f'cannot read "{"x" * 59}…": File name too long'
    assert complaint(read_text, tmp_path / name) == (None, message)
    assert complaint(read_text, tmp_path / "a\0b")[1].endswith("embedded null byte")
