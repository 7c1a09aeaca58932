"""A thread that lay overnight is resumed: who is told, how, how often, and what the provider sees of it."""

import json
from contextlib import contextmanager

import pytest

from tests.line.aging import age
from tests.line.conftest import config
from tests.line.rig import Upstream, answer, gateway, sse, start

HOURS = 15 * 3600
CLAUDE = {"x-claude-code-session-id": "7d7e", "user-agent": "claude-cli/2.1.330 (external, cli)"}
CODEX = {"originator": "codex-tui", "thread-id": "01a2-thread", "user-agent": "codex-tui/0.169.0"}
OPENCODE = {"user-agent": "opencode/1.18.33", "x-session-id": "ses_1"}
USAGE = {
    "messages": {"input_tokens": 5, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 120_000, "output_tokens": 9},
    "chat": {"prompt_tokens": 150_000, "completion_tokens": 9, "total_tokens": 150_009},
    "responses": {"input_tokens": 150_000, "output_tokens": 9, "total_tokens": 150_009},
}


def scripted(asked, wire) -> None:
    """A whole answer or a stream in the dialect it was asked in, always for a long prompt."""
    body = asked.json
    if "messages" in asked.target:
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": []}
        text = {"type": "text", "text": "done"}
        if not body.get("stream"):
            wire.sendall(answer(json.dumps({**message, "content": [text], "usage": USAGE["messages"]}).encode()))
            return
        events = sse(
            {"type": "message_start", "message": {**message, "usage": USAGE["messages"]}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "done"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
            {"type": "message_stop"},
            names=True,
        )
    elif "responses" in asked.target:
        item = {"id": "msg_up", "type": "message", "role": "assistant", "status": "completed"}
        part = {"type": "output_text", "text": "done", "annotations": []}
        whole = {"id": "resp_1", "object": "response", "model": body["model"], "status": "completed"}
        done = {**whole, "output": [{**item, "content": [part]}], "usage": USAGE["responses"]}
        if not body.get("stream"):
            wire.sendall(answer(json.dumps(done).encode()))
            return
        events = sse(
            {"type": "response.created", "sequence_number": 0, "response": {**whole, "output": []}},
            {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": {**item, "content": []}},
            {"type": "response.output_text.delta", "sequence_number": 2, "output_index": 0, "content_index": 0, "item_id": "msg_up", "delta": "done"},
            {"type": "response.output_item.done", "sequence_number": 3, "output_index": 0, "item": {**item, "content": [part]}},
            {"type": "response.completed", "sequence_number": 4, "response": done},
            names=True,
        )
    else:
        whole = {"id": "c1", "object": "chat.completion", "created": 1, "model": body["model"]}
        if not body.get("stream"):
            message = {"role": "assistant", "content": "done"}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            wire.sendall(answer(json.dumps({**whole, "choices": choices, "usage": USAGE["chat"]}).encode()))
            return
        piece = {**whole, "object": "chat.completion.chunk"}
        events = sse(
            {**piece, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
            {**piece, "choices": [{"index": 0, "delta": {"content": "done"}, "finish_reason": None}]},
            {**piece, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {**piece, "choices": [], "usage": USAGE["chat"]},
        )
        events.append(b"data: [DONE]\n\n")
    data = b"".join(events)
    wire.sendall(answer(data, headers={"content-type": "text/event-stream"}))


def prompt(dialect: str, *talk: str, stream: bool = False) -> tuple[str, dict]:
    """A path and a body that grows at its end."""
    turns = [{"role": "user" if number % 2 == 0 else "assistant", "content": text} for number, text in enumerate(talk)]
    if dialect == "messages":
        system = [{"type": "text", "text": "s" * 4000, "cache_control": {"type": "ephemeral"}}]
        tools = [{"name": "Bash", "input_schema": {"type": "object"}}]
        body = {"model": "claude-opus-5-5", "max_tokens": 9, "system": system, "tools": tools, "messages": turns}
        return "/v1/messages", {**body, "stream": stream}
    tools = [{"type": "function", "name": "shell", "function": {"name": "shell"}, "parameters": {}}]
    if dialect == "responses":
        return "/v1/responses", {"model": "gpt-5.5", "instructions": "i" * 4000, "tools": tools, "input": turns, "stream": stream}
    return "/v1/chat/completions", {"model": "gpt-5.5", "tools": tools, "messages": turns, "stream": stream}


class Overnight:
    """A gateway whose threads were talked to yesterday."""

    def __init__(self, running, upstream) -> None:
        self.running = running
        self.upstream = upstream

    def ask(self, dialect, headers, *talk, stream=False, **more):
        path, body = prompt(dialect, *talk, stream=stream)
        return self.running.ask(path, {**body, **more}, headers)


@contextmanager
def overnight(folder, warnings, *first):
    """`first` are dialect and headers of the threads that spoke before the night."""
    upstream = Upstream()
    upstream.script = scripted
    settings = {**config(upstream, upstream, upstream), "teams": {}, "warnings": warnings}
    try:
        with gateway(folder, settings) as running:
            for dialect, headers in first:
                path, body = prompt(dialect, "fix it")
                reply = running.ask(path, body, headers)
                assert "x-pointsman-warning" not in reply.headers
                running.row(reply)
        assert age(folder / "home", HOURS) == len({str(each) for each in first})
        upstream.arrived.clear()
        running = start(folder, running.config)
        try:
            yield Overnight(running, upstream)
        finally:
            running.stop()
    finally:
        upstream.close()


def test_headers_metrics_log_and_page_always_tell_and_once(tmp_path):
    with overnight(tmp_path, {}, ("messages", CLAUDE)) as night:
        page = night.running.ask("/pointsman/threads").json["threads"][0]
        assert page["warning"].startswith("Idle for 15 h: about 120,005 tokens are no longer cached")
        assert set(page["resume_usd"]) == {"warm", "cold", "compact", "fresh"}
        reply = night.ask("messages", CLAUDE, "fix it", "done", "and now?")
        assert reply.headers["x-pointsman-warning"] == page["warning"]
        assert reply.headers["x-pointsman-resume-usd"].startswith("go_on=0.")
        assert reply.json["content"] == [{"type": "text", "text": "done"}], "an answer is left alone unless it was asked for"
        assert night.running.metric("pointsman_warnings_total", client="claude-code", channel="header") == 1
        assert 0.3 < night.running.metric("pointsman_warned_cost_usd_total", channel="header") < 2
        told = [line for line in night.running.output if "cold resume:" in line]
        assert len(told) == 1
        assert "client=claude-code" in told[0]
        assert "7d7e" not in told[0], "no id of anybody's session"
        night.running.row(reply)
        again = night.ask("messages", CLAUDE, "fix it", "done", "and now?", "done", "more")
        assert "x-pointsman-warning" not in again.headers


@pytest.mark.parametrize(
    "aside",
    [
        ("messages", {**CLAUDE, "x-claude-code-request-class": "auxiliary"}, {}),
        ("messages", {**CLAUDE, "x-claude-code-request-class": "subagent", "x-claude-code-agent-id": "a1"}, {}),
        ("messages", CLAUDE, {"output_config": {"format": {"type": "json_schema", "schema": {}}}}),
    ],
    ids=["title", "sub-agent", "structured"],
)
def test_requests_beside_the_work_are_not_warned(tmp_path, aside):
    dialect, headers, more = aside
    with overnight(tmp_path, {"ask_first": True, "inline": True}, ("messages", CLAUDE), (dialect, headers)) as night:
        reply = night.ask(dialect, headers, "fix it", "done", "name this", **more)
        assert reply.status == 200
        assert "x-pointsman-warning" not in reply.headers
        assert reply.json["content"] == [{"type": "text", "text": "done"}]


@pytest.mark.parametrize(("dialect", "headers"), [("messages", CLAUDE), ("responses", CODEX), ("chat", OPENCODE)])
def test_the_gate_asks_once_and_lets_the_same_request_pass_even_after_a_restart(tmp_path, dialect, headers):
    with overnight(tmp_path, {"ask_first": True}, (dialect, headers)) as night:
        asked = night.ask(dialect, headers, "fix it", "done", "and now?", stream=True)
        assert b"Going on costs $" in asked.body
        assert b"Send it again to go on" in asked.body
        assert night.upstream.arrived == []
        assert night.running.metric("pointsman_refusals_total", refusal="cold_resume") == 1
        night.running.stop()
        again = start(tmp_path, night.running.config)
        try:
            path, body = prompt(dialect, "fix it", "done", "and now?", stream=True)
            passed = again.ask(path, body, headers)
            assert (passed.status, b"done" in passed.body) == (200, True)
            assert len(night.upstream.arrived) == 1
        finally:
            again.stop()


def test_the_gate_never_stops_a_script_or_an_agent_at_work(tmp_path):
    script = {**CLAUDE, "user-agent": "claude-cli/2.1.330 (external, sdk-cli)", "x-claude-code-session-id": "script"}
    with overnight(tmp_path, {"ask_first": True}, ("messages", script), ("messages", CLAUDE)) as night:
        assert night.ask("messages", script, "fix it", "done", "and now?").status == 200
        path, body = prompt("messages", "fix it", "done")
        body["messages"][1]["content"] = [{"type": "tool_use", "id": "t1", "name": "Bash", "input": {}}]
        body["messages"].append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "ok"}]})
        working = night.running.ask(path, body, CLAUDE)
        assert working.status == 200
        assert "x-pointsman-warning" in working.headers
