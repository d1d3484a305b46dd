"""Whole answers of chatglm.cn, typed by hand from what is known of the wire."""

# ruff: noqa: E501 -- wire bytes stand on one line as they do on the wire
from __future__ import annotations

from wire.support_chatglm import sse

from glmbench.parts import (
    Conversation,
    FinishReason,
    ImageResponse,
    Reasoning,
    Source,
    Sources,
    ToolCalls,
)

STOP = FinishReason("stop", "finish")
OPENING = '{"id":"m1","conversation_id":"66f0c0ffee","assistant_id":"a","parts":[],"status":"init","last_error":{},"meta_data":{"if_increase_push":false}}'
HELLO = Conversation("66f0c0ffee")
WHOLE = '"meta_data":{"if_increase_push":false}'
FRAGMENT = '"meta_data":{"if_increase_push":true}'
SILENT = '"meta_data":{}'
FINISH = '{"parts":[],"status":"finish","last_error":{},"meta_data":{"if_increase_push":false}}'


def text_frame(text, meta, part="init", top="init", logic_id="p1"):
    return (
        f'{{"parts":[{{"logic_id":"{logic_id}","role":"assistant","content":[{{"type":"text",'
        f'"text":"{text}","tool_calls":{{}}}}],"status":"{part}"}}],"status":"{top}",{meta}}}'
    )


# By name: the body, and its parts.
ANSWERS = {
    "the whole 2024 shape": (
        (
            b'event:message\ndata: {"id":"1","conversation_id":"c1","assistant_id":"a","parts":[],"created_at":"2024-05-01 10:00:00","status":"init","last_error":{},"meta_data":{"if_increase_push":false}}\n\n'
            b'event:message\ndata: {"id":"1","conversation_id":"c1","parts":[{"id":"2","logic_id":"p1","role":"assistant","content":[{"type":"text","text":"Hel"}],"model":"chatglm-all-tools","recipient":"all","created_at":"x","meta_data":{},"status":"init"}],"status":"init","last_error":{},"meta_data":{"if_increase_push":false}}\n\n'
            b'event:message\ndata: {"id":"1","conversation_id":"c1","parts":[{"id":"2","logic_id":"p1","role":"assistant","content":[{"type":"text","text":"Hello!"}],"model":"chatglm-all-tools","recipient":"all","created_at":"x","meta_data":{},"status":"finish"}],"status":"finish","last_error":{},"meta_data":{"if_increase_push":false}}\n\n'
        ),
        [Conversation("c1"), "Hel", "lo!", STOP],
    ),
    "the 2026 shape with two blanks": (
        f"data:  {OPENING}\n\ndata:  {text_frame('Hi', WHOLE)}\n\ndata:  {FINISH}\n\n".encode(),
        [HELLO, "Hi", STOP],
    ),
    "crlf, comments and a bom": (
        f"\ufeff: hello\r\n\r\ndata: {OPENING}\r\n\r\n:\r\n\r\n"
        f"data: {text_frame('Hi', WHOLE)}\r\n\r\ndata: {FINISH}\r\n\r\n".encode(),
        [HELLO, "Hi", STOP],
    ),
    "one frame on several data lines": (
        b'data: {"parts":[{"logic_id":"p1",\ndata: "content":[{"type":"text","text":"Hi"}]}],\ndata: "status":"finish"}\n\n',
        ["Hi", STOP],
    ),
    "snapshots grow": (
        sse(OPENING, text_frame("你", WHOLE), text_frame("你好", WHOLE), text_frame("你好呀", WHOLE), FINISH),
        [HELLO, "你", "好", "呀", STOP],
    ),
    "a snapshot that repeats brings nothing": (
        sse(text_frame("哈", WHOLE), text_frame("哈", WHOLE), text_frame("哈哈", WHOLE), FINISH),
        ["哈", "哈", STOP],
    ),
    "fragments, then the whole text twice": (
        sse(
            OPENING,
            text_frame("你", FRAGMENT),
            text_frame("好", FRAGMENT),
            text_frame("呀，很高兴", FRAGMENT),
            text_frame("你好呀，很高兴", WHOLE, part="finish"),
            text_frame("你好呀，很高兴", WHOLE, part="finish", top="finish"),
        ),
        [HELLO, "你", "好", "呀，很高兴", STOP],
    ),
    "fragments repeat legally": (
        sse(text_frame("[", FRAGMENT), text_frame("[", FRAGMENT), text_frame("哈", FRAGMENT), text_frame("哈", FRAGMENT), text_frame("[[哈哈", WHOLE, "finish", "finish")),
        ["[", "[", "哈", "哈", STOP],
    ),
    "a blank fragment counts": (
        sse(text_frame("a", FRAGMENT), text_frame(" ", FRAGMENT), text_frame("\\n\\n", FRAGMENT), text_frame("b", FRAGMENT), FINISH),
        ["a", " ", "\n\n", "b", STOP],
    ),
    "the final snapshot brings a tail": (
        sse(text_frame("a", FRAGMENT), text_frame("b", FRAGMENT), text_frame("abcd", WHOLE, "finish"), FINISH),
        ["a", "b", "cd", STOP],
    ),
    "the final snapshot is shorter": (
        sse(text_frame("a", FRAGMENT), text_frame("b", FRAGMENT), text_frame("a", WHOLE, "finish"), FINISH),
        ["a", "b", STOP],
    ),
    "the final snapshot is another text": (
        sse(text_frame("a", FRAGMENT), text_frame("b", FRAGMENT), text_frame("XYZ", WHOLE, "finish", "finish")),
        ["a", "b", FinishReason("stop", "finish", rewritten="XYZ")],
    ),
    "a rewrite that is taken back is none": (
        sse(text_frame("ab", WHOLE), text_frame("aX", WHOLE), text_frame("abc", WHOLE), FINISH),
        ["ab", "c", STOP],
    ),
    "a completed part under the fragment flag is whole if it extends": (
        sse(text_frame("a", FRAGMENT), text_frame("ab", FRAGMENT, "finish"), FINISH),
        ["a", "b", STOP],
    ),
    "a completed part under the fragment flag is the last fragment if not": (
        sse(text_frame("a", FRAGMENT), text_frame("b", FRAGMENT, "finish"), text_frame("b", FRAGMENT, "finish", "finish")),
        ["a", "b", STOP],
    ),
    "without a flag snapshots stay snapshots": (
        sse(text_frame("a", SILENT), text_frame("ab", SILENT), text_frame("ab", SILENT), text_frame("abc", SILENT, "finish", "finish")),
        ["a", "b", "c", STOP],
    ),
    "without a flag fragments are found out, and what looked repeated is made good": (
        sse(text_frame("哈", SILENT), text_frame("哈", SILENT), text_frame("！", SILENT), text_frame("！", SILENT), text_frame("哈哈！！", SILENT, "finish", "finish")),
        ["哈", "哈！", "！", STOP],
    ),
    "without a flag a shorter text is a fragment": (
        sse(text_frame("哈哈", SILENT), text_frame("哈", SILENT), FINISH),
        ["哈哈", "哈", STOP],
    ),
    "without a flag what looked like growth cannot be made good": (
        sse(text_frame("a", SILENT), text_frame("ab", SILENT), text_frame("c", SILENT), FINISH),
        ["a", "b", "c", FinishReason("stop", "finish", rewritten="aabc")],
    ),
    "without meta_data at all": (
        sse('{"parts":[{"logic_id":"p","content":[{"type":"text","text":"a"}]}],"status":"init"}', '{"parts":[{"logic_id":"p","content":[{"type":"text","text":"b"}]}],"status":"init","meta_data":null}', '{"status":"finish"}'),
        ["a", "b", STOP],
    ),
    "a frame without a flag in a stream of fragments is a fragment": (
        sse(text_frame("a", FRAGMENT), text_frame("ab", SILENT), FINISH),
        ["a", "ab", STOP],
    ),
    "think, then a tool, then text, each frame with one of them": (
        sse(
            OPENING,
            '{"parts":[{"logic_id":"z","content":[{"type":"think","think":"hm","tool_calls":{}}],"status":"init"}],"status":"init",' + FRAGMENT + "}",
            '{"parts":[{"logic_id":"z","content":[{"type":"think","think":"hm..","tool_calls":{}}],"status":"finish"}],"status":"init",' + WHOLE + "}",
            '{"parts":[{"logic_id":"y","content":[{"type":"tool_calls","tool_calls":{"id":"t","name":"search","arguments":"{}"}}],"status":"finish"}],"status":"init",' + WHOLE + "}",
            '{"parts":[{"logic_id":"x","content":[{"type":"tool_calls","tool_calls":{"name":"finish","arguments":"{}"}}],"status":"finish"}],"status":"init",' + WHOLE + "}",
            text_frame("Hi", FRAGMENT, logic_id="a"),
            FINISH,
        ),
        [HELLO, Reasoning("hm"), Reasoning(".."), ToolCalls(({"id": "t", "name": "search", "arguments": "{}"},), executed=True), "Hi", STOP],
    ),
    "text_thinking is reasoning": (
        sse('{"parts":[{"logic_id":"z","content":[{"type":"text_thinking","text":"hm"}],"status":"finish"}],"status":"init",' + WHOLE + "}", text_frame("Hi", WHOLE), FINISH),
        [Reasoning("hm"), "Hi", STOP],
    ),
    "two text parts, and all of them again at the end": (
        sse(
            text_frame("One.", WHOLE, "finish", logic_id="p9"),
            text_frame("Two.", WHOLE, "finish", logic_id="p1"),
            '{"parts":[{"logic_id":"p9","content":[{"type":"text","text":"One."}],"status":"finish"},{"logic_id":"p1","content":[{"type":"text","text":"Two.!"}],"status":"finish"}],"status":"finish",' + WHOLE + "}",
        ),
        ["One.", "Two.", "!", STOP],
    ),
    "several parts and items in one frame": (
        sse('{"parts":[{"logic_id":"a","content":[{"type":"text","text":"1"},{"type":"text","text":"2"}]},{"logic_id":"b","content":[{"type":"think","think":"t"},{"type":"text","text":"3"}]}],"status":"finish",' + WHOLE + "}"),
        ["1", "2", Reasoning("t"), "3", STOP],
    ),
    "parts without logic_id are known by their index": (
        sse('{"parts":[{"content":[{"type":"text","text":"a"}]},{"content":[{"type":"text","text":"x"}]}],"status":"init",' + WHOLE + "}", '{"parts":[null,{"content":[{"type":"text","text":"xy"}]}],"status":"finish",' + WHOLE + "}"),
        ["a", "x", "y", STOP],
    ),
    "a part that finishes is not the end": (
        sse(text_frame("a", WHOLE, "finish"), text_frame("b", WHOLE, logic_id="p2"), FINISH),
        ["a", "b", STOP],
    ),
    "finish twice and text behind it": (
        sse(text_frame("a", WHOLE), FINISH, text_frame("ab", WHOLE), FINISH),
        ["a", "b", STOP],
    ),
    "[DONE] is tolerated": (sse(text_frame("a", WHOLE), FINISH, "[DONE]"), ["a", STOP]),
    "events without data are signs of life": (
        b"data:\n\ndata:  \n\n" + sse(text_frame("a", WHOLE), FINISH),
        ["a", STOP],
    ),
    "the last event without its blank line": (
        sse(text_frame("a", WHOLE)) + f"data: {FINISH}\n".encode(),
        ["a", STOP],
    ),
    "the last event without a newline": (
        sse(text_frame("a", WHOLE)) + f"data: {text_frame('ab', WHOLE, 'finish', 'finish')}".encode(),
        ["a", "b", STOP],
    ),
    "a cut event behind the finish": (
        sse(text_frame("a", WHOLE), FINISH) + b'data: {"parts":[{"logic_id":"p1","content":[{"type":"te',
        ["a", STOP],
    ),
    "an error behind the finish": (
        sse(text_frame("a", WHOLE), FINISH, '{"status":"error","last_error":{"error_code":10024,"err_msg":"x"}}', '{"status":500,"message":"x"}'),
        ["a", STOP],
    ),
    "moderation with a notice": (
        sse(text_frame("你好", WHOLE), '{"parts":[],"status":"intervene","last_error":{"intervene_type":"x","intervene_text":"换个话题吧","risk_level":3},' + WHOLE + "}", text_frame("你好，我", WHOLE), FINISH),
        ["你好", FinishReason("content_filter", "intervene", message="换个话题吧", dropped_chars=2)],
    ),
    "moderation whose notice also stands as a text": (
        sse(text_frame("你好", WHOLE), '{"parts":[{"logic_id":"n","content":[{"type":"text","text":"换个话题吧"}],"status":"intervene"}],"status":"intervene","last_error":{"intervene_text":"换个话题吧"},' + WHOLE + "}"),
        ["你好", FinishReason("content_filter", "intervene", message="换个话题吧")],
    ),
    "moderation of a part alone": (
        sse(text_frame("a", FRAGMENT), '{"parts":[{"logic_id":"p1","content":[{"type":"text","text":"b"}],"status":"intervene","error":{"intervene_text":"no"}}],"status":"init",' + FRAGMENT + "}", text_frame("cd", FRAGMENT)),
        ["a", FinishReason("content_filter", "intervene", message="no", dropped_chars=3)],
    ),
    "moderation before any text": (
        sse(OPENING, '{"parts":[],"status":"intervene","last_error":{}}'),
        [HELLO, FinishReason("content_filter", "intervene")],
    ),
    "moderation behind a finish": (
        sse(text_frame("a", WHOLE), FINISH, '{"parts":[],"status":"intervene","last_error":{"intervene_text":"no"}}'),
        ["a", FinishReason("content_filter", "intervene", message="no")],
    ),
    "an error of a part is not fatal": (
        sse(text_frame("a", WHOLE), '{"parts":[{"logic_id":"q","content":[{"type":"system_error","content":"browser broke"}],"status":"error","error":{"error_code":1}}],"status":"init",' + WHOLE + "}", text_frame("ab", WHOLE), FINISH),
        ["a", "b", STOP],
    ),
    "a transient last_error is forgotten at the finish": (
        sse(text_frame("a", WHOLE), '{"status":"init","parts":[],"last_error":{"code":"1301","message":"busy"}}', FINISH),
        ["a", STOP],
    ),
    "images, each once, empty ones never": (
        sse(
            '{"parts":[{"logic_id":"i","content":[{"type":"image","image":[{"image_url":"http://x/1"},{"image_url":""},{}],"code":"draw"}]}],"status":"init",' + WHOLE + "}",
            '{"parts":[{"logic_id":"i","content":[{"type":"image","image":[{"image_url":"http://x/1"},{"image_url":"http://x/2"}]}],"status":"finish"}],"status":"init",' + WHOLE + "}",
            '{"parts":[{"logic_id":"j","content":[{"type":"one_to_more_finish","image":[{"image_url":"http://x/2"},{"image_url":null}]}]}],"status":"finish",' + WHOLE + "}",
        ),
        [ImageResponse(("http://x/1",)), ImageResponse(("http://x/2",)), STOP],
    ),
    "pages that were searched": (
        sse(
            '{"parts":[{"logic_id":"b","content":[{"type":"browser_result"},{"type":"quote_result"}],"meta_data":{"metadata_list":[{"title":"T","url":"http://x/1","text":"abc"},{"title":"no url"},null]},"status":"finish"}],"status":"init",' + WHOLE + "}",
            text_frame("See 【3†source】", WHOLE),
            FINISH,
        ),
        [Sources((Source("http://x/1", "T", "abc"),)), "See 【3†source】", STOP],
    ),
    "code and its output, whole when they are complete": (
        sse(
            '{"parts":[{"logic_id":"c","content":[{"type":"code","code":"print("}],"status":"init"}],"status":"init",' + FRAGMENT + "}",
            '{"parts":[{"logic_id":"c","content":[{"type":"code","code":"1)"}],"status":"init"}],"status":"init",' + FRAGMENT + "}",
            '{"parts":[{"logic_id":"c","content":[{"type":"code","code":"print(1)"}],"status":"finish"}],"status":"init",' + WHOLE + "}",
            '{"parts":[{"logic_id":"o","content":[{"type":"execution_output","content":"1"}],"status":"init"}],"status":"init",' + WHOLE + "}",
            text_frame("One.", FRAGMENT),
            FINISH,
        ),
        [
            ToolCalls(({"type": "code", "code": "print(1)"},), executed=True),
            ToolCalls(({"type": "execution_output", "content": "1"},), executed=True),
            "One.",
            STOP,
        ],
    ),
    "a tool that never completes is handed out at the finish": (
        sse('{"parts":[{"logic_id":"t","content":[{"type":"tool_calls","tool_calls":{"name":"s","arguments":"{"}}]}],"status":"init"}', '{"parts":[{"logic_id":"t","content":[{"type":"tool_calls","tool_calls":{"name":"s","arguments":"{}"}}]}],"status":"init"}', FINISH),
        [ToolCalls(({"name": "s", "arguments": "{}"},), executed=True), STOP],
    ),
    "a null part beside a good one": (
        sse('{"conversation_id":"c","parts":[null,{"logic_id":"p","content":[{"type":"text","text":"a"}]}],"status":"finish"}'),
        [Conversation("c"), "a", STOP],
    ),
    "parts that are no list": (
        sse('{"parts":"oops","status":"init"}', '{"parts":null,"status":"init"}', text_frame("a", WHOLE), FINISH),
        ["a", STOP],
    ),
    "a null text beside a good one": (
        sse('{"parts":[{"logic_id":"p","content":[{"type":"text","text":null},{"type":"text","text":"a"}]}],"status":"init",' + WHOLE + "}", FINISH),
        ["a", STOP],
    ),
    "content that is no list": (
        sse('{"parts":[{"logic_id":"p","content":"oops"},{"logic_id":"q","content":{"type":"text","text":"a"}},{"logic_id":"r","content":[null,7]}],"status":"init"}', FINISH),
        ["a", STOP],
    ),
    "numbers where words are expected": (
        sse('{"conversation_id":42,"parts":[{"logic_id":7,"status":1,"content":[{"type":"text","text":"a"}]}],"status":"init"}', '{"parts":[{"logic_id":7,"content":[{"type":"text","text":"ab"}]}],"status":"finish"}'),
        [Conversation("42"), "a", "b", STOP],
    ),
    "a flag that is no boolean is no flag": (
        sse('{"parts":[{"logic_id":"p","content":[{"type":"text","text":"a"}]}],"status":"init","meta_data":{"if_increase_push":"yes"}}', FINISH),
        ["a", STOP],
    ),
    "an unknown status goes on": (
        sse('{"parts":[{"logic_id":"p","content":[{"type":"text","text":"a"}]}],"status":"thinking"}', FINISH),
        ["a", STOP],
    ),
    "an envelope of success is no error": (
        sse(text_frame("a", WHOLE), '{"status":0,"message":"success","result":null}', FINISH),
        ["a", STOP],
    ),
    "an unknown item beside text": (
        sse('{"parts":[{"logic_id":"p","content":[{"type":"hologram","text":"boo"},{"type":"text","text":"a"}]}],"status":"finish",' + WHOLE + "}"),
        ["a", STOP],
    ),
    "an answer of reasoning alone": (
        sse('{"parts":[{"logic_id":"z","content":[{"type":"think","think":"hm"}]}],"status":"finish",' + WHOLE + "}"),
        [Reasoning("hm"), STOP],
    ),
    "an empty text is no shorter text": (
        sse(text_frame("a", SILENT), text_frame("", SILENT), text_frame("ab", SILENT), FINISH),
        ["a", "b", STOP],
    ),
}  # fmt: skip
