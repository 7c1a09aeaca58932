"""The short way gives what the long way gives, whatever a thread's prompts do from one request to the next."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from cache import prefixes
from cache.fingerprint import Dialect, begun, fingerprint, resumed
from cache.prefixes import Prefixes

SEED = 7
DIALECTS = st.sampled_from(get_args(Dialect))
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n ", " : ")])
TEXTS = st.sampled_from(["a", "b" * 40, 'with "quotes" and \\ ünïcödé', "]}", '"cache_control"', ""])
TURNS = st.one_of(
    st.builds(lambda role, text: {"role": role, "content": text}, st.sampled_from(["user", "assistant"]), TEXTS),
    st.builds(lambda text: {"role": "user", "content": [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]}, TEXTS),
    TEXTS,
    st.sampled_from([1, 12, 1.5, None, True, [], {}]),
)


class Thread:
    """A conversation that grows, is edited, and changes its tools."""

    def __init__(self, dialect: Dialect, separators: tuple[str, str]) -> None:
        self.dialect = dialect
        self.separators = separators
        self.turns: list[Any] = []
        self.more: dict[str, Any] = {}

    def body(self) -> bytes:
        listing = {"input" if self.dialect == "responses" else "messages": self.turns}
        return json.dumps({"model": "m", **listing, **self.more}, separators=self.separators).encode()


def change(thread: Thread, what: str, turn: Any) -> None:
    if what == "grow":
        thread.turns = [*thread.turns, turn]
    elif what == "grow twice":
        thread.turns = [*thread.turns, turn, {"role": "user", "content": "go on"}]
    elif what == "rewind":
        thread.turns = thread.turns[:-1]
    elif what == "edit" and thread.turns:
        thread.turns = [turn, *thread.turns[1:]]
    elif what == "tools":
        thread.more = {**thread.more, "tools": [{"name": str(turn)}]}
    elif what == "system":
        thread.more = {**thread.more, "system": [turn], "instructions": str(turn)}
    elif what == "continue":
        thread.more = {**thread.more, "previous_response_id": "resp_1"}


CHANGES = st.sampled_from(["grow", "grow", "grow", "grow twice", "same", "rewind", "edit", "tools", "system", "continue"])


@settings(max_examples=300)
@given(DIALECTS, SEPARATORS, st.lists(st.tuples(CHANGES, TURNS), max_size=12))
def test_both_ways_agree(dialect, separators, steps):
    thread = Thread(dialect, separators)
    memory = Prefixes(SEED)
    original = prefixes.WORTH_BYTES
    prefixes.WORTH_BYTES = 0
    try:
        for what, turn in steps:
            change(thread, what, turn)
            body = thread.body()
            fields = msgspec.json.decode(body, type=dict[str, Raw])
            short, long = memory.fingerprint("team", "t", dialect, fields, body), fingerprint(dialect, fields, SEED, b"team")
            assert (short.digests, short.sizes, short.whole) == (long.digests, long.sizes, long.whole)
    finally:
        prefixes.WORTH_BYTES = original


def said(count: int, last: str = "") -> tuple[dict[str, Raw], bytes]:
    turns = [{"role": "user", "content": f"{number} " + "x" * 500} for number in range(count)]
    body = json.dumps({"messages": [*turns, {"role": "user", "content": last}] if last else turns}).encode()
    return msgspec.json.decode(body, type=dict[str, Raw]), body


def test_what_was_hashed_is_not_split_again():
    fields, body = said(40)
    mark = begun("chat", fields, SEED, b"team", body).mark
    assert mark is not None
    fields, body = said(40, "and now?")
    found = resumed(mark, "chat", fields, SEED, b"team")
    assert found is not None
    assert found.fingerprint.turns == ()
    assert found.fingerprint.digests == fingerprint("chat", fields, SEED, b"team").digests
    assert resumed(mark, "chat", fields, SEED, b"another team") is None
    assert resumed(mark, "chat", said(39)[0], SEED, b"team") is None


def test_a_number_at_the_end_may_still_grow():
    fields = {"messages": Raw(b"[1]")}
    assert begun("chat", fields, SEED, b"t", b'{"messages":[1]}').mark is None


def test_teams_and_threads_are_kept_apart_and_bounded():
    memory = Prefixes(SEED, capacity=2)
    fields, body = said(40)
    for team, thread in (("a", "t"), ("b", "t"), ("a", "u"), ("a", "")):
        assert memory.fingerprint(team, thread, "chat", fields, body) == fingerprint("chat", fields, SEED, team.encode())
    assert list(memory._known) == [("b", "t"), ("a", "u")]


@pytest.mark.parametrize("count", [1, 10])
def test_short_prompts_are_not_worth_it(count):
    memory = Prefixes(SEED)
    fields, body = said(count)
    memory.fingerprint("a", "t", "chat", fields, body)
    assert not memory._known
