"""One text that grows over many frames: whole each time, in fragments, or one cannot tell.

Pure. The rules are those of the ChatGLM stream; which of them holds for a frame is decided by
the decoder, which sees the frame's flag and statuses.
"""

from __future__ import annotations

# A stream of fragments shows itself within its first few frames. Past this many characters
# nothing is kept to be re-read: for whole texts that would be the answer times its frames.
UNDECIDED_CHARS = 65_536


class GrowingText:
    """What was handed out of one text, and what the service says that it is.

    Every method takes the text of one frame and returns what is new in it.
    """

    __slots__ = ("_completed_by", "_final", "_fresh", "_sent", "_undecided", "_undecided_chars")

    def __init__(self) -> None:
        self._sent = ""
        self._fresh: list[str] = []  # fragments not joined to `_sent` yet: joining is linear once
        self._undecided: list[str] = []
        self._undecided_chars = 0
        self._final: list[str] | None = None
        self._completed_by: str | None = None

    @property
    def sent(self) -> str:
        if self._fresh:
            self._sent += "".join(self._fresh)
            self._fresh = []
        return self._sent

    @property
    def rewritten(self) -> str | None:
        """The service's own text where it does not extend what was handed out, else None."""
        return None if self._final is None else "".join(self._final)

    def whole(self, text: str) -> str:
        """Take the whole text so far: hand out its tail, or nothing if it is not longer."""
        sent = self.sent if self._fresh else self._sent
        if self._undecided:
            self._undecided, self._undecided_chars = [], 0
        if text.startswith(sent):
            self._sent = text
            self._final = None
            return text[len(sent) :]
        # Shorter is no rewrite: a final snapshot has been seen to lack the last words.
        self._final = None if sent.startswith(text) else [text]
        return ""

    def longer(self, text: str) -> str | None:
        """Take a whole text if it only extends what came as whole texts; else None, unchanged."""
        sent = self._sent
        if self._fresh or self._undecided or self._final or len(text) <= len(sent):
            return None
        if not text.startswith(sent):
            return None
        self._sent = text
        return text[len(sent) :]

    def fragment(self, text: str) -> str:
        """Take the next fragment. Equal to the last one is legal: "哈", "哈"."""
        self._fresh.append(text)
        if self._final is not None:
            self._final.append(text)
        return text

    def completing(self, text: str) -> str:
        """Take the text of a completed part under the flag of fragments: whole, or the last one."""
        if text.startswith(self.sent):
            return self.whole(text)
        if text == self._completed_by:
            # A part completes once; its frame may come again beside the top-level finish.
            return ""
        self._completed_by = text
        return self.fragment(text)

    def undecided(self, text: str) -> str | None:
        """Take a text that is whole if it extends what came; None says that it is a fragment.

        After None the caller calls `reveal` on every text, this one among them.
        """
        if not self._undecided and self.sent:
            self._note(self._sent)
        self._note(text)
        sent = self.sent
        if not text.startswith(sent):
            return None
        self._sent, self._final = text, None
        return text[len(sent) :]

    def reveal(self, last: str | None = None) -> str:
        """Hand out what was taken for a repetition, now that the stream is known as fragments.

        `last` is the text that showed it, for the text it belongs to. When what was handed out
        is no beginning of the joined fragments, only `last` is handed out and `rewritten` says
        what it should have been.
        """
        joined = "".join(self._undecided)
        self._undecided, self._undecided_chars = [], 0
        if joined.startswith(self.sent):
            owed = joined[len(self._sent) :]
            self._sent = joined
            return owed
        if last is None:
            return ""
        self._final = [joined or last]
        self._fresh.append(last)
        return last

    def _note(self, text: str) -> None:
        self._undecided_chars += len(text)
        if self._undecided_chars <= UNDECIDED_CHARS:
            self._undecided.append(text)
        else:
            self._undecided = []
