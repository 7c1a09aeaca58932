"""A warning is told once, by the loudest channel that the request allows, and remembered in the thread's record."""

import json
from types import SimpleNamespace

import pytest

from cache.fingerprint import fingerprint
from gateway.caution import caution
from gateway.config.compiled import Warnings
from gateway.dialects.ask import read
from gateway.wire.types import Head
from tests.gateway.test_warning import CALLER, COLD, NOW, PRICES, RECORD

TYPED = {"role": "user", "content": "and now?"}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]}


class House:
    """What a caution touches of a house, noted."""

    def __init__(self, policy: Warnings) -> None:
        self.told: list[tuple] = []
        self.known: list = []
        self.prices = PRICES
        self.threads = SimpleNamespace(remember=self.known.append)
        self.metrics = SimpleNamespace(warned=lambda *labels: self.told.append(labels))
        self.live = SimpleNamespace(current=SimpleNamespace(warnings_of=lambda team: policy))


def asked(house, newest=TYPED, endpoint="messages", agent=b"claude-cli/2 (external, cli)", record=RECORD):
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}, newest]}).encode()
    ask = read(body, endpoint, "messages")
    head = Head(method="POST", path="/v1/messages", query="", headers=(), first={b"user-agent": agent})
    return caution(record, COLD, head, ask, CALLER, fingerprint("messages", ask.fields, 1, b"a"), house, NOW)


@pytest.mark.parametrize(
    ("policy", "changes", "channel"),
    [
        (Warnings(), {}, "header"),
        (Warnings(inline=True), {}, "inline"),
        (Warnings(inline=True, ask_first=True), {}, "ask_first"),
        (Warnings(ask_first=True), {"newest": RESULT}, "header"),
        (Warnings(inline=True), {"newest": RESULT}, "header"),
        (Warnings(ask_first=True), {"agent": b"claude-cli/2 (external, sdk-cli)"}, "header"),
    ],
)
def test_only_a_person_who_has_just_typed_is_interrupted(policy, changes, channel):
    house = House(policy)
    found = asked(house, **changes)
    assert found is not None
    assert found.channel == channel
    assert [(record.thread, record.warned_at) for record in house.known] == [("t", NOW)]
    assert house.told == [("a", "unknown", channel)]


def test_nothing_is_told_where_nothing_is_sent_or_remembered():
    house = House(Warnings(ask_first=True))
    assert asked(house, endpoint="count_tokens") is None
    assert asked(house, record=None) is None
    assert house.told == house.known == []
