"""Chunk edges are those of the reads, whatever the parser and the consumer do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glmbench.cassettes.flow import BodyFlow


def test_bytes_that_come_without_a_new_read_extend_its_chunk():
    flow = BodyFlow()
    flow.read_begins()
    assert flow.bytes_came(10)
    assert not flow.bytes_came(5)
    flow.read_begins()
    assert flow.bytes_came(1)
    assert flow.ends == [15, 16]


def test_reads_that_bring_no_body_make_no_chunk():
    flow = BodyFlow()
    flow.read_begins()
    flow.read_begins()
    flow.bytes_came(3)
    assert flow.ends == [3]


def test_nothing_handed_out_is_no_chunk():
    flow = BodyFlow()
    flow.read_begins()
    flow.bytes_came(3)
    assert flow.last_chunk() is None


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.data())
def test_the_last_chunk_is_the_one_that_holds_the_last_byte_handed_out(sizes, data):
    flow = BodyFlow()
    for size in sizes:
        flow.read_begins()
        flow.bytes_came(size)
    offset = data.draw(st.integers(1, sum(sizes)))
    flow.handed_out = offset
    owners = [index for index, size in enumerate(sizes) for _ in range(size)]
    assert flow.last_chunk() == owners[offset - 1]
    left = (
        sum(1 for owner in owners[offset:] if owner == owners[offset])
        if offset < len(owners)
        else 0
    )
    assert flow.left_in_chunk(offset) == left
