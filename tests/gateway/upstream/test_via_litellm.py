"""The translator on real sockets: every pair of dialects, errors, back-pressure, hanging up, and what it never does."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec import structs

from gateway.metering.tally import tally
from gateway.upstream.via_litellm import Translator
from gateway.wire.types import Origin, Send, Translate
from tests.gateway.upstream.vendors import (
    ANTHROPIC_KINDS,
    CHAT_STREAM,
    CHAT_WHOLE,
    CONTENT,
    KINDS,
    MESSAGES_STREAM,
    MESSAGES_WHOLE,
    Vendor,
    anthropic,
    chunk,
    openai,
    told,
)
from tests.line.rig import ROOT, answer, head, sse, wait_for
from tests.line.rig import chunk as framed

PAIRS = [("chat", "messages"), ("responses", "chat"), ("responses", "messages"), ("messages", "chat")]
HI = {"role": "user", "content": "hi"}
ASKS = {
    "chat": {"messages": [HI], "tools": [{"type": "function", "function": {"name": "shell", "parameters": {}}}]},
    "responses": {
        "input": [HI], "include": ["reasoning.encrypted_content"], "tools": [{"type": "function", "name": "shell", "parameters": {}}],
    },
    "messages": {"max_tokens": 99, "messages": [HI], "tools": [{"name": "shell", "input_schema": {}}]},
}  # fmt: skip
SSE = head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})


@dataclass
class Heard:
    """A listener that writes down what it hears, and fails on the wrong order."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    parts: list[bytes] = field(default_factory=list)
    ended: asyncio.Future[tuple[str, str]] | None = None
    threads: set[str] = field(default_factory=set)

    def upstream_started(self, status: int, headers: Any) -> None:
        assert not self.status
        self.status, self.headers = status, dict(headers)
        self.threads.add(threading.current_thread().name)

    def upstream_bytes(self, data: bytes) -> None:
        assert self.status
        assert data
        self.parts.append(data)

    def upstream_ended(self, how: str, detail: str) -> None:
        assert self.ended is not None
        self.ended.set_result((how, detail))

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)


@pytest.fixture(scope="module")
def vendor():
    one = Vendor()
    yield one
    one.close()


def send(vendor, dialect, speaks, stream=False, asked=None, url="", **origin):
    """An attempt whose origin matters only for its patience; the address is the translation's."""
    body = {"model": "auto", **(ASKS[dialect] if asked is None else asked), **({"stream": True} if stream else {})}
    headers = [(b"authorization", b"Bearer caller"), (b"x-session-id", b"s1"), (b"anthropic-beta", b"b")]
    model = "qwen-coder" if speaks == "chat" else "claude-opus-5-5"
    return Send(
        origin=Origin("http", "127.0.0.1", 1, **origin),
        method="POST",
        target="/v1/x",
        headers=headers,
        body=json.dumps(body).encode(),
        translate=Translate(dialect, speaks, model, url or vendor.url, "sk-up", stream),
    )


def carried(attempt, patience_s=20.0):
    """What is heard of one attempt to its end."""

    async def run():
        loop = asyncio.get_running_loop()
        translator = Translator(loop)
        heard = Heard(ended=loop.create_future())
        translator.open(attempt, heard)
        try:
            return heard, await asyncio.wait_for(heard.ended, patience_s)
        finally:
            translator.close()

    return asyncio.run(run())


def whole(vendor, speaks):
    said = CHAT_WHOLE if speaks == "chat" else MESSAGES_WHOLE
    vendor.arrived.clear()
    vendor.script = lambda asked, wire: wire.sendall(answer(json.dumps(said).encode()))


def stream(vendor, speaks):
    vendor.arrived.clear()
    if speaks == "chat":
        vendor.says(*sse(*CHAT_STREAM), b"data: [DONE]\n\n")
    else:
        vendor.says(*sse(*MESSAGES_STREAM, names=True))


@pytest.mark.parametrize(("dialect", "speaks"), PAIRS)
def test_whole_answers(vendor, dialect, speaks):
    whole(vendor, speaks)
    heard, how = carried(send(vendor, dialect, speaks))
    assert how == ("complete", "")
    assert (heard.status, heard.headers[b"content-type"]) == (200, b"application/json")
    assert heard.threads == {"MainThread"}
    assert spoken(dialect, json.loads(heard.body)) == expected(dialect, speaks)
    meter = tally(dialect)
    meter.body(heard.body)
    assert meter.usage().exact
    assert meter.usage().kinds == kinds(speaks)


@pytest.mark.parametrize(("dialect", "speaks"), PAIRS)
def test_streams(vendor, dialect, speaks):
    stream(vendor, speaks)
    heard, how = carried(send(vendor, dialect, speaks, stream=True))
    assert how == ("complete", "")
    assert heard.headers[b"content-type"].startswith(b"text/event-stream")
    assert all(part.endswith(b"\n\n") for part in heard.parts)
    assert spoken(dialect, final(dialect, heard.body)) == expected(dialect, speaks)
    meter = tally(dialect)
    for event in told(heard.body):
        meter.event(json.dumps(event).encode())
    assert meter.usage().exact
    assert meter.usage().kinds == kinds(speaks)


def kinds(speaks):
    if speaks == "messages":
        return ANTHROPIC_KINDS
    return {kind.replace("30m", "5m"): tokens for kind, tokens in KINDS.items()}  # Qwen's default lifetime


def final(dialect, body):
    """What the vendor's own client makes of a stream."""
    if dialect == "messages":
        with anthropic(body) as client, client.messages.stream(model="m", max_tokens=9, messages=[HI]) as events:
            return events.get_final_message().model_dump()
    with openai(body) as client:
        if dialect == "chat":
            with client.chat.completions.stream(model="m", messages=[HI]) as events:
                return events.until_done().get_final_completion().model_dump()
        with client.responses.stream(model="m", input="hi") as events:
            return events.until_done().get_final_response().model_dump()


def spoken(dialect, body):
    """Reasoning, text and calls of an answer in any dialect."""
    if dialect == "chat":
        message = body["choices"][0]["message"]
        calls = [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in message["tool_calls"]]
        return message["reasoning_content"], message["content"], calls, body["choices"][0]["finish_reason"]
    if dialect == "messages":
        thought, text, *calls = body["content"]
        return thought["thinking"], text["text"], [(call["name"], call["input"]) for call in calls], body["stop_reason"]
    thought, message, *calls = body["output"]
    named = [(call["name"], json.loads(call["arguments"])) for call in calls]
    return thought["summary"][0]["text"], message["content"][0]["text"], named, body["status"]


def expected(dialect, speaks):
    stop = {"chat": "tool_calls", "messages": "tool_use", "responses": "completed"}[dialect]
    return "hmm so", "Hello ✓", [("shell", {"cmd": "ls"}), ("read", {"p": 1})], stop


@pytest.mark.parametrize(("dialect", "speaks"), PAIRS)
def test_the_upstream_gets_its_own_model_key_and_no_credentials_of_the_caller(vendor, dialect, speaks):
    whole(vendor, speaks)
    carried(send(vendor, dialect, speaks))
    (asked,) = vendor.arrived
    assert asked.target == ("/v1/chat/completions" if speaks == "chat" else "/v1/messages")
    assert asked.json["model"] == ("qwen-coder" if speaks == "chat" else "claude-opus-5-5")
    key = asked.headers["authorization"] if speaks == "chat" else asked.headers["x-api-key"]
    assert key in ("sk-up", "Bearer sk-up")
    assert asked.headers["x-session-id"] == "s1"
    assert "caller" not in str(asked.headers)
    assert [tool.get("name") or tool["function"]["name"] for tool in asked.json["tools"]] == ["shell"]


def test_signed_reasoning_returns_to_anthropic_as_it_came(vendor):
    stream(vendor, "messages")
    heard, _ = carried(send(vendor, "responses", "messages", stream=True))
    thought, _, shell, *_ = told(heard.body)[-1]["response"]["output"]
    whole(vendor, "messages")
    output = {"type": "function_call_output", "call_id": shell["call_id"], "output": "ok"}
    carried(send(vendor, "responses", "messages", asked={"input": [HI, thought, shell, output]}))
    assert vendor.arrived[-1].json["messages"][1]["content"][0] == CONTENT[0]


def test_caches_are_marked_where_a_chat_caller_marks_them(vendor):
    whole(vendor, "messages")
    part = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    carried(send(vendor, "chat", "messages", asked={"messages": [{"role": "user", "content": [part]}]}))
    assert vendor.arrived[-1].json["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize("effort", ["none", "minimal", "low", "medium", "high", "xhigh", "max"])
def test_every_effort_is_one_anthropic_takes(vendor, effort):
    whole(vendor, "messages")
    _, how = carried(send(vendor, "chat", "messages", asked={"messages": [HI], "reasoning_effort": effort}))
    assert how == ("complete", "")


def test_what_the_reference_says_is_lost_on_the_way_to_anthropic(vendor):
    whole(vendor, "messages")
    messages = [HI, {"role": "assistant", "content": "ok"}, {"role": "system", "content": "mid"}, {"role": "user", "content": "on"}]
    lost = {"n": 2, "logprobs": True, "seed": 3, "presence_penalty": 0.1, "logit_bias": {"1": 1}, "service_tier": "flex"}
    attempt = send(vendor, "chat", "messages", asked={"messages": messages, "temperature": 0.3, "reasoning_effort": "low", **lost})
    carried(attempt)
    made = vendor.arrived[-1].json
    assert not set(made) & {*lost, "temperature"}
    assert [message["role"] for message in made["messages"]] == ["user", "assistant", "user", "system"]
    unknown = structs.replace(attempt, translate=structs.replace(attempt.translate, model="somebodys"))
    carried(unknown)
    assert vendor.arrived[-1].json["max_tokens"] == 4096


def test_where_anthropic_does_not_split_its_output_the_total_is_still_its_own(vendor):
    usage = {name: value for name, value in MESSAGES_WHOLE["usage"].items() if name != "output_tokens_details"}
    vendor.script = lambda asked, wire: wire.sendall(answer(json.dumps({**MESSAGES_WHOLE, "usage": usage}).encode()))
    heard, _ = carried(send(vendor, "responses", "messages"))
    said = json.loads(heard.body)["usage"]
    assert said["output_tokens"] == 50
    assert said["output_tokens_details"]["reasoning_tokens"] <= 50


def test_a_callers_settings_are_no_settings_of_litellm(vendor):
    whole(vendor, "messages")
    evil = {"base_url": "http://127.0.0.1:9", "api_base": "http://127.0.0.1:9", "mock_response": "mocked", "fallbacks": ["x"],
            "custom_llm_provider": "openai", "api_key": "theirs", "callbacks": ["x"], "extra_headers": {"x-evil": "1"}}  # fmt: skip
    heard, _ = carried(send(vendor, "chat", "messages", asked={"messages": [HI], **evil}))
    assert b"mocked" not in heard.body
    (asked,) = vendor.arrived
    assert asked.headers["x-api-key"] == "sk-up"
    assert "x-evil" not in asked.headers
    assert not set(evil) & set(asked.json)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nothing_a_caller_points_to_is_fetched(vendor, scheme):
    whole(vendor, "messages")
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        url = f"{scheme}://127.0.0.1:{elsewhere.getsockname()[1]}/x"
        content = [{"type": "image_url", "image_url": {"url": f"{url}.png"}}, {"type": "file", "file": {"file_id": f"{url}.pdf"}}]
        heard, _ = carried(send(vendor, "chat", "messages", asked={"messages": [{"role": "user", "content": content}]}))
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    assert heard.status == (400 if scheme == "http" else 200)


@pytest.mark.parametrize("stream_", [False, True])
@pytest.mark.parametrize(("dialect", "speaks"), PAIRS)
def test_an_upstreams_error_keeps_its_status_words_and_wait(vendor, dialect, speaks, stream_):
    vendor.script = lambda asked, wire: wire.sendall(
        answer(b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}', 429, {"retry-after": "7"})
    )
    vendor.arrived.clear()
    heard, how = carried(send(vendor, dialect, speaks, stream=stream_))
    assert how == ("complete", "")
    assert (heard.status, heard.headers[b"retry-after"]) == (429, b"7")
    said = json.loads(heard.body)
    assert said["error"]["message"] == "slow down"
    assert said.get("type") == ("error" if dialect == "messages" else None)
    assert len(vendor.arrived) == 1  # trying again is the plan's business


@pytest.mark.parametrize("speaks", ["chat", "messages"])
def test_nobody_there(vendor, speaks):
    dialect = "messages" if speaks == "chat" else "chat"
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/v1"
    heard, how = carried(send(vendor, dialect, speaks, url=url))
    assert how[0] == "refused"
    assert not heard.status


@pytest.mark.parametrize("speaks", ["chat", "messages"])
def test_no_answer_in_time(vendor, speaks):
    over = threading.Event()
    vendor.script = lambda asked, wire: over.wait(10)
    heard, how = carried(send(vendor, "responses", speaks, first_byte_s=0.3))
    over.set()
    assert how[0] == "timeout"
    assert not heard.status


@pytest.mark.parametrize("stream_", [False, True])
@pytest.mark.parametrize("speaks", ["chat", "messages"])
def test_cut_before_the_answer(vendor, speaks, stream_):
    def script(asked, wire):
        raise OSError

    vendor.script = script
    heard, how = carried(send(vendor, "responses", speaks, stream=stream_))
    assert how[0] == "cut"
    assert not heard.status


def cut_streams(speaks):
    events = sse(*CHAT_STREAM) if speaks == "chat" else sse(*MESSAGES_STREAM, names=True)
    yield b"".join(framed(each) for each in events[:4])  # the connection breaks
    yield b"".join(framed(each) for each in events[:4]) + b"0\r\n\r\n"  # a clean end of an unfinished answer
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}
    yield b"".join(framed(each) for each in [*events[:4], *sse(error, names=True)]) + b"0\r\n\r\n"


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize(("dialect", "speaks"), PAIRS)
def test_an_answer_that_breaks_off_is_not_made_whole(vendor, dialect, speaks, at):
    body = list(cut_streams(speaks))[at]

    def script(asked, wire):
        wire.sendall(SSE + body)
        wire.shutdown(socket.SHUT_RDWR)

    vendor.script = script
    heard, how = carried(send(vendor, dialect, speaks, stream=True))
    assert (heard.status, how[0]) == (200, "cut")
    assert b"[DONE]" not in heard.body
    assert b"message_stop" not in heard.body
    assert b"response.completed" not in heard.body


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"choices":[]}', b""])
@pytest.mark.parametrize("speaks", ["chat", "messages"])
def test_what_is_no_answer_is_not_taken_for_one(vendor, speaks, body):
    vendor.script = lambda asked, wire: wire.sendall(answer(body, 200, {"content-type": "text/html"}))
    heard, how = carried(send(vendor, "responses", speaks))
    assert how[0] == "cut" or heard.status >= 400
    assert b'"status":"completed"' not in heard.body


def test_no_usage_is_no_usage(vendor):
    vendor.says(*sse(chunk({"content": "x"}), chunk({}, "stop")), b"data: [DONE]\n\n")
    heard, _ = carried(send(vendor, "responses", "chat", stream=True))
    assert told(heard.body)[-1]["response"]["usage"] is None


@pytest.mark.parametrize(
    ("dialect", "asked"),
    [
        ("responses", {"input": [HI], "previous_response_id": "resp_1"}),
        ("responses", {"input": [{"role": "user", "content": 7}]}),
        ("messages", {"max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "text"}]}, 5]}),
        ("messages", {"max_tokens": 9, "messages": []}),
    ],
)
def test_what_cannot_be_translated_is_a_bad_request(vendor, dialect, asked):
    vendor.arrived.clear()
    heard, how = carried(send(vendor, dialect, "chat", asked=asked))
    assert (heard.status, how) == (400, ("complete", ""))
    assert json.loads(heard.body)["error"]["message"]
    assert not vendor.arrived


def endless(vendor):
    """An upstream that goes on until it is hung up on; says how much it has sent."""
    sent = [0]
    data = framed(sse(chunk({"content": "x" * 2000}))[0])

    def script(asked, wire):
        wire.settimeout(20)
        wire.sendall(SSE)
        while True:
            wire.sendall(data)
            sent[0] += len(data)

    vendor.script = script
    vendor.hung_up.clear()
    return sent


def test_a_paused_flight_stops_reading_and_hanging_up_closes_the_connection(vendor):
    async def run():
        loop = asyncio.get_running_loop()
        translator = Translator(loop)
        heard = Heard(ended=loop.create_future())
        sent = endless(vendor)
        flight = translator.open(send(vendor, "responses", "chat", stream=True), heard)
        try:
            await until(lambda: len(heard.parts) > 20)
            flight.pause()
            await until(lambda: still(sent))
            before = len(heard.parts)
            await asyncio.sleep(0.2)
            assert len(heard.parts) - before <= 2
            flight.resume()
            await until(lambda: len(heard.parts) > before + 20)
            flight.pause()
            await until(lambda: still(sent))
            flight.cancel()
            await loop.run_in_executor(None, vendor.hung_up.wait, 10)
            assert vendor.hung_up.is_set()
            after = len(heard.parts)
            await asyncio.sleep(0.1)
            assert len(heard.parts) == after
            assert not heard.ended.done()
        finally:
            translator.close()

    asyncio.run(run())


async def until(probe, within_s=15.0):
    deadline = time.monotonic() + within_s
    while not probe():
        assert time.monotonic() < deadline, "it did not come in time"
        await asyncio.sleep(0.02)


def still(sent):
    before = sent[0]
    time.sleep(0.3)
    return sent[0] == before


def test_a_gateway_that_lags_is_not_buried(vendor):
    async def run():
        loop = asyncio.get_running_loop()
        translator = Translator(loop)
        heard = Heard(ended=loop.create_future())
        sent = endless(vendor)
        flight = translator.open(send(vendor, "responses", "chat", stream=True), heard)
        try:
            await until(lambda: heard.parts)
            wait_for(lambda: still(sent) or None, 20)  # this loop stands still all the while
            assert len(heard.body) < 1024 * 1024
        finally:
            flight.cancel()
            translator.close()

    asyncio.run(run())


def test_hanging_up_before_the_answer_closes_the_connection(vendor):
    left = threading.Event()

    def script(asked, wire):
        wire.settimeout(15)
        if wire.recv(1) == b"":
            left.set()

    async def run():
        loop = asyncio.get_running_loop()
        translator = Translator(loop)
        heard = Heard(ended=loop.create_future())
        vendor.arrived.clear()
        vendor.script = script
        flight = translator.open(send(vendor, "messages", "chat"), heard)
        try:
            await until(lambda: vendor.arrived)
            flight.cancel()
            await loop.run_in_executor(None, left.wait, 10)
            assert left.is_set()
            assert not heard.ended.done()
        finally:
            translator.close()

    asyncio.run(run())


def test_closing_ends_what_is_under_way(vendor):
    async def run():
        loop = asyncio.get_running_loop()
        translator = Translator(loop)
        heard = Heard(ended=loop.create_future())
        endless(vendor)
        translator.open(send(vendor, "responses", "chat", stream=True), heard)
        await until(lambda: heard.parts)
        translator.close()

    asyncio.run(run())
    assert vendor.hung_up.wait(10)
    assert "translator" not in {thread.name for thread in threading.enumerate()}


def test_an_unused_translator_costs_nothing():
    translator = Translator(asyncio.new_event_loop())
    translator.close()
    translator._loop.close()
    code = "import sys, gateway.app, gateway.upstream.via_litellm; assert not {'litellm', 'openai', 'httpx'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
