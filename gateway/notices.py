"""Notices in answers: a text of the gateway's own before the model's, for teams that want it, and how it is known again.

Clients send back what they were told as part of the conversation. A notice must then be gone before the prompt is hashed,
and before the provider sees it: thinking blocks are signed over what came before them, and a cache knows only what it was
sent. So a notice has a form, and in it a mark keyed with the home's secret: nobody else's text is taken out, however much
it looks like one, and nothing needs to be remembered but that there ever was a notice (an empty file), which saves the
search for all who never had one.
"""

import contextlib
import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from msgspec import Raw

from gateway.dialects.ask import Ask, Edit, items, members, opening, read, splice, text
from gateway.dialects.notice import ITEM_START, TEXT_START, Notice

_MARK = r"[0-9a-f]{16}"
_TEXT = re.compile(
    rb'"' + re.escape(TEXT_START) + rb"(" + _MARK.encode() + rb'): ([^"\\\[\]]{1,700})\](?:\\n){0,2}'
)
"""A notice at the beginning of a JSON string. It has no character that JSON writers write in two ways."""
_ITEM = re.compile(re.escape(ITEM_START.decode()) + rf"([0-9a-f]{{1,64}}?)({_MARK})")
_EMPTY = b'""'


class Notices:
    """Makes notices and takes them out again, for one home."""

    def __init__(self, seed: int, ever: Path | None) -> None:
        """`ever` is the file that says that a notice was given once; None keeps that in memory."""
        self._key = seed.to_bytes(8, "big")
        self._file = ever
        self.ever = ever is not None and ever.exists()

    def make(self, sentence: str, request_id: str) -> Notice:
        """A notice for one answer."""
        if not self.ever:
            self.ever = True
            if self._file is not None:
                with contextlib.suppress(OSError):  # a full disk costs a search later on, no answer now
                    self._file.touch(mode=0o600)
        text_ = f"{TEXT_START.decode()}{self._mark(sentence)}: {sentence}]"
        return Notice(text=text_, item=f"{ITEM_START.decode()}{request_id}{self._mark(request_id)}")

    def without(self, ask: Ask) -> Ask:
        """The request as it would be had no notice ever been given; the same object where there is none in it."""
        name = "messages" if "messages" in ask.fields else "input"
        listing, span = ask.fields.get(name), ask.span(name)
        if listing is None or span is None or opening(listing) != b"[" or not _may_hold(ask.body, span):
            return ask
        edits = list(self._edits(ask.body, span[0], items(listing)))
        return read(splice(ask.body, edits), ask.endpoint, ask.dialect) if edits else ask

    def _edits(self, body: bytes, start: int, turns: list[Raw]) -> Iterator[Edit]:
        """What to cut out of a list that begins at `start`; elements that go take their commas along."""
        position = start + 1
        kept_end: int | None = None
        gone_from: int | None = None
        for turn in turns:
            begin = _begin(body, position)
            position = begin + len(turn)
            raw = bytes(turn)
            left = self._left(raw) if TEXT_START in raw or ITEM_START in raw else raw
            if left is None:
                gone_from = begin if gone_from is None else gone_from
                continue
            if gone_from is not None:
                yield gone_from, begin, b""
            if left is not raw:
                yield begin, position, left
            kept_end, gone_from = position, None
        if gone_from is not None:
            yield gone_from if kept_end is None else kept_end, position, b""

    def _left(self, raw: bytes) -> bytes | None:
        """What is left of a turn without notices; None where nothing is."""
        turn = members(Raw(raw))
        found = _ITEM.fullmatch(text(turn.get("id", Raw(_EMPTY))))
        if found is not None and found[2] == self._mark(found[1]):
            return None
        content = turn.get("content")
        if content is None or text(turn.get("role", Raw(_EMPTY))) != "assistant":
            return raw
        told = bytes(content)
        left = self._without(told) if told[:1] == b'"' else self._parts(content)
        if left is None or left == told:
            return raw
        if left in (_EMPTY, b"[]") and "tool_calls" in turn:
            left = b"null"
        return None if left == b"[]" else raw.replace(told, left, 1)

    def _parts(self, content: Raw) -> bytes | None:
        """The list of a turn's parts without those that are nothing but a notice; None where there is none."""
        kept: list[bytes] = []
        changed = False
        for part in items(content):
            raw = bytes(part)
            said = members(part).get("text") if TEXT_START in raw else None
            left = self._without(bytes(said)) if said is not None else None
            if said is None or left is None:
                kept.append(raw)
                continue
            changed = True
            if left != _EMPTY:
                kept.append(raw.replace(bytes(said), left, 1))
        return b"[%b]" % b",".join(kept) if changed else None

    def _without(self, string: bytes) -> bytes | None:
        """A JSON string without the notice it begins with; None where it begins with none of ours."""
        found = _TEXT.match(string)
        if found is None or found[1].decode() != self._mark(found[2].decode("utf-8", "replace")):
            return None
        return b'"' + string[found.end() :]

    def _mark(self, said: str) -> str:
        return blake2b(said.encode(), key=self._key, digest_size=8).hexdigest()


def _may_hold(body: bytes, span: tuple[int, int]) -> bool:
    return body.find(TEXT_START, *span) >= 0 or body.find(ITEM_START, *span) >= 0


def _begin(body: bytes, position: int) -> int:
    """Where the next element of an array begins."""
    while body[position] in b", \t\r\n":
        position += 1
    return position
