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


def whole_of(dialect: str, model: str) -> dict:
    """An answer to a long prompt."""
    if dialect == "messages":
        content = [{"type": "text", "text": "done"}]
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": content}
        return {**message, "stop_reason": "end_turn", "usage": USAGE["messages"]}
    if dialect == "responses":
        part = {"type": "output_text", "text": "done", "annotations": []}
        item = {"id": "msg_up", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
        whole = {"id": "resp_1", "object": "response", "model": model, "status": "completed"}
        return {**whole, "output": [item], "usage": USAGE["responses"]}
    choices = [{"index": 0, "message": {"role": "assistant", "content": "done"}, "finish_reason": "stop"}]
    whole = {"id": "c1", "object": "chat.completion", "created": 1, "model": model}
    return {**whole, "choices": choices, "usage": USAGE["chat"]}


def stream_of(dialect: str, model: str) -> bytes:
    """The same as events."""
    whole = whole_of(dialect, model)
    if dialect == "messages":
        events = sse(
            {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "done"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
            {"type": "message_stop"},
            names=True,
        )
    elif dialect == "responses":
        item = whole["output"][0]
        at = {"output_index": 0, "content_index": 0, "item_id": "msg_up"}
        begun = {**whole, "output": [], "status": "in_progress"}
        events = sse(
            {"type": "response.created", "sequence_number": 0, "response": begun},
            {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": item},
            {"type": "response.output_text.done", "sequence_number": 2, **at, "text": "done", "logprobs": []},
            {"type": "response.output_item.done", "sequence_number": 3, "output_index": 0, "item": item},
            {"type": "response.completed", "sequence_number": 4, "response": whole},
            names=True,
        )
    else:
        piece = {**whole, "object": "chat.completion.chunk"}
        del piece["usage"]
        events = sse(
            {**piece, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
            {**piece, "choices": [{"index": 0, "delta": {"content": "done"}, "finish_reason": None}]},
            {**piece, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {**piece, "choices": [], "usage": USAGE["chat"]},
        )
        events.append(b"data: [DONE]\n\n")
    return b"".join(events)


def scripted(asked, wire) -> None:
    """Answers in the dialect and the way it was asked."""
    body = asked.json
    dialect = next(each for each in USAGE if each in asked.target)
    if body.get("stream"):
        wire.sendall(answer(stream_of(dialect, body["model"]), headers={"content-type": "text/event-stream"}))
    else:
        wire.sendall(answer(json.dumps(whole_of(dialect, body["model"])).encode()))


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
def overnight(folder, warnings, *first, options=()):
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
        running = start(folder, running.config, options=options)
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


def text_of(dialect: str, body: dict) -> list[str]:
    """The texts of an answer, in order."""
    if dialect == "messages":
        return [block["text"] for block in body["content"]]
    if dialect == "responses":
        return [item["content"][0]["text"] for item in body["output"]]
    return body["choices"][0]["message"]["content"].split("\n\n")


def echo_of(dialect: str, body: dict) -> list[dict]:
    """An answer as a client sends it back."""
    if dialect == "messages":
        return [{"role": "assistant", "content": body["content"]}]
    return body["output"] if dialect == "responses" else [body["choices"][0]["message"]]


@pytest.mark.parametrize(("dialect", "headers"), [("messages", CLAUDE), ("responses", CODEX), ("chat", OPENCODE)])
def test_a_notice_is_shown_once_and_never_seen_by_the_provider(tmp_path, dialect, headers):
    name = "input" if dialect == "responses" else "messages"
    with overnight(tmp_path, {"inline": True}, (dialect, headers)) as night:
        reply = night.ask(dialect, headers, "fix it", "done", "and now?")
        texts = text_of(dialect, reply.json)
        assert texts[0].startswith("[Pointsman notice ")
        assert reply.headers["x-pointsman-warning"] in texts[0]
        assert texts[1] == "done"
        night.running.row(reply)
        path, body = prompt(dialect, "fix it", "done", "and now?")
        body[name] += [*echo_of(dialect, reply.json), {"role": "user", "content": "more"}]
        night.running.stop()
        again = start(tmp_path, night.running.config)
        try:
            more = again.ask(path, body, headers)
            assert text_of(dialect, more.json) == ["done"], "once"
            seen = night.upstream.arrived[-1].json[name]
            assert "Pointsman" not in json.dumps(seen)
            assert seen == [*body[name][:3], *echo_of(dialect, whole_of(dialect, "m")), {"role": "user", "content": "more"}]
            assert more.headers["x-pointsman-cache"] in ("warm", "cooling"), "the prompt is what the provider knows"
        finally:
            again.stop()


@pytest.mark.parametrize(("dialect", "headers"), [("messages", CLAUDE), ("responses", CODEX), ("chat", OPENCODE)])
def test_a_notice_in_a_stream(tmp_path, dialect, headers):
    with overnight(tmp_path, {"inline": True}, (dialect, headers)) as night:
        reply = night.ask(dialect, headers, "fix it", "done", "and now?", stream=True)
        assert reply.body.index(b"[Pointsman notice ") < reply.body.rindex(b"done")
        assert reply.body.count(b"[DONE]") == (1 if dialect == "chat" else 0)
        assert night.running.row(reply)["output"] == 9


def test_two_workers_ask_once_between_them(tmp_path):
    with overnight(tmp_path, {"ask_first": True}, ("messages", CLAUDE), options=("--workers", "2")) as night:
        asked = [night.ask("messages", CLAUDE, "fix it", "done", "and now?") for _ in range(6)]
        assert [reply.status for reply in asked] == [429] + [200] * 5
        assert len(night.upstream.arrived) == 5
