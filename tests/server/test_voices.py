"""Whole answers in the manner of chat completions; the bytes are typed by hand.

Those of chatglm are in `test_composition`.
"""

from __future__ import annotations

import pytest

from glmbench.server.completions_frames import TokenCounts
from glmbench.server.composition import compose
from glmbench.server.frames import Identity
from glmbench.server.script import CallPart, Ending, ItemPart, Options, Speech, TextPart
from glmbench.server.voices import find_voice

HELLO = Identity(name="hello", model="glm-4.6")

# From `printf hello/1/message | sha256sum`.
HEAD = '{"id":"1e634cf643f6a6765bc694d5","created":1767225600,"model":"glm-4.6",'
COUNTS = TokenCounts(input=3, output=4)
COUNTED = '"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}'


def chunk(delta, rest=""):
    return f'{HEAD}"choices":[{{"index":0,"delta":{delta}{rest}}}]}}'


def written(*parts, ending=None, **options):
    reply = Speech(
        parts=parts,
        options=Options(dialect="completions", done=True, **options),
        ending=ending or Ending(),
    )
    return [write.data.decode() for write in compose(reply, HELLO, "hi").writes]


def events(*frames):
    return [f"data: {frame}\n\n" for frame in frames]


OPENING = chunk('{"role":"assistant"}')
STOP = chunk('{"content":""}', ',"finish_reason":"stop"')
TEXT = TextPart(kind="text", text=("你", "好"))


def test_an_answer_in_glms_manner_has_the_usage_in_its_last_chunk():
    assert written(TextPart(kind="think", text="嗯"), TEXT, usage=COUNTS) == events(
        OPENING,
        chunk('{"reasoning_content":"嗯"}'),
        chunk('{"content":"你"}'),
        chunk('{"content":"好"}'),
        STOP[:-1] + f",{COUNTED}}}",
        "[DONE]",
    )


def test_an_answer_in_openais_manner_writes_nulls_and_says_the_usage_apart():
    nulls = ',"finish_reason":null'
    assert written(
        TextPart(kind="think", text="hm"),
        TextPart(kind="text", text="x"),
        usage=COUNTS,
        usage_in="separate",
        nulls=True,
        reasoning_key="reasoning",
    ) == events(
        chunk('{"content":null,"role":"assistant"}', nulls)[:-1] + ',"usage":null}',
        chunk('{"content":null,"reasoning":"hm"}', nulls)[:-1] + ',"usage":null}',
        chunk('{"content":"x"}', nulls)[:-1] + ',"usage":null}',
        STOP[:-1] + ',"usage":null}',
        f'{HEAD}"choices":[],{COUNTED}}}',
        "[DONE]",
    )


def test_a_tool_call_comes_whole():
    assert written(CallPart(id="c", name="search", arguments='{"q":1}'))[1:2] == events(
        chunk(
            '{"tool_calls":[{"index":0,"id":"c","type":"function",'
            '"function":{"name":"search","arguments":"{\\"q\\":1}"}}]}'
        )
    )


def test_the_arguments_of_tool_calls_come_in_fragments_by_index():
    first = CallPart(name="search", arguments='{"q":1}', piece=4)
    second = CallPart(id="c", name="now", arguments=())
    assert written(first, second, call_arguments="fragments")[1:-2] == events(
        chunk(
            f'{{"tool_calls":[{{"index":0,"id":"{HELLO.call_id(0)}","type":"function",'
            '"function":{"name":"search","arguments":""}}]}'
        ),
        chunk('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"q\\""}}]}'),
        chunk('{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}'),
        chunk(
            '{"tool_calls":[{"index":1,"id":"c","type":"function",'
            '"function":{"name":"now","arguments":""}}]}'
        ),
    )


@pytest.mark.parametrize("word", ["length", "sensitive", "network_error", "anything"])
def test_the_finish_reason_is_the_scripts(word):
    last = written(TEXT, ending=Ending(finish_reason=word, after=1))
    assert last == events(OPENING, STOP.replace("stop", word), "[DONE]")


def test_an_error_is_a_frame_of_its_own_and_no_choice():
    ending = Ending(kind="error", code="1234", message="网络错误", after=2)
    assert written(TEXT, ending=ending) == events(
        OPENING,
        chunk('{"content":"你"}'),
        '{"error":{"code":"1234","message":"网络错误"}}',
        "[DONE]",
    )


def test_an_end_without_a_finish_reason_may_still_say_done():
    assert written(TEXT, ending=Ending(kind="eof", after=1)) == events(OPENING, "[DONE]")


@pytest.mark.parametrize("kind", ["cut", "reset", "stall"])
def test_a_break_says_nothing_more(kind):
    ending = Ending(kind=kind, after=2, partial=7)
    assert written(TEXT, ending=ending) == [
        *events(OPENING, chunk('{"content":"你"}')),
        "data: {",
    ]


def test_a_break_after_all_fragments_is_inside_the_last_chunk():
    whole = events(STOP)[0]
    assert written(TEXT, ending=Ending(kind="cut", partial=len(whole)))[-1] == whole


def test_each_fragment_of_a_call_has_its_delay():
    reply = Speech(
        parts=(CallPart(name="n", arguments=("a", "b"), first_delay_s=8.0, delay_s=2.0), TEXT),
        options=Options(dialect="completions", call_arguments="fragments", delay_s=1.0),
    )
    at = [write.at_s for write in compose(reply, HELLO, "").writes]
    # opening; the name, a, b; 你, 好; the finish
    assert at == [0.0, 8.0, 10.0, 12.0, 13.0, 14.0, 15.0]
    listed = Speech(parts=reply.parts, options=reply.options, delays_s=(1.0, 2.0, 3.0, 4.0, 5.0))
    at = [write.at_s for write in compose(listed, HELLO, "").writes]
    assert at == [0.0, 1.0, 3.0, 6.0, 10.0, 15.0, 16.0]


def test_a_service_refuses_the_parts_of_the_other():
    page = ItemPart(item={"type": "quote_result"})
    call = CallPart(name="search", arguments="{}")
    for dialect, part in (("completions", page), ("chatglm", call)):
        voice = find_voice(Options(dialect=dialect), HELLO)
        with pytest.raises(ValueError, match="has no (items|calls)"):
            list(voice.fragments(0, part))
