"""What clients send back is as if no notice had been given, byte for byte; what others wrote stays."""

import json

import pytest

from gateway.dialects.ask import Ask, read
from gateway.notices import Notices

SAID = "Idle for 15 h: about 120,000 tokens are no longer cached (98 % likely). Going on costs $0.75; a new thread $0.10."


@pytest.fixture
def notices():
    return Notices(7, None)


def asked(dialect: str, turns: list, compact: bool = True) -> Ask:
    name = "input" if dialect == "responses" else "messages"
    spaces = (",", ":") if compact else (", ", ": ")
    body = json.dumps({"model": "m", name: turns, "stream": True}, separators=spaces, ensure_ascii=False)
    return read(body.encode(), dialect, dialect)


USER = {"role": "user", "content": "hé \"said\" [x]"}
THINKING = {"type": "thinking", "thinking": "…", "signature": "Sg=="}
TEXT = {"type": "text", "text": "done — ok"}


def echoed(dialect: str, notice) -> tuple[list, list]:
    """A conversation as a client sends it back, and as it was without the notice."""
    if dialect == "messages":
        block = {"type": "text", "text": notice.text}
        with_ = [USER, {"role": "assistant", "content": [block, THINKING, TEXT]}, USER]
        return with_, [USER, {"role": "assistant", "content": [THINKING, TEXT]}, USER]
    if dialect == "responses":
        part = {"type": "output_text", "text": notice.text, "annotations": []}
        ours = {"type": "message", "id": notice.item, "role": "assistant", "content": [part]}
        reasoning = {"type": "reasoning", "encrypted_content": "xx", "summary": []}
        return [USER, ours, reasoning, USER], [USER, reasoning, USER]
    calls = {"role": "assistant", "content": notice.text + "\n\n", "tool_calls": [{"id": "1"}]}
    plain = {"role": "assistant", "content": notice.text + "\n\n" + TEXT["text"]}
    with_ = [USER, plain, USER, calls, {"role": "tool", "content": "r"}]
    without = [USER, {**plain, "content": TEXT["text"]}, USER, {**calls, "content": None}, {"role": "tool", "content": "r"}]
    return with_, without


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize("dialect", ["messages", "responses", "chat"])
def test_it_is_gone(notices, dialect, compact):
    with_, without = echoed(dialect, notices.make(SAID, "0abc"))
    left = notices.without(asked(dialect, with_, compact))
    assert json.loads(left.body) == json.loads(asked(dialect, without).body)
    if compact:
        assert left.body == asked(dialect, without).body, "every other byte as it was sent"
    again = notices.without(left)
    assert again is left


def test_a_restart_knows_it_again_and_another_home_does_not(tmp_path):
    with_, without = echoed("messages", Notices(7, tmp_path / "noticed").make(SAID, "0abc"))
    assert (tmp_path / "noticed").stat().st_mode & 0o777 == 0o600
    later = Notices(7, tmp_path / "noticed")
    assert later.ever
    assert json.loads(later.without(asked("messages", with_)).body)["messages"] == without
    ask = asked("messages", with_)
    assert Notices(8, None).without(ask) is ask


def test_what_only_looks_like_one_stays(notices):
    real = notices.make(SAID, "0abc")
    forged = real.text.replace("0.75", "0.01")
    turns = [
        {"role": "user", "content": real.text},
        {"role": "assistant", "content": "as it says: " + real.text},
        {"role": "assistant", "content": [{"type": "text", "text": forged}]},
        {"role": "assistant", "content": [{"type": "text", "text": "[Pointsman notice ]"}]},
    ]
    ask = asked("messages", turns)
    assert notices.without(ask) is ask
    reference = asked("responses", [USER, {"type": "item_reference", "id": real.item[:-1] + "0"}])
    assert notices.without(reference).body == reference.body or real.item.endswith("0")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_whole_turn_goes_with_one_comma(notices, place):
    real = notices.make(SAID, "0abc")
    turns = [USER, {"role": "user", "content": "b"}]
    turns.insert(place, {"type": "item_reference", "id": real.item})
    left = notices.without(asked("responses", turns, compact=False))
    assert json.loads(left.body)["input"] == [turn for turn in turns if "id" not in turn]


def test_an_answer_that_was_nothing_else_goes_whole(notices):
    real = notices.make(SAID, "0abc")
    block = {"type": "text", "text": real.text}
    twice = [USER, {"role": "assistant", "content": [block]}, {"role": "assistant", "content": [block]}]
    assert json.loads(notices.without(asked("messages", twice)).body)["messages"] == [USER]
    only = asked("responses", [{"type": "item_reference", "id": real.item}])
    assert json.loads(notices.without(only).body)["input"] == []


def test_other_bodies_pass(notices):
    for body in (b'{"model":"m","input":"[Pointsman notice 0: x]"}', b'{"model":"m"}'):
        ask = read(body, "responses", "responses")
        assert notices.without(ask) is ask
