"""The request log of a whole gateway: silent unless asked, and then without anything of a person's or a client's words."""

import json

import pytest

from tests.line.conftest import config
from tests.line.rig import Upstream, answer, gateway, wait_for

CANARY = "xylophone7731"
HEADERS = {
    "user-agent": f"codex_exec/0.169.0 ({CANARY})", "x-session-id": CANARY, "authorization": f"Bearer {CANARY}",
    "x-pointsman-user": CANARY, "x-forwarded-for": CANARY,
}  # fmt: skip


@pytest.fixture
def upstream():
    made = Upstream()
    usage = {"prompt_tokens": 40, "completion_tokens": 3, "total_tokens": 43}
    whole = json.dumps({"id": CANARY, "model": "gpt-6-luna", "usage": usage}).encode()
    made.script = lambda asked, wire: wire.sendall(answer(whole))
    yield made
    made.close()


def lines(running):
    return [json.loads(line) for line in running.output if line.startswith('{"time"')]


def asked(running):
    body = {"model": "auto", "user": CANARY, "messages": [{"role": "user", "content": f"tell me about {CANARY}"}]}
    for _ in range(3):
        assert running.ask("/v1/chat/completions", body, HEADERS).status == 200
    running.ask("/v1/chat/completions", {**body, "model": CANARY}, HEADERS)
    return wait_for(lambda: rows if len(rows := running.rows()) >= 3 else None)


def test_it_says_nothing_unless_asked(upstream, tmp_path):
    with gateway(tmp_path, {**config(upstream, upstream, upstream), "teams": {}}) as running:
        asked(running)
    assert lines(running) == []


def test_a_line_for_each_request_and_nobodys_words_in_it(upstream, tmp_path):
    settings = {**config(upstream, upstream, upstream), "teams": {}, "ledger": {"log_requests": True}}
    with gateway(tmp_path, settings) as running:
        rows = asked(running)
        told = wait_for(lambda: found if len(found := lines(running)) >= len(rows) else None)
    assert sorted(each["id"] for each in told) == sorted(row["id"] for row in rows)
    assert CANARY not in "".join(running.output)
    assert {each["route"] for each in told} <= {"code", "general", ""}
    assert all(each["usd"] is None or float(each["usd"]) >= 0 for each in told)
