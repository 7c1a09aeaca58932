"""A provider that is asked why its cache missed, in both dialects: against the simulated one, which knows."""

import contextlib
import json
import os
import subprocess
import sys

import pytest

from tests.line.rig import ROOT, Upstream, answer, gateway

RULES = " Mind the gap between the train and the platform." * 400
MARKED = {"cache_control": {"type": "ephemeral"}}
KINDS = ["responses", "messages"]


def tool(name: str) -> dict:
    return {"name": name, "description": f"{name} a file.", "input_schema": {"type": "object"}}


def body(kind: str, tools: str, turns: int = 1, stream: bool = False, thread: str = "one") -> dict:
    talk = [{"role": "assistant" if each % 2 else "user", "content": f"turn {each}"} for each in range(2 * turns - 1)]
    if kind == "messages":
        system = [{"type": "text", "text": thread + RULES, **MARKED}]
        rest = {"max_tokens": 50, "tools": [tool(tools)], "system": system, "messages": talk}
    else:
        offered = [{"type": "function", "name": tools, "parameters": {"type": "object"}}]
        rest = {"tools": offered, "instructions": thread + RULES, "input": talk, "prompt_cache_key": thread}
    return {"model": "claude-opus-5-5" if kind == "messages" else "gpt-6.1-sol", "stream": stream, **rest}


def whose(kind: str, thread: str = "one") -> dict:
    if kind == "messages":
        return {"user-agent": "claude-cli/2.1.330 (external, cli)", "x-claude-code-session-id": thread}
    return {"user-agent": "codex_cli_rs/0.169.0", "session_id": thread, "thread-id": thread}


def config(url: str, **more) -> dict:
    common = {"url": url, "key": "k", **more}
    return {
        "version": 1,
        "upstreams": {
            "openai": {**common, "provider": "openai", "dialects": ["responses"]},
            "anthropic": {**common, "provider": "anthropic", "dialects": ["messages"]},
        },
        "models": {"gpt-*": {"upstream": "openai"}, "claude-*": {"upstream": "anthropic"}},
        "routes": {"code": {"model": "gpt-6.1-sol", "by_dialect": {"messages": "claude-opus-5-5"}}},
        "routing": {"default": "code"},
    }


@contextlib.contextmanager
def provider():
    command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--seed", "7"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    try:
        yield next(line for line in running.stdout if "base URL" in line).split()[-1]
    finally:
        running.terminate()
        running.wait(10)
        running.stdout.close()


@pytest.fixture(scope="module")
def asking(tmp_path_factory):
    """A gateway that always asks."""
    with provider() as url, gateway(tmp_path_factory.mktemp("asking"), config(url, diagnostics=1)) as running:
        yield running


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_tools_is_called_so_by_both(asking, kind, stream):
    thread = f"{kind}-{stream}"
    provider_ = "anthropic" if kind == "messages" else "openai"

    def ask(tools, turns):
        reply = asking.ask(f"/v1/{kind}", body(kind, tools, turns, stream, thread), whose(kind, thread))
        assert reply.status == 200, reply.body
        return reply, asking.row(reply)

    def agree(ours, theirs):
        name = "pointsman_cache_diagnoses_total"
        return asking.metric(name, provider=provider_, ours=ours, theirs=theirs)

    unchanged, changed = agree("unchanged", "unchanged"), agree("tools_changed", "tools_changed")
    reply, _ = ask("read", 1)
    assert b"diagnostics" not in reply.body
    _, row = ask("read", 2)
    assert row["cache_observed"] == "hit"
    assert agree("unchanged", "unchanged") == unchanged + 1
    reply, row = ask("write", 3)
    assert b"tools_changed" in reply.body
    assert (row["cache_state"], row["cache_cause"], row["breaker"]) == ("broken", "tools_changed", "tools_changed")
    assert agree("tools_changed", "tools_changed") == changed + 1
    assert row["wasted_cause"] == "tools_changed"


def test_what_only_the_provider_sees_becomes_the_cause(asking):
    """Another `prompt_cache_key` is no part of the prompt; OpenAI keeps its entries apart by it."""
    who = whose("responses", "moved")
    first = {**body("responses", "read", 1, thread="moved"), "prompt_cache_key": "here"}
    later = {**body("responses", "read", 2, thread="moved"), "prompt_cache_key": "there"}
    asking.row(asking.ask("/v1/responses", first, who))
    row = asking.row(asking.ask("/v1/responses", later, who))
    assert row["cache_cause"] == "affinity"


def test_a_model_that_would_refuse_the_question_is_not_asked(asking):
    """Up to GPT-5.5 OpenAI answers it with status 400; the simulated provider does too."""
    older = {"model": "gpt-5.5", "prompt_cache_options": {"comparison_response_id": "resp_1"}}
    refused = asking.ask("/v1/responses", {**body("responses", "read", 1, thread="refused"), **older}, whose("responses", "refused"))
    assert (refused.status, b"prompt_cache_options" in refused.body) == (400, True)
    for turns in (1, 2):
        asked = {**body("responses", "read", turns, thread="older"), "model": "gpt-5.5"}
        reply = asking.ask("/v1/responses", asked, whose("responses", "older"))
        assert reply.status == 200, reply.body
        asking.row(reply)


def test_a_clients_own_question_stays_its_own(asking):
    who = whose("messages", "own")
    first = asking.ask("/v1/messages", body("messages", "read", 1, thread="own"), who)
    asking.row(first)
    asked = {**body("messages", "write", 2, thread="own"), "diagnostics": {"previous_message_id": "msg_of_another"}}
    reply = asking.ask("/v1/messages", asked, who)
    assert reply.json["diagnostics"]["cache_miss_reason"]["type"] == "previous_message_not_found"
    assert asking.row(reply)["cache_cause"] == "tools_changed"


ANSWERS = {
    "responses": {"id": "resp_1", "object": "response", "model": "gpt-6.1-sol", "status": "completed", "output": [],
                  "usage": {"input_tokens": 9000, "output_tokens": 1, "total_tokens": 9001,
                            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 9000}}},
    "messages": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5-5", "content": [],
                 "stop_reason": "end_turn",
                 "usage": {"input_tokens": 10, "output_tokens": 1, "cache_creation_input_tokens": 9000}},
}  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"diagnostics": 1}])
@pytest.mark.parametrize("kind", KINDS)
def test_unless_it_is_told_to_ask_the_gateway_changes_no_byte(tmp_path, kind, more):
    upstream = Upstream()
    upstream.script = lambda asked, wire: wire.sendall(answer(json.dumps(ANSWERS[kind]).encode()))
    sent = [json.dumps(body(kind, "read", turns), indent=1).encode() for turns in (1, 2)]
    with contextlib.closing(upstream), gateway(tmp_path, config(upstream.url, **more)) as running:
        for each in sent:
            running.row(running.ask(f"/v1/{kind}", each, whose(kind)))
    first, second = upstream.arrived
    assert first.body == sent[0]
    if not more:
        assert second.body == sent[1]
        return
    asked = {"prompt_cache_options": {"comparison_response_id": "resp_1"}, "diagnostics": {"previous_message_id": "msg_1"}}
    name = "diagnostics" if kind == "messages" else "prompt_cache_options"
    assert second.json == {**json.loads(sent[1]), name: asked[name]}


def test_a_prompt_with_signed_thinking_is_left_alone(tmp_path):
    upstream = Upstream()
    upstream.script = lambda asked, wire: wire.sendall(answer(json.dumps(ANSWERS["messages"]).encode()))
    signed = body("messages", "read", 2)
    signed["messages"][1]["content"] = [{"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"}]
    with contextlib.closing(upstream), gateway(tmp_path, config(upstream.url, diagnostics=1)) as running:
        for each in (body("messages", "read", 1), signed):
            running.row(running.ask("/v1/messages", each, whose("messages")))
    assert upstream.arrived[1].body == json.dumps(signed).encode()
