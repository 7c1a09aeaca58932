"""Kept responses are bounded and belong to somebody."""

import pytest

from gateway.simulator import read_responses, stored
from gateway.simulator.answer import Answer
from gateway.simulator.outline import Outline
from gateway.simulator.stored import Stored


def outline(name: str, **asked: object) -> Outline:
    prompt = read_responses.read({"model": "m", "input": "hello", "instructions": "rules", **asked})
    return Outline(name, 0, prompt, Answer("text", "hi", tokens=1), {}, True)


@pytest.fixture
def shelf() -> Stored:
    found = Stored()
    found.keep("me", outline("one"), 100)
    return found


def test_a_conversation_is_its_messages_and_the_answer_without_the_instructions(shelf):
    blocks = shelf.blocks("me", "one")
    assert [one.section for one in blocks] == ["messages", "messages"]
    assert b"hi" in blocks[-1].data


def test_nobody_else_finds_drops_or_continues_it(shelf):
    assert shelf.outline("you", "one") is shelf.blocks("you", "one") is None
    assert not shelf.drop("you", "one")
    assert shelf.drop("me", "one")
    assert not shelf.drop("me", "one")


def test_who_asks_for_it_is_not_kept(shelf):
    shelf.keep("me", outline("two", store=False), 100)
    assert shelf.outline("me", "two") is None


@pytest.mark.parametrize(("bound", "value"), [("RESPONSES_MAX", 1), ("BYTES_MAX", 300)])
def test_the_oldest_falls_out(shelf, monkeypatch, bound, value):
    monkeypatch.setattr(stored, bound, value)
    shelf.keep("me", outline("two"), 100)
    assert [shelf.outline("me", name) is not None for name in ("one", "two")] == [False, True]


def test_all_is_forgotten_on_demand(shelf):
    shelf.clear()
    assert shelf.outline("me", "one") is None
