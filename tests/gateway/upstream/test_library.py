"""What LiteLLM makes of requests, as far as the translation counts on it."""

import json
import logging
import sys
import warnings
from pathlib import Path

import pytest

from gateway.upstream.library import Library
from gateway.upstream.translate import CHAT, NotTranslatable, readable, settings, settled, shape_of
from gateway.wire.types import Translate

RECORDINGS = Path(__file__).parents[4] / "shared" / "data" / "clients"
DIALECTS = {"/v1/chat/completions": "chat", "/v1/responses": "responses", "/v1/messages": "messages"}
NAMES = sorted(path.stem for path in RECORDINGS.glob("*.json") if path.stem != "INDEX")
HI = {"role": "user", "content": "hi"}
CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "a", "output": "r"}


@pytest.fixture(scope="module")
def library():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Library()


def chat(library, dialect, speaks, asked, provider="vllm"):
    translate = Translate(dialect, speaks, "qwen" if speaks == "chat" else "claude-opus-5-5", "http://h:1/v1", "k", False, provider)
    body = readable(translate, asked)
    made, names = library.as_chat(shape_of(translate, asked), body, settings(translate, []))
    return settled(translate, made, asked), names


def test_it_is_quiet(library):
    litellm = sys.modules["litellm"]
    assert not litellm.telemetry
    assert not litellm.callbacks
    assert not litellm.success_callback
    assert litellm.num_retries == 0
    assert logging.getLogger("LiteLLM").disabled
    assert "litellm.proxy.proxy_server" not in sys.modules
    assert "mcp" not in sys.modules


def test_calls_made_together_stay_together(library):
    items = [HI, CALL, {**CALL, "call_id": "b"}, OUTPUT, {**OUTPUT, "call_id": "b"}]
    made, _ = chat(library, "responses", "chat", {"input": items})
    assert [message["role"] for message in made["messages"]] == ["user", "assistant", "tool", "tool"]
    assert [call["id"] for call in made["messages"][1]["tool_calls"]] == ["a", "b"]


def test_namespaces_and_grammars_become_functions(library):
    inner = [{"type": "function", "name": "f", "parameters": {}}]
    tools = [{"type": "namespace", "name": "fs", "tools": inner}, {"type": "custom", "name": "patch", "description": "d"}]
    patch = {"type": "custom_tool_call", "call_id": "p", "name": "patch", "input": "*** Begin"}
    done = {"type": "custom_tool_call_output", "call_id": "p", "output": "ok"}
    made, _ = chat(library, "responses", "chat", {"input": [HI, {**CALL, "namespace": "fs"}, OUTPUT, patch, done], "tools": tools})
    assert [tool["function"]["name"] for tool in made["tools"]] == ["fs__f", "patch"]
    assert list(made["tools"][1]["function"]["parameters"]["properties"]) == ["content"]
    calls = [call["function"] for message in made["messages"] for call in message.get("tool_calls", [])]
    assert calls == [{"name": "fs__f", "arguments": "{}"}, {"name": "patch", "arguments": '{"content": "*** Begin"}'}]


def test_our_own_reasoning_goes_back(library):
    item = {"type": "reasoning", "id": "rs_1_0", "summary": [{"type": "summary_text", "text": "hm"}]}
    made, _ = chat(library, "responses", "chat", {"input": [HI, item, CALL, OUTPUT]})
    assert made["messages"][1]["reasoning_content"] == "hm"
    sealed = '[{"type":"thinking","thinking":"hm","signature":"c2ln"}]'
    made, _ = chat(library, "responses", "messages", {"input": [HI, {**item, "encrypted_content": sealed}, CALL, OUTPUT]})
    assert made["messages"][1]["thinking_blocks"] == [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}]
    made, _ = chat(library, "responses", "messages", {"input": [HI, {**item, "encrypted_content": "gAAAA"}, CALL, OUTPUT]})
    assert "thinking_blocks" not in made["messages"][1]


def test_unsigned_thinking_goes_back(library):
    content = [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "tool_use", "id": "t", "name": "f", "input": {}}]
    result = [{"type": "tool_result", "tool_use_id": "t", "content": "boom", "is_error": True}]
    asked = {"max_tokens": 9, "messages": [HI, {"role": "assistant", "content": content}, {"role": "user", "content": result}]}
    made, _ = chat(library, "messages", "chat", asked)
    assert made["messages"][1]["reasoning_content"] == "hm"
    assert made["messages"][2] == {"role": "tool", "tool_call_id": "t", "content": "boom"}


def test_long_names_are_cut_and_remembered(library):
    long = "mcp__" + "x" * 80
    made, names = chat(library, "messages", "chat", {"max_tokens": 9, "messages": [HI], "tools": [{"name": long, "input_schema": {}}]})
    short = made["tools"][0]["function"]["name"]
    assert len(short) <= 64
    assert names == {short: long}


@pytest.mark.parametrize(
    ("dialect", "asked"),
    [
        ("responses", {"input": [HI], "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}}),
        ("messages", {"max_tokens": 9, "messages": [HI], "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}),
    ],
)
def test_schemas_of_answers(library, dialect, asked):
    made, _ = chat(library, dialect, "chat", asked)
    assert made["response_format"]["type"] == "json_schema"
    assert made["response_format"]["json_schema"]["schema"]["type"] == "object"


@pytest.mark.parametrize(
    ("asked", "effort"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 20000}}, "high"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "high"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, "low"),
    ],
)
def test_thinking_is_an_effort(library, asked, effort):
    made, _ = chat(library, "messages", "chat", {"max_tokens": 9, "messages": [HI], **asked})
    assert made["reasoning_effort"] == effort


def test_the_session_is_openais_cache_key(library):
    asked = {"max_tokens": 9, "messages": [HI], "metadata": {"user_id": '{"session_id":"s-1","device_id":"d"}'}}
    made, _ = chat(library, "messages", "chat", asked, "openai")
    assert made["prompt_cache_key"] == "s-1"
    assert "user" not in made
    assert "prompt_cache_key" not in chat(library, "messages", "chat", asked)[0]


@pytest.mark.skipif(not NAMES, reason="no recordings of clients beside the repository")
@pytest.mark.parametrize("name", NAMES)
def test_whatever_real_clients_send_is_translated(library, name):
    for recorded in json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))["requests"]:
        dialect = DIALECTS.get(recorded["path"].partition("?")[0])
        asked = recorded.get("body")
        if dialect is None or not isinstance(asked, dict):
            continue
        for speaks in {"chat", "messages"} - {dialect}:
            if asked.get("previous_response_id") or "compaction_trigger" in json.dumps(asked):
                with pytest.raises(NotTranslatable):
                    chat(library, dialect, speaks, asked)
                continue
            made, _ = chat(library, dialect, speaks, asked)
            assert made["messages"]
            assert set(made) <= CHAT
            assert "x-anthropic-billing-header" not in json.dumps(made)
