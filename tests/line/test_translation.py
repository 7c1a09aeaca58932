"""Callers of every dialect at upstreams that do not speak it, read by the vendors' own SDKs; the provider's bill is the judge."""

import json
import subprocess
import sys
import urllib.request

import pytest
from anthropic import Anthropic, BadRequestError, RateLimitError
from openai import OpenAI
from openai import RateLimitError as OpenAIRateLimitError

from gateway.dialects.sse import events
from tests.line.rig import ROOT, Upstream, gateway, wait_for

SAY = "[[say: spoken across]]"
TOOL = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CALL = '[[tool: weather {"city": "Lima"}]]'


@pytest.fixture(scope="module")
def provider():
    with subprocess.Popen(
        [sys.executable, "-m", "gateway", "simulate", "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        yield next(line for line in process.stdout if "base URL" in line).split()[-1]
        process.terminate()


@pytest.fixture(scope="module")
def recorder():
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture(scope="module")
def across(provider, recorder, tmp_path_factory):
    """A gateway whose upstreams speak one dialect each."""
    config = {
        "version": 1,
        "upstreams": {
            "chatonly": {"url": provider, "key": "k", "provider": "openai", "dialects": ["chat"]},
            "messagesonly": {"url": provider, "key": "k", "provider": "anthropic", "dialects": ["messages"]},
            "recorder": {"url": recorder.url, "key": "k", "provider": "openai", "dialects": ["chat"]},
            "nowhere": {"url": "http://127.0.0.1:9/v1", "key": "k", "provider": "anthropic", "dialects": ["messages"]},
        },
        "models": {
            "gpt-6.1-sol": {"upstream": "chatonly"},
            "claude-opus-5-5": {"upstream": "messagesonly"},
            "recorded": {"upstream": "recorder"},
            "lost": {"upstream": "nowhere"},
        },
        "routes": {"code": {"model": "gpt-6.1-sol"}, "general": {"model": "claude-opus-5-5"}},
        "routing": {"default": "general"},
        "retries": {"attempts": 1},
    }
    with gateway(tmp_path_factory.mktemp("across"), config) as started:
        yield started


@pytest.fixture
def openai(across):
    with OpenAI(base_url=f"{across.base}/v1", api_key="k", max_retries=0, timeout=40) as client:
        yield client


@pytest.fixture
def anthropic(across):
    with Anthropic(base_url=across.base, api_key="k", max_retries=0, timeout=40) as client:
        yield client


def billed(provider):
    """The provider's newest charge."""
    with urllib.request.urlopen(f"{provider.removesuffix('/v1')}/__sim/bill") as answer:
        return json.load(answer)["rows"][-1]


def booked(across, charge):
    """The ledger's row of a charge, once it is there."""
    return wait_for(lambda: next(iter(across.rows("AND id = ?", charge["request_id"])), None))


def agrees(across, provider):
    charge = billed(provider)
    row = booked(across, charge)
    assert row["exact"]
    assert row["picos"] == charge["picos"]
    kinds = ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_30m", "output", "reasoning")
    assert {kind: row[kind] for kind in kinds if row[kind]} == charge["kinds"]


@pytest.mark.parametrize("model", ["claude-opus-5-5"])
def test_chat_to_messages(openai, across, provider, model):
    said = openai.chat.completions.create(model=model, max_tokens=50, messages=[{"role": "user", "content": SAY}])
    assert said.choices[0].message.content == "spoken across"
    agrees(across, provider)
    stream = openai.chat.completions.create(model=model, max_tokens=50, stream=True, messages=[{"role": "user", "content": SAY}])
    chunks = list(stream)
    assert all(chunk.choices for chunk in chunks)  # nobody asked for usage
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "spoken across"
    agrees(across, provider)


def test_chat_tools_to_messages(openai):
    tools = [{"type": "function", "function": {"name": "weather", "parameters": TOOL}}]
    said = openai.chat.completions.create(
        model="claude-opus-5-5", max_tokens=50, tools=tools, messages=[{"role": "user", "content": CALL}]
    )
    (call,) = said.choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Lima"})


@pytest.mark.parametrize("model", ["claude-opus-5-5", "gpt-6.1-sol"])
def test_responses_to_either(openai, across, provider, model):
    assert openai.responses.create(model=model, input=SAY, max_output_tokens=50).output_text == "spoken across"
    agrees(across, provider)
    with openai.responses.stream(model=model, input=SAY, max_output_tokens=50) as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_response().output_text == "spoken across"
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    agrees(across, provider)


def test_an_agents_thread_is_read_from_anthropics_cache_whatever_its_dialect(openai, across, provider):
    tools = [{"type": "function", "name": "weather", "parameters": TOOL, "strict": False}]
    asked = {"model": "claude-opus-5-5", "instructions": "Answer in a word. " * 2000, "tools": tools, "max_output_tokens": 50}
    before = [{"role": "user", "content": SAY}]
    openai.responses.create(**asked, input=before, prompt_cache_key="an-agent")
    written = billed(provider)["kinds"]
    assert written["cache_write_5m"] > 5000
    agrees(across, provider)
    after = [*before, {"role": "assistant", "content": "spoken across"}, {"role": "user", "content": f"again {SAY}"}]
    openai.responses.create(**asked, input=after, prompt_cache_key="an-agent")
    assert billed(provider)["kinds"]["cache_read"] == written["cache_write_5m"]
    agrees(across, provider)
    assert booked(across, billed(provider))["cache_state"] == "warm"


@pytest.mark.parametrize("model", ["claude-opus-5-5", "gpt-6.1-sol"])
def test_responses_tools_to_either(openai, model):
    tools = [{"type": "function", "name": "weather", "parameters": TOOL, "strict": False}]
    said = openai.responses.create(model=model, input=CALL, tools=tools, max_output_tokens=50)
    (call,) = [item for item in said.output if item.type == "function_call"]
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Lima"})


def test_messages_to_chat(anthropic, across, provider):
    asked = {"model": "gpt-6.1-sol", "max_tokens": 50, "messages": [{"role": "user", "content": SAY}]}
    assert anthropic.messages.create(**asked).content[0].text == "spoken across"
    agrees(across, provider)
    with anthropic.messages.stream(**asked) as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_text() == "spoken across"
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"
    agrees(across, provider)


def test_openais_cache_writes_and_reads_are_priced_for_a_messages_caller(anthropic, across, provider):
    messages = [{"role": "user", "content": "A long story that is worth keeping. " * 600}]
    for kind in ("cache_write_30m", "cache_read"):
        with anthropic.messages.stream(model="gpt-6.1-sol", max_tokens=50, messages=messages) as stream:
            said = stream.get_final_text()
        agrees(across, provider)
        assert billed(provider)["kinds"][kind]
        messages += [{"role": "assistant", "content": said}, {"role": "user", "content": "Go on."}]


def test_messages_tools_to_chat(anthropic):
    tools = [{"name": "weather", "input_schema": TOOL}]
    asked = {"model": "gpt-6.1-sol", "max_tokens": 50, "tools": tools, "messages": [{"role": "user", "content": CALL}]}
    (call,) = [block for block in anthropic.messages.create(**asked).content if block.type == "tool_use"]
    assert (call.name, call.input) == ("weather", {"city": "Lima"})
    with anthropic.messages.stream(**asked) as stream:
        (call,) = [block for block in stream.get_final_message().content if block.type == "tool_use"]
    assert (call.name, call.input) == ("weather", {"city": "Lima"})


@pytest.mark.parametrize("stream", [False, True])
def test_p1_19_cursor_posts_a_responses_body_to_chat_and_reads_chat(across, provider, stream):
    body = {
        "model": "gpt-6.1-sol", "stream": stream, "input": [{"role": "user", "content": [{"type": "input_text", "text": CALL}]}],
        "tools": [{"type": "function", "name": "weather", "parameters": TOOL}], "stream_options": {"include_usage": True},
        "instructions": "Be kind.", "max_output_tokens": 50,
    }  # fmt: skip
    reply = across.ask("/v1/chat/completions", body)
    assert reply.status == 200
    if stream:
        chunks = [json.loads(data) for _, data in events(reply.body) if data != b"[DONE]"]
        assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
        calls = [call for chunk in chunks for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", [])]
        assert "".join(call["function"].get("arguments") or "" for call in calls) == '{"city": "Lima"}'
        assert chunks[-1]["usage"]["total_tokens"]
    else:
        (call,) = reply.json["choices"][0]["message"]["tool_calls"]
        assert json.loads(call["function"]["arguments"]) == {"city": "Lima"}
    agrees(across, provider)


def test_the_billing_block_goes_to_anthropic_alone(anthropic, recorder):
    recorder.says(b'{"id":"c","object":"chat.completion","created":1,"model":"recorded","choices":[{"index":0,"finish_reason":"stop",'
                  b'"message":{"role":"assistant","content":"ok"}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}',
                  headers={"content-type": "application/json"})  # fmt: skip
    system = [{"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330.839"}, {"type": "text", "text": "Be kind."}]
    asked = {"model": "recorded", "max_tokens": 50, "system": system, "messages": [{"role": "user", "content": "hi"}]}
    assert anthropic.messages.create(**asked, extra_headers={"x-session-id": "s1"}).content[0].text == "ok"
    arrived = recorder.arrived[-1]
    assert b"billing" not in arrived.body
    assert b"Be kind." in arrived.body
    assert arrived.headers["x-session-id"] == "s1"


def test_an_upstreams_error_in_the_callers_own_envelope(anthropic, openai, recorder):
    words = json.dumps({"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}).encode()
    recorder.says(words, status=429, headers={"content-type": "application/json", "retry-after": "7"})
    with pytest.raises(RateLimitError) as told:
        anthropic.messages.create(model="recorded", max_tokens=5, messages=[{"role": "user", "content": "hi"}])
    assert told.value.body["type"] == "error"
    assert "slow down" in told.value.body["error"]["message"]
    assert told.value.response.headers["retry-after"] == "7"
    with pytest.raises(OpenAIRateLimitError) as told:
        openai.responses.create(model="recorded", input="hi")
    assert "slow down" in told.value.message
    recorder.says(b'{"error":{"message":"no such field","type":"invalid_request_error"}}', status=400,
                  headers={"content-type": "application/json"})  # fmt: skip
    with pytest.raises(BadRequestError) as told:
        anthropic.messages.create(model="recorded", max_tokens=5, messages=[{"role": "user", "content": "hi"}])
    assert "no such field" in told.value.body["error"]["message"]


def test_an_upstream_that_is_not_there(across):
    reply = across.ask("/v1/chat/completions", {"model": "lost", "messages": [{"role": "user", "content": "hi"}]})
    assert reply.status == 502
    assert reply.json["error"]["code"] == "upstream_unreachable"


def test_who_hangs_up_is_not_waited_for(across, recorder):
    recorder.hung_up.clear()
    recorder.arrived.clear()

    def script(asked, wire):
        wire.settimeout(10)
        if wire.recv(1) == b"":
            raise OSError

    recorder.script = script
    body = {"model": "recorded", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    wire = across.open("/v1/messages", body)
    wait_for(lambda: recorder.arrived or None)
    wire.close()
    assert recorder.hung_up.wait(8)


def test_what_is_not_translated_never_meets_litellm(tmp_path):
    """A request in the upstream's own dialect does not import it: seconds and hundreds of megabytes."""
    code = "import sys, gateway.app, gateway.commands.serve; assert 'litellm' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
