"""A thread that leaves the choice to the gateway goes between two models, by what their caches and prices say."""

import contextlib
import json

import pytest

from tests.line.conftest import config
from tests.line.rig import Upstream, answer, gateway

SESSION = {"x-session-id": "ses_1", "user-agent": "opencode/1.18.33"}
CODE = "Fix the failing test in tests/test_parser.py: TypeError in parse()\n```python\ndef parse(x):\n    return x + 1\n```"
PICTURE = [
    {"type": "text", "text": "What is shown here?"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
]
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("bash", "edit", "read_file")]


def scripted(asked, wire) -> None:
    """A long prompt that is always read from the cache but for its last thousand tokens."""
    usage = {"prompt_tokens": 120_000, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 119_000}}
    message = {"role": "assistant", "content": "done"}
    body = {"id": "c", "object": "chat.completion", "model": asked.json["model"], "usage": usage}
    wire.sendall(answer(json.dumps({**body, "choices": [{"index": 0, "message": message}]}).encode()))


@contextlib.contextmanager
def routed(folder, code: str, general: str, **more):
    upstream = Upstream()
    upstream.script = scripted
    settings = {**config(upstream, upstream, upstream), "teams": {}}
    settings["models"] |= {code: {"upstream": "openai", **more}}
    settings["routes"] = {"code": {"model": code}, "general": {"model": general}}
    settings["routing"]["demanding"] = ["code"]
    try:
        with gateway(folder, settings) as running:
            yield running
    finally:
        upstream.close()


def asked(running, *talk):
    turns = [{"role": "user" if number % 2 == 0 else "assistant", "content": text} for number, text in enumerate(talk)]
    reply = running.ask("/v1/chat/completions", {"model": "auto", "tools": TOOLS, "messages": turns}, SESSION)
    assert reply.status == 200
    return reply, running.row(reply)


def where(row) -> tuple:
    return row["model"], row["source"], row["reason"]


def test_a_picture_in_a_code_thread_goes_to_a_model_at_a_twentieth_and_code_comes_back_to_its_cache(tmp_path):
    with routed(tmp_path, "gpt-6.1-sol", "gpt-6-luna") as running:
        _, first = asked(running, CODE)
        assert first["model"] == "gpt-6.1-sol"
        reply, row = asked(running, CODE, "done", PICTURE)
        assert where(row) == ("gpt-6-luna", "classifier", "saves_more")
        assert (row["instead"], row["instead_picos"] > 0) == ("gpt-6.1-sol", True)
        assert row["moved_from"] == "openai/gpt-6.1-sol"
        assert reply.headers["x-pointsman-reason"].startswith("classifier;saves_more,image_to_visual_description")
        reply, row = asked(running, CODE, "done", PICTURE, "a cat", CODE)
        assert where(row) == ("gpt-6.1-sol", "classifier", "work_demands")
        assert reply.headers["x-pointsman-cache"] in ("warm", "cooling")
        assert int(reply.headers["x-pointsman-cache-expected-read-tokens"]) > 100_000, "what it had before is still there"
        assert running.metric("pointsman_route_switches_total", **{"from": "code", "to": "general"}) == 1
        assert running.metric("pointsman_routing_decisions_total", reason="work_demands") == 1


@pytest.mark.parametrize(("images", "word"), [(True, "cache_worth_more"), (False, "cannot_take")])
def test_at_half_the_price_a_picture_stays_where_the_cache_is_unless_the_model_is_blind(tmp_path, images, word):
    with routed(tmp_path, "gpt-6.1-sol", "gpt-6.1-terra", images=images) as running:
        asked(running, CODE)
        _, row = asked(running, CODE, "done", PICTURE)
        assert row["reason"] == word
        assert row["model"] == ("gpt-6.1-sol" if images else "gpt-6.1-terra")
        assert row["instead_picos"] is not None


def test_opaque_state_keeps_a_thread(tmp_path):
    upstream = Upstream()
    usage = {"input_tokens": 120_000, "output_tokens": 9, "input_tokens_details": {"cached_tokens": 119_000}}
    upstream.script = lambda asked, wire: wire.sendall(
        answer(json.dumps({"id": "r", "object": "response", "model": asked.json["model"], "output": [], "usage": usage}).encode())
    )
    settings = {**config(upstream, upstream, upstream), "teams": {}}
    try:
        with gateway(tmp_path, settings) as running:
            headers = {"thread-id": "01a2", "originator": "codex-tui"}
            talk = [{"role": "user", "content": CODE}]
            body = {"model": "auto", "tools": [{"type": "function", "name": "shell"}], "input": talk}
            assert running.row(running.ask("/v1/responses", body, headers))["model"] == "gpt-6.1-sol"
            picture = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}
            body["input"] = [
                *talk,
                {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"},
                {"role": "user", "content": [{"type": "input_text", "text": "What is this?"}, picture]},
            ]
            row = running.row(running.ask("/v1/responses", body, headers))
            assert where(row) == ("gpt-6.1-sol", "sticky", "opaque_state")
            told = running.ask("/pointsman/explain", {"dialect": "responses", "headers": headers, "request": body}).json
            assert told["reasons"][0]["word"] == "opaque_state"
            assert told["instead"]["model"] == "gpt-6-luna"
    finally:
        upstream.close()
