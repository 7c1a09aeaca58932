"""What a restart, a kill, a reload and a stop leave standing: the books, the counters, the answers under way."""

import json
import os
import signal
import threading

import pytest

from tests.line.conftest import config
from tests.line.rig import Upstream, answer, chunk, gateway, head, sse, start, wait_for

CHAT = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "hello there"}]}
USED = b'{"id":"c","model":"gpt-6-luna","usage":{"prompt_tokens":11,"completion_tokens":3,"total_tokens":14}}'
CHUNK = {"id": "c1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}


@pytest.fixture
def upstream():
    made = Upstream()
    made.script = lambda asked, wire: wire.sendall(answer(USED))
    yield made
    made.close()


@pytest.fixture
def settings(upstream):
    return {**config(upstream, upstream, upstream), "teams": {}}


def test_counters_go_on_from_the_ledger(settings, tmp_path):
    with gateway(tmp_path, settings) as first:
        replies = [first.ask("/v1/chat/completions", CHAT) for _ in range(3)]
        dollars = sum(first.row(reply)["picos"] for reply in replies) / 10**12
    again = start(tmp_path, first.config)
    try:
        assert again.metric("pointsman_requests_total", status_class="2xx") == 3
        assert again.metric("pointsman_tokens_total", kind="input_uncached") == 33
        assert again.metric("pointsman_cost_usd_total") == pytest.approx(dollars, rel=1e-9)
        again.row(again.ask("/v1/chat/completions", CHAT))
        assert again.metric("pointsman_requests_total", status_class="2xx") == 4
    finally:
        again.stop()


def test_a_kill_loses_no_request_and_doubles_none(settings, upstream, tmp_path):
    """What was under way is booked as unknown, with the estimate made before the call."""
    with gateway(tmp_path, settings) as first:
        answered = [first.ask("/v1/chat/completions", CHAT).told for _ in range(5)]
        arrived = len(upstream.arrived)
        hold = threading.Event()
        upstream.script = lambda asked, wire: hold.wait(20)
        wires = [first.open("/v1/chat/completions", CHAT) for _ in range(4)]
        wait_for(lambda: len(upstream.arrived) >= arrived + 4 or None)
        first.stop(signal.SIGKILL)
    hold.set()
    for wire in wires:
        wire.close()
    upstream.script = lambda asked, wire: wire.sendall(answer(USED))
    again = start(tmp_path, first.config)
    try:
        rows = wait_for(lambda: rows if len(rows := again.rows()) >= 9 else None)
        assert len(rows) == len({row["id"] for row in rows}) == 9
        assert {row["id"] for row in rows if row["outcome"] == "finished"} == set(answered)
        unknown = [row for row in rows if row["outcome"] == "unknown"]
        assert len(unknown) == 4
        assert all(not row["exact"] and row["picos"] == row["estimate_picos"] for row in unknown)
    finally:
        again.stop()


@pytest.mark.parametrize("how", ["watched", "signalled"])
def test_a_broken_config_changes_nothing_and_a_good_one_is_taken(settings, tmp_path, how):
    def written(text):
        running.config.write_text(text)
        if how == "signalled":
            os.kill(running.process.pid, signal.SIGHUP)

    with gateway(tmp_path, settings) as running:
        assert running.metric("pointsman_config_last_reload_success") == 1
        written("version: 1\nupstreams: {")
        wait_for(lambda: running.metric("pointsman_config_last_reload_success") == 0 or None)
        assert running.ask("/v1/chat/completions", CHAT).status == 200
        written(json.dumps({**settings, "models": {**settings["models"], "brand-new": {"upstream": "openai"}}}))
        wait_for(lambda: running.metric("pointsman_config_last_reload_success") == 1 or None)
        assert "brand-new" in [each["id"] for each in running.ask("/v1/models").json["data"]]
        assert running.ask("/v1/chat/completions", {**CHAT, "model": "brand-new"}).status == 200


def test_a_stop_lets_answers_finish(settings, upstream, tmp_path):
    go_on = threading.Event()

    def script(asked, wire):
        wire.sendall(head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}) + chunk(sse(CHUNK)[0]))
        go_on.wait(20)
        wire.sendall(chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")

    upstream.script = script
    with gateway(tmp_path, settings) as running:
        with running.open("/v1/chat/completions", {**CHAT, "stream": True}) as wire:
            said = wire.recv(4096)
            running.process.send_signal(signal.SIGTERM)
            threading.Timer(0.5, go_on.set).start()
            while part := wire.recv(4096):
                said += part
        assert said.endswith(b"0\r\n\r\n")
        assert b"[DONE]" in said
        assert running.stop() == 0
    (row,) = running.rows()
    assert row["outcome"] == "finished"


def test_open_to_others_without_keys_it_refuses_to_start(settings, tmp_path):
    with pytest.raises(AssertionError, match="refuses to start without team keys"), gateway(
        tmp_path, {**settings, "listen": {"host": "0.0.0.0"}}
    ):
        pass
