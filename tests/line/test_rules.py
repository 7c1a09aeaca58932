"""Rules seen from outside: what they ask of a thread's past, what they say to the client, what they only note."""

import json

from tests.line.conftest import KEYS, config
from tests.line.rig import Upstream, answer, gateway

RULES = [
    {"name": "greet", "when": {"dialect": "messages"}, "then": {"warn": "Messages is being retired"}, "because": "policy"},
    {"name": "try-out", "when": {"idle_over_s": 0.0}, "then": {"route": "general", "shadow": True}, "because": "a trial"},
    {"name": "ticket", "when": {"regex": r"(?i)\bABC-\d{1,4}\b"}, "then": {"route": "code"}, "because": "tickets"},
    {"name": "stuck", "when": {"thread_age_under_s": 600}, "then": {"refuse": "one turn only"}, "because": "a limit"},
]
USAGE = {"prompt_tokens": 40, "completion_tokens": 3, "total_tokens": 43}
MESSAGE = {"id": "c", "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}


def said(*turns: str) -> dict:
    return {"model": "auto", "messages": [{"role": "user", "content": turn} for turn in turns]}


def test_a_routes_effort_reaches_the_model_in_its_own_words(tmp_path):
    upstream, chat = Upstream(), Upstream()
    for each in (upstream, chat):
        each.script = lambda asked, wire: wire.sendall(answer(json.dumps({**MESSAGE, "usage": USAGE}).encode()))
    settings = {**config(upstream, upstream, chat), "teams": {}}
    settings["routes"]["code"]["effort"] = "high"
    settings["rules"] = [{"name": "cheap", "when": {"model": "local"}, "then": {"effort": "low"}}]
    turn = [{"role": "user", "content": "Write a function that adds two numbers."}]
    with gateway(tmp_path, settings) as running:

        def arrives(path: str, body: dict) -> dict:
            assert running.ask(path, body).status == 200
            return (chat if body["model"] == "local" else upstream).arrived[-1].json

        asked = {"model": "code", "messages": turn, "reasoning_effort": "minimal"}
        assert arrives("/v1/chat/completions", asked) == {**asked, "model": "gpt-6.1-sol", "reasoning_effort": "high"}
        asked = {"model": "code", "input": "Write one.", "reasoning": {"summary": "auto"}}
        assert arrives("/v1/responses", asked)["reasoning"] == {"summary": "auto", "effort": "high"}
        assert arrives("/v1/messages", {"model": "code", "max_tokens": 9, "messages": turn})["output_config"] == {"effort": "high"}
        explicit = {"model": "gpt-6.1-sol", "messages": turn, "reasoning_effort": "minimal"}
        assert arrives("/v1/chat/completions", explicit) == explicit
        assert arrives("/v1/responses", {"model": "local", "input": "Write one."})["reasoning_effort"] == "low"


def test_a_dear_resume_is_asked_about_once(tmp_path):
    upstream = Upstream()
    usage = {"prompt_tokens": 400_000, "completion_tokens": 3, "total_tokens": 400_003}
    upstream.script = lambda asked, wire: wire.sendall(answer(json.dumps({**MESSAGE, "usage": usage}).encode()))
    rule = {"name": "dear", "when": {"resume_over_usd": 0.05}, "then": {"ask": "This thread is dear. Go on?"}}
    settings = {**config(upstream, upstream, upstream), "teams": {}, "rules": [rule]}
    who = {"x-pointsman-thread": "one"}
    with gateway(tmp_path, settings) as running:
        first = running.ask("/v1/chat/completions", {**said("Hello."), "model": "gpt-6.1-sol"}, who)
        assert first.status == 200, "a thread without a past costs nothing to resume"
        running.row(first)
        again = {**said("Hello.", "And then?"), "model": "gpt-6.1-sol"}
        asked = running.ask("/v1/chat/completions", again, who)
        assert (asked.status, asked.json["error"]["code"]) == (400, "asked_by_rule")
        assert asked.json["error"]["message"].startswith("This thread is dear. Go on?")
        assert asked.headers["x-should-retry"] == "false"
        assert len(upstream.arrived) == 1
        assert running.metric("pointsman_refusals_total", refusal="rule_asks") == 1
        assert running.ask("/v1/chat/completions", again, who).status == 200
        another = {**said("Hello.", "Something else?"), "model": "gpt-6.1-sol"}
        assert running.ask("/v1/chat/completions", another, who).status == 400


def test_rules_about_a_thread_warn_note_and_refuse(tmp_path):
    upstream = Upstream()
    upstream.script = lambda asked, wire: wire.sendall(answer(json.dumps({**MESSAGE, "usage": USAGE}).encode()))
    settings = {**config(upstream, upstream, upstream), "rules": RULES}
    who = {"authorization": f"Bearer {KEYS['payments']}", "x-pointsman-thread": "one"}
    with gateway(tmp_path, settings) as running:
        first = running.ask("/v1/chat/completions", said("How is the weather on Mars, in a poem?"), who)
        assert (first.status, first.headers["x-pointsman-route"]) == (200, "general")
        assert "x-pointsman-warning" not in first.headers
        assert running.metric("pointsman_shadow_rules_total") == 0  # a thread without a past has no idle time
        running.row(first)
        second = running.ask("/v1/chat/completions", said("How is the weather on Mars, in a poem?", "See abc-12."), who)
        assert (second.status, second.headers["x-pointsman-route"]) == (200, "code")
        assert running.metric("pointsman_shadow_rules_total", rule="try-out", differs="yes") == 1
        running.row(second)
        third = running.ask("/v1/chat/completions", said("How is the weather on Mars, in a poem?", "And now?"), who)
        assert third.status == 403
        assert "one turn only" in third.json["error"]["message"]
        asked = {"model": "auto", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello there"}]}
        warned = running.ask("/v1/messages", asked, {"x-api-key": KEYS["search"]})
        assert warned.headers["x-pointsman-warning"] == "Messages is being retired"
