"""A provider that stops keeping its promise: noticed in live answers, told to the next client, remembered by the next process."""

import json

from tests.line.conftest import config
from tests.line.rig import Upstream, answer, gateway, start, wait_for

KEEPS, LOSES = 0.98, 0.0
TURNS = 14


def messages(turns: int) -> dict:
    talk = [{"role": "user", "content": f"question {turn} " + "x" * 4000} for turn in range(turns)]
    return {"model": "claude-opus-5-5", "max_tokens": 9, "system": "you are " + "s" * 8000, "messages": talk}


class Provider:
    """Anthropic, as far as usage goes: a token for every four bytes, and this share of the last prompt read."""

    def __init__(self) -> None:
        self.upstream = Upstream()
        self.upstream.script = self._answer
        self.reads = KEEPS
        self._last: dict[str, int] = {}

    def _answer(self, asked, wire) -> None:
        total = len(asked.body) // 4
        read = int(self._last.get(asked.headers["x-claude-code-session-id"], 0) * self.reads)
        self._last[asked.headers["x-claude-code-session-id"]] = total
        usage = {
            "input_tokens": 0,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": total - read,
            "cache_creation": {"ephemeral_5m_input_tokens": total - read, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 9,
        }
        message = {"id": "m", "type": "message", "role": "assistant", "model": "claude-opus-5-5", "content": []}
        wire.sendall(answer(json.dumps({**message, "usage": usage}).encode()))


def talked(running, session: str, turns: int = TURNS) -> list:
    replies = []
    for turn in range(1, turns + 1):
        reply = running.ask("/v1/messages", messages(turn), {"x-claude-code-session-id": session})
        assert reply.status == 200
        running.row(reply)
        replies.append(reply)
    return replies


def test_a_change_is_noticed_told_and_remembered(tmp_path):
    provider = Provider()
    settings = {**config(provider.upstream, provider.upstream, provider.upstream), "teams": {}}
    with gateway(tmp_path, settings) as running:
        kept = talked(running, "keeps")
        assert [reply.headers["x-pointsman-cache"] for reply in kept] == ["unknown"] + ["warm"] * (TURNS - 1)
        expected = int(kept[-1].headers["x-pointsman-cache-expected-read-tokens"])
        assert expected > 10_000
        provider.reads = LOSES
        for number in range(4):
            lost = talked(running, f"loses-{number}")
        assert lost[-1].headers["x-pointsman-cache"] == "cold"
        assert int(lost[-1].headers["x-pointsman-cache-expected-read-tokens"]) == 0
        assert running.metric("pointsman_cache_shifts_total", provider="anthropic") >= 1
        thread = running.ask("/pointsman/threads").json["threads"][0]
        assert (thread["state"], thread["reason"]) == ("cold", "learned")
        running.stop()
    assert (tmp_path / "home" / "learned.json").stat().st_mode & 0o777 == 0o600
    again = start(tmp_path, running.config)
    try:
        first = talked(again, "after", 3)
        assert first[-1].headers["x-pointsman-cache"] == "cold", "it is known from before the restart"
        provider.reads = KEEPS
        better = wait_for(lambda: _warm(again), within_s=30)
        assert better
    finally:
        again.stop()
        provider.upstream.close()


def _warm(running) -> bool | None:
    """A session after the provider mended its ways; they are believed again after some of them."""
    _warm.count = getattr(_warm, "count", 0) + 1
    replies = talked(running, f"mended-{_warm.count}")
    return True if replies[-1].headers["x-pointsman-cache"] in ("warm", "cooling") else None
