"""Bad input, one gateway through all of it: the caller's own envelope, the right status, nothing lost, the process alive."""

import gzip
import io
import json
import socket

import pytest
import zstandard

from tests.line.rig import answer

PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")
GOOD = {"model": "gpt-6-luna", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}], "input": "hi"}


def bomb_gzip():
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as out:
        for _ in range(256):
            out.write(b" " * 1_048_576)
    return packed.getvalue()


def bomb_zstd():
    packer = zstandard.ZstdCompressor(level=19).compressobj()
    return b"".join([packer.compress(b" " * 1_048_576) for _ in range(256)]) + packer.flush()


BODIES = {
    "empty": (b"", {}, 400),
    "no_json": (b"hello", {}, 400),
    "cut_off": (b'{"model":"gpt-6-luna","messages":[', {}, 400),
    "trailing": (b'{"model":"gpt-6-luna"} x', {}, 400),
    "array": (b"[1,2]", {}, 400),
    "string": (b'"gpt-6-luna"', {}, 400),
    "null": (b"null", {}, 400),
    "nul": (b'{"model":"gpt-6-luna","input":"a\x00b"}', {}, 400),
    "nan": (b'{"model":"gpt-6-luna","temperature":NaN}', {}, 400),
    "infinity": (b'{"model":"gpt-6-luna","temperature":-Infinity}', {}, 400),
    "no_model": (b'{"messages":[]}', {}, 400),
    "model_null": (b'{"model":null}', {}, 400),
    "model_number": (b'{"model":7}', {}, 400),
    "model_list": (b'{"model":["gpt-6-luna"]}', {}, 400),
    "model_empty": (b'{"model":""}', {}, 400),
    "model_long": (b'{"model":"%b"}' % (b"x" * 5000), {}, 400),
    "model_surrogate": (b'{"model":"gpt-\\ud800"}', {}, 400),
    "model_twice": (b'{"model":"gpt-6-luna","input":"hi","model":"gpt-6.1-sol"}', {}, 400),
    "model_twice_escaped": (b'{"model":"gpt-6-luna","\\u006dodel":"gpt-6.1-sol"}', {}, 400),
    "stream_word": (b'{"model":"gpt-6-luna","stream":"yes"}', {}, 400),
    "nested": (b'{"model":"gpt-6-luna","input":' + b"[" * 10_000 + b"]" * 10_000 + b"}", {}, 400),
    "nested_objects": (b'{"model":"gpt-6-luna","input":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}", {}, 400),
    "no_gzip": (b"{}", {"content-encoding": "gzip"}, 415),
    "no_zstd": (b"{}", {"content-encoding": "zstd"}, 415),
    "no_br": (b"\xff\xff{}", {"content-encoding": "br"}, 415),
    "gzip_cut": (gzip.compress(json.dumps(GOOD).encode())[:-9], {"content-encoding": "gzip"}, 415),
    "unknown_encoding": (b"{}", {"content-encoding": "snappy"}, 415),
    "two_encodings": (b"{}", {"content-encoding": "gzip, br"}, 415),
    "surrogate": (b'{"model":"gpt-6-luna","messages":[{"role":"user","content":"\\ud800 alone"}]}', {}, 400),
    "unknown_model": (b'{"model":"nobody-knows","messages":[]}', {}, 404),
}
"""Bodies and their statuses. Half a surrogate pair is what Anthropic's own endpoint calls invalid JSON, too."""


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_told_so(running, openai, key, path, name):
    body, headers, status = BODIES[name]
    reply = running.ask(path, body, {**key, **headers})
    assert reply.status == status
    in_envelope(reply, path)
    assert openai.arrived == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("made", [bomb_gzip, bomb_zstd])
def test_a_bomb_is_refused_before_it_goes_off(running, key, path, made):
    encoding = made.__name__.removeprefix("bomb_")
    before = memory(running)
    reply = running.ask(path, made(), {**key, "content-encoding": encoding})
    assert reply.status == 413
    in_envelope(reply, path)
    assert memory(running) - before < 100_000_000


@pytest.mark.parametrize("path", PATHS)
def test_33_megabytes_are_too_many(running, key, path):
    reply = running.ask(path, b'{"model":"gpt-6-luna","input":"' + b"x" * 33 * 1024 * 1024 + b'"}', key)
    assert reply.status == 413
    in_envelope(reply, path)


@pytest.mark.parametrize("path", PATHS[:2])
def test_an_upstream_that_is_down(running, key, path):
    reply = running.ask(path, {**GOOD, "model": "lost"}, key)
    assert reply.status == 502
    in_envelope(reply, path)


@pytest.mark.parametrize("path", PATHS)
def test_a_key_of_nobody_and_no_key(running, path):
    for headers in ({}, {"authorization": "Bearer nobody"}, {"authorization": "Basic c2s6c2s="}, {"x-api-key": "\xff"}):
        reply = running.ask(path, GOOD, headers)
        assert reply.status == 401
        in_envelope(reply, path)


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"gpt-6-luna","input":"Z\xfcrich","messages":[{"role":"user","content":"Z\xfcrich"}]}',
        b'{"model":"auto","messages":[{"role":7,"content":{"a":[]}}],"tools":"none","stream_options":7,"input":7}',
        b'{"model":"auto","messages":7,"input":{},"system":[1,null,{"text":3}],"tools":[1,{"function":null}]}',
        b'{"model":"auto","messages":[null,1,"x",[[]],{"content":[{"type":"image_url"},null,{"text":{}}]}],"input":[null,1]}',
        b'{"model":"auto","text":{"format":[]},"response_format":7,"output_config":{"format":null},"metadata":[]}',
        b'{"model":"auto","messages":' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"model":"auto","messages":[{"role":"user","content":"' + b"\\u4e2d" * 200_000 + b'"}]}',
        b'{"model":"auto","messages":[],"input":[' + b'{"role":"user","content":"a"},' * 20_000 + b'{"role":"user","content":"b"}]}',
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_what_only_the_upstream_can_judge_reaches_it(running, openai, anthropic, key, path, body):
    openai.script = anthropic.script = lambda asked, wire: wire.sendall(answer(b'{"id":"x"}'))
    body = body.replace(b"gpt-6-luna", b"claude-opus-5-5") if path.endswith("messages") else body
    reply = running.ask(path, body, key)
    assert reply.status == 200, reply.body
    arrived = (anthropic if path.endswith("messages") else openai).arrived[-1].body
    model = reply.headers["x-pointsman-model"].encode()
    assert arrived == body.replace(b'"auto"', b'"%b"' % model)


@pytest.mark.parametrize(
    "usage",
    [b"null", b"7", b'"many"', b"[]", b"{}", b'{"prompt_tokens":-5,"completion_tokens":1}', b'{"prompt_tokens":1e400}',
     b'{"prompt_tokens":"3","completion_tokens":true}', b'{"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":9}}',
     b'{"input_tokens":99999999999999999999999999,"output_tokens":1}', b'{"prompt_tokens_details":7}', b'{"a":"\\ud800"}'],
)  # fmt: skip
@pytest.mark.parametrize("path", PATHS)
def test_an_impossible_usage_is_never_a_price(running, openai, anthropic, key, path, usage):
    body = b'{"id":"x","model":"gpt-6-luna","usage":%b}' % usage
    openai.script = anthropic.script = lambda asked, wire: wire.sendall(answer(body))
    model = "claude-opus-5-5" if path.endswith("messages") else "gpt-6-luna"
    reply = running.ask(path, {**GOOD, "model": model}, key)
    assert (reply.status, reply.body) == (200, body)
    row = running.row(reply)
    assert row["price_status"] != "priced" or not row["exact"] or not row["picos"]


def test_a_header_full_of_noise_does_no_harm(running, openai, key):
    openai.script = lambda asked, wire: wire.sendall(answer(b"{}"))
    noise = {"thread-id": "\xff\xfe" * 500, "session-id": "{", "x-codex-turn-metadata": "{" * 900, "user-agent": "\x80" * 300,
             "x-claude-code-session-id": "a" * 5000, "originator": "\xe9"}  # fmt: skip
    reply = running.ask("/v1/chat/completions", GOOD, {**key, **noise})
    assert reply.status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        b"POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/../admin HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
        b"POST http://169.254.169.254/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
        b"\x00" * 5000,
    ],
)
def test_no_http_at_all(running, raw):
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as wire:
        wire.sendall(raw)
        wire.shutdown(socket.SHUT_WR)
        said = b""
        while part := wire.recv(4096):
            said += part
    assert not said or said.split(b" ")[1][:1] == b"4"


def test_after_all_that_it_is_alive_and_has_lost_nothing(running, openai, key):
    """Runs last in this file: whatever was taken in above has been settled."""
    openai.script = lambda asked, wire: wire.sendall(answer(b'{"usage":{"prompt_tokens":1,"completion_tokens":1}}'))
    assert running.row(running.ask("/v1/chat/completions", GOOD, key))["picos"]
    assert running.process.poll() is None
    assert running.metric("pointsman_inflight") == 0
    assert running.metric("pointsman_ledger_errors_total") == 0
    assert not [line for line in running.output if "Traceback" in line or "Error" in line]


def in_envelope(reply, path):
    told = json.loads(reply.body)
    if path.endswith("messages"):
        assert told["type"] == "error"
        assert set(told["error"]) == {"type", "message"}
    else:
        assert set(told["error"]) == {"message", "type", "param", "code"}
    assert reply.headers["content-type"] == "application/json"


def memory(running):
    """Resident bytes of the gateway's process."""
    with open(f"/proc/{running.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4096


