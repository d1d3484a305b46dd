"""The guest stream of chatglm.cn: bytes to parts.

Sans-IO. Texts are kept by part and handed out as they grow, whatever the frame calls new;
nothing counts as the end of the answer but a top-level finish, or moderation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glmbench.errors import (
    EmptyAnswerError,
    IncompleteStreamError,
    ProviderError,
    ServerFailedError,
)
from glmbench.parts import (
    Conversation,
    FinishReason,
    ImageResponse,
    Part,
    Reasoning,
    ToolCalls,
)
from glmbench.wire.chatglm_errors import (
    EMPTY_HINT,
    error_details,
    error_from_body,
    error_from_code,
    error_from_envelope,
)
from glmbench.wire.chatglm_frames import (
    TEXT_TYPES,
    Envelope,
    Frame,
    FramePart,
    Item,
    OtherItem,
    decode_frame,
)
from glmbench.wire.chatglm_items import GROWING_FIELDS, ItemCollector, ItemKey, PartKey
from glmbench.wire.growing_text import GrowingText
from glmbench.wire.json_object import is_whole_object
from glmbench.wire.sse import EVENT_LIMIT, ServerSentEvent, SseDecoder

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping, Sequence


_DONE = b"[DONE]"
# How much of a body without any event is kept to say what it was instead.
_HEAD_LIMIT = 64 * 1024


class ChatGlmDecoder:
    """Turn the body of one answer into parts.

    `feed` never raises: what is wrong with the stream is kept in `failure`, behind the parts
    that came before it, and `finish` raises it. The order of calls is `feed`..., at the end of
    the body `feed_eof` (what the last event still brings, if its blank line is missing), then
    `finish` (the rest and the one FinishReason, or the exception). `finish` alone is right too;
    text of an unterminated event is then lost to an exception, though it is in its `text`.
    """

    def __init__(self, *, event_limit: int = EVENT_LIMIT) -> None:
        self.failure: ProviderError | None = None
        self._sse = SseDecoder(event_limit, strict=True)
        self._fed = 0
        self._head = bytearray()  # of the body, until the first event
        self._has_events = False
        self._at_eof = False
        self._cut_event = False
        self._done = False
        self._texts: dict[ItemKey, GrowingText] = {}
        self._items = ItemCollector()
        self._fragments = False  # the stream's mode where a frame does not say; for good once true
        self._delivered: list[str] = []
        self._has_content = False
        self._conversation_id = ""
        self._terminal: str | None = None  # "finish" or "intervene"
        self._terminal_offset: int | None = None
        self._notice: str | None = None
        self._dropped_chars = 0
        self._transient: Mapping[str, Any] | None = None

    @property
    def finished(self) -> bool:
        """A terminal frame or `[DONE]` was seen, or the stream failed: only EOF is missing."""
        return self._terminal is not None or self._done or self.failure is not None

    @property
    def unknown_items(self) -> Counter[str]:
        """How many content items came of each type that is not known here."""
        return self._items.unknown

    @property
    def has_reason(self) -> bool:
        """Whether the service has said why the answer may end early."""
        return bool(self._transient)

    @property
    def text(self) -> str:
        """The answer as far as it was handed out."""
        return "".join(self._delivered)

    def feed(self, data: bytes) -> list[Part]:
        """Return the parts that these body bytes brought."""
        self._fed += len(data)
        parts: list[Part] = []
        if self.failure is None:
            try:
                for event in self._sse.feed(data):
                    self._take_event(event, parts)
            except ProviderError as error:
                self.failure = error
            if not self._has_events:
                self._head += data[: _HEAD_LIMIT - len(self._head)]
        return parts

    def feed_eof(self) -> list[Part]:
        """Return what the end of the body still brings.

        That is an event without its blank line, if its data is whole, and tools that were
        waiting for their part to complete.
        """
        parts: list[Part] = []
        if self._at_eof:
            return parts
        self._at_eof = True
        if self.failure is None:
            try:
                self._take_unterminated(self._sse.finish(), parts)
            except ProviderError as error:
                self.failure = error
        self._hand_out(self._items.flush(), parts)
        return parts

    def finish(self) -> list[Part]:
        """Return the last parts, the FinishReason behind them; or raise what the stream was.

        A connection that broke or fell silent after the terminal frame makes no difference:
        the caller calls this just the same.
        """
        parts = self.feed_eof()
        if self.failure is not None:
            raise self.failure
        if self._terminal is None:
            raise self._unfinished()
        parts.append(self._finish_reason())
        return parts

    def _take_unterminated(self, event: ServerSentEvent | None, parts: list[Part]) -> None:
        if event is None:
            return
        if event.data.strip() == _DONE or is_whole_object(event.data):
            self._take_event(event, parts)
        else:
            self._cut_event = True

    def _take_event(self, event: ServerSentEvent, parts: list[Part]) -> None:
        self._has_events = True
        data = event.data
        if not data.startswith(b"{"):
            data = data.strip()
            if data == _DONE:
                self._done = True
                return
            if not data:
                return  # nothing but a sign of life
        frame = decode_frame(event.data, event.offset or 0)
        if isinstance(frame, Envelope):
            if self._terminal is None:
                raise error_from_envelope(frame.fields)
        elif not self._take_next_snapshot(frame, parts):
            self._take_frame(frame, parts)

    def _take_next_snapshot(self, frame: Frame, parts: list[Part]) -> bool:
        """Take what most frames of a long answer are: one known text, whole again and longer.

        False, with nothing done, for any other frame. This halves the time beside the decoding.
        """
        if (
            frame.is_fragment is not False
            or frame.status != "init"
            or len(frame.parts) != 1
            or frame.last_error
            or self._terminal is not None
            or not self._conversation_id
            or self._items.held
        ):
            return False
        part = frame.parts[0]
        if len(part.content) != 1 or part.status != "init":
            return False
        item = part.content[0]
        track = self._texts.get((part.logic_id, "text", 0)) if item.type == "text" else None
        new = track.longer(item.text) if track is not None else None
        if new is None:
            return False
        self._delivered.append(new)
        parts.append(new)
        return True

    def _take_frame(self, frame: Frame, parts: list[Part]) -> None:
        if frame.conversation_id and not self._conversation_id:
            self._conversation_id = frame.conversation_id
            parts.append(Conversation(frame.conversation_id))
        if frame.status == "intervene":
            self._intervene(frame.last_error or frame.error, parts)
        for index, part in self._changed_parts(frame):
            self._take_part(part.logic_id or index, part, frame, parts)
        if frame.status == "init":
            if frame.last_error:
                self._transient = frame.last_error
        elif frame.status == "finish":
            self._hand_out(self._items.flush(), parts)
            self._terminate("finish")
        elif frame.status == "error":
            self._fail(frame.error or frame.last_error)

    def _changed_parts(self, frame: Frame) -> Iterable[tuple[int, FramePart]]:
        """A frame carries only the parts that changed: all of them count, not just the first."""
        return enumerate(frame.parts)

    def _take_part(self, key: PartKey, part: FramePart, frame: Frame, parts: list[Part]) -> None:
        if part.status == "intervene":
            self._intervene(part.error or frame.last_error, parts)
        if self._items.held:
            self._hand_out(self._items.flush(but=key), parts)
        for position, item in enumerate(part.content):
            kind = item.type
            # Of the first item of a part the number is 0, and a part rarely has another.
            number = _number(part.content, position) if position else 0
            item_key = (key, kind, number)
            if isinstance(item, OtherItem):
                text = self._take_other(item_key, item, parts)
            else:
                text = item.text or (item.think if kind != "text" else "")
            if text:  # an empty one is a placeholder and takes nothing back
                self._take_text(item_key, text, part, frame, parts)
        if part.status == "finish" and self._items.held:
            self._hand_out(self._items.flush(), parts)

    def _take_other(self, key: ItemKey, item: OtherItem, parts: list[Part]) -> str:
        """Take an item that is no text, or return the text of one that only grows like a text."""
        field = GROWING_FIELDS.get(item.type)
        if field is None:
            self._hand_out(self._items.take(key, item), parts)
            return ""
        value = item.fields.get(field)
        return value if isinstance(value, str) else ""

    def _take_text(
        self, key: ItemKey, text: str, part: FramePart, frame: Frame, parts: list[Part]
    ) -> None:
        track = self._texts.get(key)
        if track is None:
            track = self._texts[key] = GrowingText()
        is_fragment = frame.is_fragment
        if is_fragment is None:
            self._take_unflagged(key, track, text, part, frame, parts)
            return
        if not is_fragment:
            new = track.whole(text)
        else:
            self._fragments = True
            new = track.completing(text) if part.status == "finish" else track.fragment(text)
        if new:
            self._deliver(key, new, parts)

    def _take_unflagged(
        self,
        key: ItemKey,
        track: GrowingText,
        text: str,
        part: FramePart,
        frame: Frame,
        parts: list[Part],
    ) -> None:
        """Take a text whose frame does not say whether it is a fragment.

        What is complete is whole. Else a stream is one of snapshots until a text does not
        extend the one before it, and from there on one of fragments.
        """
        new: str | None
        if part.status == "finish" or frame.status == "finish":
            new = track.whole(text)
        elif self._fragments:
            new = track.fragment(text)
        else:
            new = track.undecided(text)
        if new is None:
            self._fragments = True
            for other_key, other in self._texts.items():
                owed = other.reveal(text if other is track else None)
                if owed:
                    self._deliver(other_key, owed, parts)
        elif new:
            self._deliver(key, new, parts)

    def _deliver(self, key: ItemKey, new: str, parts: list[Part]) -> None:
        """Hand out new text, blank or not; after moderation count it instead."""
        kind = key[1]
        if self._terminal == "intervene":
            if kind == "text" and new != self._notice:
                self._dropped_chars += len(new)
            return
        if kind == "text":
            self._has_content = True
            self._delivered.append(new)
            parts.append(new)
        elif kind in TEXT_TYPES:
            self._has_content = True
            parts.append(Reasoning(new))
        else:
            self._items.hold(key, self._texts[key])

    def _hand_out(self, items: list[Part], parts: list[Part]) -> None:
        if items and self._terminal != "intervene":
            self._has_content |= any(isinstance(p, ImageResponse | ToolCalls) for p in items)
            parts += items

    def _intervene(self, details: Mapping[str, Any] | None, parts: list[Part]) -> None:
        self._hand_out(self._items.flush(), parts)
        if self._notice is None and details:
            notice = details.get("intervene_text")
            self._notice = notice if isinstance(notice, str) and notice else None
        self._terminate("intervene")

    def _terminate(self, status: str) -> None:
        """Remember the first terminal frame. Moderation outranks a finish, before or after it."""
        if self._terminal is None:
            self._terminal_offset = self._fed
        if self._terminal != "intervene":
            self._terminal = status

    def _fail(self, details: Mapping[str, Any] | None) -> None:
        # Behind a terminal frame it is no more than a reset there: the answer was complete.
        if self._terminal is None:
            code, message = error_details(details or {})
            raise error_from_code(code, message or self._items.notice)

    def _unfinished(self) -> ProviderError:
        """Say what a body is that ended without a finish: never an answer that stopped."""
        if self._fed == 0:
            return EmptyAnswerError(EMPTY_HINT)
        head = bytes(self._head).lstrip()
        if not self._has_events and head[:1] in {b"{", b"[", b"<"}:
            return error_from_body(200, "", head)
        code, message = error_details(self._transient or {})
        if self._transient and not self._delivered:
            return ServerFailedError(message or "the service gave no message", code=code)
        error = IncompleteStreamError(self._how_it_ended(message), code=code)
        error.text = self.text
        return error

    def _how_it_ended(self, message: str) -> str:
        if self._cut_event:
            how = "the stream was cut inside an event"
        elif self._done:
            how = "the stream said [DONE] without a finish frame"
        elif not self._has_events:
            how = "the stream ended without an event"
        else:
            how = "the stream ended without a finish frame"
        reason = message or self._items.notice
        return f"{how}: {reason}" if reason else how

    def _finish_reason(self) -> FinishReason:
        if self._terminal == "intervene":
            return FinishReason(
                "content_filter",
                "intervene",
                message=self._notice,
                dropped_chars=self._dropped_chars,
                body_offset=self._terminal_offset,
            )
        if not self._has_content:
            notice = f": {self._items.notice}" if self._items.notice else ""
            raise EmptyAnswerError(f"the answer ended normally with nothing in it{notice}")
        return FinishReason(
            "stop", "finish", rewritten=self._rewritten(), body_offset=self._terminal_offset
        )

    def _rewritten(self) -> str | None:
        """Return the service's final text of the answer if any text of it was rewritten."""
        texts = [track for key, track in self._texts.items() if key[1] == "text"]
        if all(track.rewritten is None for track in texts):
            return None
        return "".join(t.sent if t.rewritten is None else t.rewritten for t in texts)


def _number(items: Sequence[Item], position: int) -> int:
    """Return the how-manieth of its type an item is.

    By its position alone it would be taken for another where a frame leaves one out.
    """
    kind = items[position].type
    return sum(item.type == kind for item in items[:position])
