"""What clients need of a gateway, line by line: without the first fourteen a main client breaks or the numbers are wrong,
the others are what users expect. Each was observed with the real client named beside it.
"""

import gzip
import json
import socket
import threading
import time

import brotli
import pytest
import zstandard

from gateway.dialects.sse import events
from tests.line.rig import answer, chunk, head, sse

CREATED = {"type": "response.created", "sequence_number": 0, "response": {"id": "resp_1", "object": "response",
           "created_at": 1, "model": "gpt-6.1-sol", "status": "in_progress", "output": [], "parallel_tool_calls": True,
           "tool_choice": "auto", "tools": [], "error": None, "incomplete_details": None, "instructions": None,
           "metadata": {}}}  # fmt: skip
USAGE = {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25, "input_tokens_details": {"cached_tokens": 8},
         "output_tokens_details": {"reasoning_tokens": 0}}  # fmt: skip
COMPLETED = {"type": "response.completed", "sequence_number": 9,
             "response": {**CREATED["response"], "status": "completed", "usage": USAGE}}  # fmt: skip
RESPONSES = {"model": "auto", "stream": True, "input": [{"role": "user", "content": "hello there"}]}
CHAT_USAGE = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
CHAT_CHUNK = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-6-luna",
              "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]}  # fmt: skip
CHAT_END = {**CHAT_CHUNK, "choices": [], "usage": CHAT_USAGE}
CHAT = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "hello there"}]}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5-5", "content": [],
           "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 1}}  # fmt: skip
MESSAGES = {"model": "claude-opus-5-5", "max_tokens": 50, "messages": [{"role": "user", "content": "hello there"}]}
MESSAGE_EVENTS = [
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 4}},
    {"type": "message_stop"},
]


def told(reply):
    """The data of every event of an answer."""
    return [data if data == b"[DONE]" else json.loads(data) for _, data in events(reply.body)]


# without these a main client is broken or the numbers are wrong


def test_p0_01_responses_pass_untouched_with_types_nobody_knows(running, openai, key):
    body = (
        b'{"model" : "gpt-6.1-sol","input":[{"type":"additional_tools","role":"developer","tools":[{"type":"namespace",'
        b'"name":"functions","tools":[]},{"type":"custom","name":"apply_patch","format":{"type":"grammar","syntax":"lark"}}]},'
        b'{"type":"compaction_trigger"},{"type":"tool_search","x":1e2,"caf\\u00e9":"\\ud83d\\ude82"}],'
        b'"client_metadata":{"a":"b"},"unheard_of":{"z":[1.50,  2]},"stream":true}'
    )
    strange = [CREATED, {"type": "response.never_seen", "x": [1.50]}, {"type": "response.output_item.added",
               "item": {"type": "compaction", "encrypted_content": "gAAA=="}}, COMPLETED]  # fmt: skip
    parts = sse(*strange, names=True)
    openai.says(*parts)
    reply = running.ask("/v1/responses?beta=1", body, key)
    assert openai.arrived[-1].body == body
    assert openai.arrived[-1].target == "/v1/responses?beta=1"
    assert reply.body == b"".join(parts)


def test_p0_01_only_the_model_is_replaced(running, openai, key):
    body = b'{"input":[{"role":"user","content":"fix the bug in parse.py: it raises KeyError"}],\n "model":"auto", "stream":false}'
    openai.script = lambda asked, wire: wire.sendall(answer(b'{"id":"resp_9","model":"gpt-6.1-sol"}'))
    reply = running.ask("/v1/responses", body, key)
    model = reply.headers["x-pointsman-model"]
    assert openai.arrived[-1].body == body.replace(b'"auto"', f'"{model}"'.encode())


def test_p0_02_a_websocket_is_answered_426_at_once(running):
    for path in ("/v1/responses", "/v1/v1/responses", "/t/payments/v1/responses"):
        upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
                   "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
        assert running.ask(path, headers=upgrade).status == 426


def test_p0_03_a_responses_stream_ends_with_its_last_word(running, openai, key):
    openai.says(*sse(CREATED, names=True))
    last = told(running.ask("/v1/responses", RESPONSES, key))[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["error"]["code"] == "server_error"


@pytest.mark.parametrize("word", ["completed", "failed", "incomplete"])
def test_p0_03_a_last_word_of_the_upstream_is_enough(running, openai, key, word):
    ended = {"type": f"response.{word}", "response": {**CREATED["response"], "status": word}}
    parts = sse(CREATED, ended, names=True)
    openai.says(*parts)
    assert running.ask("/v1/responses", RESPONSES, key).body == b"".join(parts)


def test_p0_03_a_stream_that_is_cut_says_so_in_its_own_grammar(running, openai, anthropic, key):
    def cut_after(*parts):
        def script(asked, wire):
            wire.sendall(head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}))
            for part in parts:
                wire.sendall(chunk(part))
            wire.shutdown(socket.SHUT_RDWR)

        return script

    openai.script = cut_after(*sse(CREATED, names=True))
    assert told(running.ask("/v1/responses", RESPONSES, key))[-1]["type"] == "response.failed"
    openai.script = cut_after(*sse(CHAT_CHUNK))
    assert "error" in told(running.ask("/v1/chat/completions", {**CHAT, "stream": True}, key))[-1]
    anthropic.script = cut_after(*sse(*MESSAGE_EVENTS[:3], names=True))
    assert told(running.ask("/v1/messages", {**MESSAGES, "stream": True}, key))[-1]["type"] == "error"


@pytest.mark.parametrize(
    ("path", "body", "first"),
    [
        ("/v1/responses", RESPONSES, sse(CREATED, names=True)),
        ("/v1/chat/completions", {**CHAT, "stream": True}, sse(CHAT_CHUNK)),
        ("/v1/messages", {**MESSAGES, "stream": True}, sse(MESSAGE_EVENTS[0], names=True)),
    ],
)
def test_p0_04_a_silent_stream_is_kept_alive_the_way_its_client_counts(running, openai, anthropic, key, path, body, first):
    """Codex counts data events only, Claude takes pings, AI-SDK clients on chat take comments and nothing else."""

    def script(asked, wire):
        wire.sendall(head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}) + chunk(first[0]))
        time.sleep(2.6)
        rest = sse(COMPLETED, names=True)[0] if path.endswith("responses") else b"data: [DONE]\n\n"
        wire.sendall(chunk(rest) + b"0\r\n\r\n")

    openai.script = anthropic.script = script
    reply = running.ask(path, body, key)
    if path.endswith("responses"):
        kept = [each for each in told(reply) if each.get("type") not in ("response.created", "response.completed")]
        assert kept
        assert all(each["type"] in ("keepalive", "response.in_progress") for each in kept)
    elif path.endswith("messages"):
        assert b'event: ping\ndata: {"type": "ping"}\n\n' in reply.body
    else:
        assert b"\n: keep-alive\n\n" in reply.body
        assert [each for each in told(reply) if each != b"[DONE]"] == [CHAT_CHUNK]


def test_p0_05_chat_streams_carry_nothing_but_chunks(running, openai, key):
    openai.says(*sse(CHAT_CHUNK), b"data: [DONE]\n\n")
    reply = running.ask("/v1/chat/completions", {**CHAT, "stream": True}, key)
    assert reply.body == b"".join([*sse(CHAT_CHUNK), b"data: [DONE]\n\n"])


def test_p0_06_nothing_comes_before_response_created(running, openai, key):
    def script(asked, wire):
        wire.sendall(head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}))
        time.sleep(2.4)  # longer than the keep-alive interval
        wire.sendall(b"".join(map(chunk, sse(CREATED, COMPLETED, names=True))) + b"0\r\n\r\n")

    openai.script = script
    reply = running.ask("/v1/responses", RESPONSES, key)
    assert reply.body.startswith(b"event: response.created\n")


def test_p0_06_the_sdks_strict_reader_takes_our_streams(running, openai):
    """`responses.stream()` of the OpenAI SDK raises on what it does not expect; keep-alives included."""
    from openai import OpenAI

    def script(asked, wire):
        wire.sendall(head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}))
        wire.sendall(chunk(sse(CREATED, names=True)[0]))
        time.sleep(2.4)
        wire.sendall(chunk(sse(COMPLETED, names=True)[0]) + b"0\r\n\r\n")

    openai.script = script
    client = OpenAI(base_url=f"{running.base}/v1", api_key="sk-payments-1", max_retries=0)
    with client, client.responses.stream(model="auto", input="hello there") as stream:
        kinds = [event.type for event in stream]
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"


def test_p0_07_usage_is_asked_for_and_hidden_from_who_did_not_ask(running, openai, key):
    openai.says(*sse(CHAT_CHUNK, CHAT_END), b"data: [DONE]\n\n")
    reply = running.ask("/v1/chat/completions", {**CHAT, "stream": True}, key)
    assert openai.arrived[-1].json["stream_options"] == {"include_usage": True}
    assert all(each["choices"] for each in told(reply) if each != b"[DONE]")
    row = running.row(reply)
    assert (row["input_uncached"], row["output"]) == (11, 3)


def test_p0_07_who_asks_for_usage_gets_it(running, openai, key):
    openai.says(*sse(CHAT_CHUNK, CHAT_END), b"data: [DONE]\n\n")
    body = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
    reply = running.ask("/v1/chat/completions", body, key)
    assert openai.arrived[-1].json == body
    assert told(reply)[1]["usage"] == CHAT_USAGE


def test_p0_08_messages_pass_with_their_betas_and_errors_verbatim(running, anthropic, key):
    beta = {"anthropic-version": "2023-06-01", "anthropic-beta": "context-1m-2025-08-07,interleaved-thinking-2025-05-14"}
    body = json.dumps({**MESSAGES, "metadata": {"user_id": "u"}, "context_management": {"edits": []}}).encode()
    words = b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8 maximum"}}'
    anthropic.script = lambda asked, wire: wire.sendall(answer(words, 400, {"request-id": "req_upstream"}))
    reply = running.ask("/v1/messages?beta=true", body, {**key, **beta})
    arrived = anthropic.arrived[-1]
    assert (arrived.target, arrived.body) == ("/v1/messages?beta=true", body)
    assert {name: arrived.headers[name] for name in beta} == beta
    assert arrived.headers["x-api-key"] == "sk-ant-of-the-company"
    assert "authorization" not in arrived.headers
    assert (reply.status, reply.body, reply.headers["request-id"]) == (400, words, "req_upstream")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/embeddings", "/v1/files"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Bearer sk-payments-1"}, 200),
        ({"authorization": "bearer   sk-payments-1 "}, 200),
        ({"x-api-key": "sk-payments-1"}, 200),
        ({"x-api-key": "sk-payments-1", "authorization": "Bearer sk-payments-1"}, 200),
        ({"x-api-key": "sk-payments-2"}, 401),
        ({}, 401),
    ],
)
def test_p0_09_the_team_key_by_either_header_on_every_route(running, openai, anthropic, path, headers, status):
    openai.script = anthropic.script = lambda asked, wire: wire.sendall(answer(b"{}"))
    model = "claude-opus-5-5" if path.endswith("messages") else "gpt-6-luna"
    body = {"model": model, "messages": [], "input": "hello there"}
    assert running.ask(path, body, headers).status == status


def test_p0_10_a_sub_agent_is_a_thread_of_its_own_whatever_the_cache_key(running, openai, key):
    openai.says(*sse(CREATED, COMPLETED, names=True))
    shared = {"session-id": "s-1", "originator": "codex_exec"}
    body = {**RESPONSES, "prompt_cache_key": "s-1"}
    first = running.ask("/v1/responses", body, {**key, **shared, "thread-id": "s-1"})
    child = {"thread-id": "t-2", "x-openai-subagent": "collab_spawn", "x-codex-parent-thread-id": "s-1"}
    second = running.ask("/v1/responses", body, {**key, **shared, **child})
    main, sub = running.row(first), running.row(second)
    assert (main["agent"], sub["agent"]) == ("main", "subagent")
    assert main["thread"] != sub["thread"]
    assert sub["parent"] == main["thread"]
    assert main["session"] == sub["session"]


def test_p0_11_another_model_than_asked_for_alarms_no_codex(running, openai, key):
    marked = {**CREATED, "response": {**CREATED["response"], "headers": {"openai-model": "gpt-6-luna"}}}
    openai.says(*sse(marked, COMPLETED, names=True), headers={"openai-model": "gpt-6-luna"})
    reply = running.ask("/v1/responses", RESPONSES, key)
    assert reply.headers["openai-model"] == "auto"
    assert told(reply)[0]["response"]["headers"]["openai-model"] == "auto"


def test_p0_11_the_vendors_own_reroute_is_not_hidden(running, openai, key):
    openai.says(*sse(CREATED, COMPLETED, names=True), headers={"openai-model": "gpt-5.2"})
    reply = running.ask("/v1/responses", {**RESPONSES, "model": "gpt-6.1-sol"}, key)
    assert reply.headers["openai-model"] == "gpt-5.2"


def test_p0_12_turn_state_comes_back_and_session_headers_go_up(running, openai, key):
    openai.says(*sse(CREATED, COMPLETED, names=True), headers={"x-codex-turn-state": "opaque=="})
    session = {"session-id": "s", "thread-id": "t", "x-client-request-id": "t", "x-session-affinity": "a",
               "x-codex-turn-state": "earlier==", "originator": "codex_exec"}  # fmt: skip
    reply = running.ask("/v1/responses", RESPONSES, {**key, **session})
    assert reply.headers["x-codex-turn-state"] == "opaque=="
    assert {name: openai.arrived[-1].headers[name] for name in session} == session


def test_p0_13_opaque_state_passes_byte_for_byte_and_pins_its_thread(running, openai, anthropic, key):
    sealed = b'{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAAAB\\u002bx/y=="}'
    turns = b'[{"role":"user","content":"refactor utils.py"},%b,{"role":"user","content":"%b"}]'
    openai.says(*sse(CREATED, COMPLETED, names=True))
    thread = {**key, "thread-id": "pinned-1", "originator": "codex_exec"}
    models = []
    for words in (b"run the tests in test_utils.py", b"thank you, how are you today?"):
        body = b'{"model":"auto","stream":true,"input":' + turns % (sealed, words) + b"}"
        models.append(running.ask("/v1/responses", body, thread).headers["x-pointsman-model"])
        assert sealed in openai.arrived[-1].body
        running.ask("/metrics")
    assert models[0] == models[1] == "gpt-6.1-sol"
    signed = {"type": "thinking", "thinking": "", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"}
    body = json.dumps({**MESSAGES, "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": [signed]},
                       {"role": "user", "content": "b"}]}).encode()  # fmt: skip
    anthropic.script = lambda asked, wire: wire.sendall(answer(b"{}"))
    running.ask("/v1/messages", body, key)
    assert anthropic.arrived[-1].body == body


def test_p0_14_who_leaves_before_the_first_byte_frees_the_upstream(running, openai, key):
    left = threading.Event()

    def script(asked, wire):
        wire.settimeout(8)
        if wire.recv(1) == b"":
            left.set()

    openai.script = script
    wire = running.open("/v1/responses", RESPONSES, key)
    _arrives(openai)
    wire.close()
    assert left.wait(5)


def test_p0_14_who_leaves_in_mid_stream_frees_the_upstream(running, openai, key):
    def script(asked, wire):
        wire.sendall(head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}))
        while True:
            wire.sendall(chunk(sse(CREATED)[0]))
            time.sleep(0.01)

    openai.script = script
    wire = running.open("/v1/responses", RESPONSES, key)
    assert wire.recv(4096)
    wire.close()
    assert openai.hung_up.wait(5)


def test_p0_14_a_slow_reader_slows_the_upstream_down(running, openai, key):
    """Nothing is buffered without bound: the upstream can be ahead of the client by what sockets hold, no more."""
    sent = 0
    part = chunk(b"data: " + b"x" * 65_536 + b"\n\n")

    def script(asked, wire):
        nonlocal sent
        wire.sendall(head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}))
        wire.settimeout(3)
        for _ in range(2000):
            wire.sendall(part)
            sent += len(part)

    openai.script = script
    wire = running.open("/v1/responses", RESPONSES, key)
    assert wire.recv(1000)
    time.sleep(2)
    stuck_at = sent
    assert stuck_at < 100_000_000
    time.sleep(0.5)
    assert sent == stuck_at
    wire.close()


def test_p0_14_nothing_is_redirected(running, openai, anthropic, key):
    for path in ("/v1/models/", "/v1/messages/", "/v1/chat/completions/"):
        assert running.ask(path, method="GET", headers=key).status not in (301, 302, 303, 307, 308)


def test_p0_14_32_megabytes_pass(running, openai, key):
    openai.script = lambda asked, wire: wire.sendall(answer(b"{}"))
    body = json.dumps({**CHAT, "messages": [{"role": "user", "content": "x" * (32 * 1024 * 1024 - 200)}]}).encode()
    assert 32 * 1024 * 1024 - 200 < len(body) <= 32 * 1024 * 1024
    assert running.ask("/v1/chat/completions", body, key).status == 200
    assert openai.arrived[-1].body == body


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("zstd", zstandard.compress), ("gzip", gzip.compress), ("br", brotli.compress), ("identity", bytes)],
)
def test_p0_14_compressed_requests_are_read_and_go_up_plain(running, openai, key, encoding, pack):
    openai.script = lambda asked, wire: wire.sendall(answer(b"{}"))
    body = json.dumps(CHAT).encode()
    reply = running.ask("/v1/chat/completions", pack(body), {**key, "content-encoding": encoding})
    assert reply.status == 200
    assert openai.arrived[-1].body == body
    assert "content-encoding" not in openai.arrived[-1].headers


# what users expect


def test_p1_15_models_in_the_shape_its_asker_reads(running, key):
    listed = running.ask("/v1/models", headers=key).json
    names = [each["id"] for each in listed["data"]]
    assert listed["object"] == "list"
    assert {"auto", "claude-auto", "code", "general", "gpt-6.1-sol"} <= set(names)
    assert not any("*" in name for name in names)
    shaped = running.ask("/v1/models?limit=1000", headers={**key, "anthropic-version": "2023-06-01"}).json
    assert {each["type"] for each in shaped["data"]} == {"model"}
    assert shaped["has_more"] is False
    assert "claude-auto" in [each["id"] for each in shaped["data"]]
    assert running.ask("/v1/models").status == 401


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions", "/v1/messages"])
def test_p1_16_one_model_name_is_enough(running, openai, anthropic, key, path):
    openai.script = anthropic.script = lambda asked, wire: wire.sendall(answer(b"{}"))
    asked = {"max_tokens": 9, "messages": [{"role": "user", "content": "What is the capital of Peru?"}]}
    if path.endswith("responses"):
        asked = {"input": "What is the capital of Peru?"}
    for name in ("auto", "claude-auto", "code", "general"):
        reply = running.ask(path, {"model": name, **asked}, key)
        assert reply.status == 200
        assert reply.headers["x-pointsman-route"] == ("code" if name == "code" else "general")


def test_p1_17_knocks_are_answered_and_tokens_counted(running, anthropic, key):
    assert running.ask("/", method="HEAD").status == 200
    assert running.ask("/api/hello", method="HEAD").status == 200
    anthropic.script = lambda asked, wire: wire.sendall(answer(b'{"input_tokens":14}'))
    body = {"model": "claude-auto", "messages": [{"role": "user", "content": "hello there"}]}
    reply = running.ask("/v1/messages/count_tokens", body, key)
    assert reply.json == {"input_tokens": 14}
    assert anthropic.arrived[-1].target == "/v1/messages/count_tokens"
    row = running.row(reply)
    assert row["picos"] == 0
    assert not row["input_uncached"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_request_body"),
        ({"messages": []}, 400, "bad_request_body"),
        ({"model": "nobody-knows", "messages": [], "input": ""}, 404, "model_not_found"),
        ({"model": "lost", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}], "input": "hi"}, 502, "upstream_unreachable"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages"])
def test_p1_18_errors_in_the_callers_own_envelope(running, key, body, status, code, path):
    reply = running.ask(path, body, key)
    assert reply.status == status
    assert reply.headers["x-should-retry"] in ("true", "false")
    if path == "/v1/messages":
        assert reply.json["type"] == "error"
        assert reply.json["error"]["message"]
        assert reply.json["request_id"] == reply.headers["request-id"]
    else:
        assert reply.json["error"]["code"] == code
        assert reply.headers["x-request-id"]


def test_p1_18_a_bad_key_is_told_not_to_try_again(running):
    reply = running.ask("/v1/messages", MESSAGES, {"x-api-key": "wrong"})
    assert (reply.status, reply.headers["x-should-retry"]) == (401, "false")
    assert reply.json["error"]["type"] == "authentication_error"


def test_p1_18_a_short_wait_is_honoured_and_a_long_one_passed_on(running, openai, key):
    refused = b'{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}'
    waits = iter(("0.1", "0"))

    def script(asked, wire):
        wait = next(waits, None)
        if wait is None:
            wire.sendall(answer(b'{"ok":true}'))
        else:
            wire.sendall(answer(refused, 429, {"retry-after": wait}))

    openai.script = script
    first = running.ask("/v1/chat/completions", CHAT, key)  # two attempts are configured; both were refused
    assert (first.status, first.body, first.headers["retry-after"]) == (429, refused, "0")
    assert len(openai.arrived) == 2
    openai.arrived.clear()
    openai.script = lambda asked, wire: wire.sendall(answer(refused, 429, {"retry-after": "40"}))
    reply = running.ask("/v1/chat/completions", CHAT, key)
    assert (reply.status, reply.headers["retry-after"]) == (429, "40")
    assert len(openai.arrived) == 1


def test_p1_20_other_paths_pass_through_and_ids_go_home(running, openai, key):
    openai.says(*sse(CREATED, COMPLETED, names=True))
    running.ask("/v1/responses", RESPONSES, key)
    openai.script = lambda asked, wire: wire.sendall(answer(b'{"id":"resp_1"}'))
    for method, path in [("GET", "/v1/responses/resp_1"), ("DELETE", "/v1/responses/resp_1"),
                         ("GET", "/v1/responses/resp_1/input_items?limit=2"), ("GET", "/v1/files"),
                         ("GET", "/v1/conversations/conv_1"), ("GET", "/v1/batches")]:  # fmt: skip
        reply = running.ask(path, headers=key, method=method)
        assert reply.status == 200, path
        assert (openai.arrived[-1].method, openai.arrived[-1].target) == (method, path)
    upload = b"--b\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n\xff\x00\r\n--b--\r\n"
    running.ask("/v1/files", upload, {**key, "content-type": "multipart/form-data; boundary=b"})
    assert openai.arrived[-1].body == upload
    vector = b'{"data":[],"model":"text-embedding-3-small","usage":{"prompt_tokens":7,"total_tokens":7}}'
    openai.script = lambda asked, wire: wire.sendall(answer(vector))
    reply = running.ask("/v1/embeddings", {"model": "text-embedding-3-small", "input": "hello"}, key)
    assert running.row(reply)["input_uncached"] == 7


@pytest.mark.parametrize("prefix", ["", "/v1", "/t/payments", "/t/payments/v1"])
def test_p1_21_every_way_clients_build_addresses(running, openai, anthropic, key, prefix):
    openai.script = anthropic.script = lambda asked, wire: wire.sendall(answer(b"{}"))
    for path, body in (("/v1/chat/completions", CHAT), ("/v1/messages", MESSAGES)):
        assert running.ask(prefix + path, body, key).status == 200
    assert openai.arrived[-1].target == "/v1/chat/completions"
    assert running.ask(f"{prefix}/v1/models", headers=key).status == 200


def test_p1_21_a_team_in_the_address_never_stands_for_a_key(running, key):
    assert running.ask("/t/payments/v1/chat/completions", CHAT).status == 401
    assert running.ask("/t/search/v1/chat/completions", CHAT, key).status == 403


def test_p1_22_the_billing_block_stays_for_anthropic(running, anthropic, key):
    anthropic.script = lambda asked, wire: wire.sendall(answer(b"{}"))
    system = [{"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330.839"}, {"type": "text", "text": "Be kind."}]
    body = json.dumps({**MESSAGES, "system": system}).encode()
    running.ask("/v1/messages", body, key)
    assert anthropic.arrived[-1].body == body


def _arrives(upstream):
    deadline = time.monotonic() + 5
    while not upstream.arrived:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_p1_20_a_response_that_is_continued_stays_in_its_thread(running, openai, key):
    openai.says(*sse(CREATED, {**COMPLETED, "response": {**COMPLETED["response"], "id": "resp_continued"}}, names=True))
    first = running.row(running.ask("/v1/responses", {**RESPONSES, "model": "code"}, key))
    again = {"model": "auto", "stream": True, "previous_response_id": "resp_continued", "input": "and now a poem"}
    second = running.row(running.ask("/v1/responses", again, key))
    assert (second["thread"], second["thread_rule"]) == (first["thread"], "previous_response")
    assert second["model"] == first["model"]
    other = {"authorization": "Bearer sk-search-1"}
    stranger = running.row(running.ask("/v1/responses", again, other))
    assert stranger["thread_rule"] != "previous_response"
