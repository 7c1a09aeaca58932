"""The application: what is where, what is billed, what is refused and how it is said."""

import json
import re
import socket

import pytest

from gateway.simulator import app as application
from gateway.simulator.app import create
from gateway.simulator.clock import StillClock
from gateway.simulator.prices import PRICES
from tests.gateway.simulator.rig import KEY, part, serving

ANTHROPIC = {**KEY, "anthropic-version": "2023-06-01"}
HELLO = [{"role": "user", "content": "hello"}]
BODIES = {
    "/v1/chat/completions": {"model": "gpt-6-sol", "messages": HELLO},
    "/v1/responses": {"model": "gpt-6-sol", "input": "hello"},
    "/v1/messages": {"model": "claude-opus-5-5", "max_tokens": 100, "messages": HELLO},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "hello"},
    "/v1/completions": {"model": "gpt-3.5-turbo-instruct", "prompt": "hello"},
}


@pytest.fixture(scope="module")
def whole():
    with serving(clock=StillClock()) as served:
        yield served


@pytest.fixture
def served(whole):
    whole.ask("/__sim/reset", b"", "POST")
    return whole


@pytest.mark.parametrize("path", BODIES)
def test_every_endpoint_answers_and_bills_what_its_usage_says(served, path):
    usage = served.json(path, BODIES[path])["usage"]
    (row,) = served.bill()
    assert row["endpoint"] in path
    shown = sum(usage.get(name, 0) for name in ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens"))
    assert sum(row["kinds"].values()) == shown > 0
    assert row["picos"] > 0
    assert row["reported"]


@pytest.mark.parametrize("path", BODIES)
def test_a_doubled_prefix_is_forgiven(served, path):
    assert served.ask(f"/v1{path}", BODIES[path])[0] == 200


def test_counting_tokens_is_free_and_right(served):
    body = {"model": "claude-opus-5-5", "messages": HELLO}
    counted = served.json("/v1/messages/count_tokens", body)["input_tokens"]
    assert served.bill() == []
    assert served.json("/v1/messages", {**body, "max_tokens": 9})["usage"]["input_tokens"] == counted


def test_models_in_the_shape_of_who_asks(served):
    openai, anthropic = served.json("/v1/models"), served.json("/v1/models?limit=1000", headers=ANTHROPIC)
    assert {one["id"] for one in openai["data"]} | {one["id"] for one in anthropic["data"]} == set(PRICES)
    assert all(one["id"].startswith("claude-") and one["type"] == "model" for one in anthropic["data"])
    assert served.json("/v1/models/gpt-6-sol")["object"] == "model"
    assert served.ask("/v1/models/gpt-9")[0] == 404


def test_a_response_is_kept_shown_continued_and_deleted(served):
    first = served.json("/v1/responses", BODIES["/v1/responses"])
    at = f"/v1/responses/{first['id']}"
    assert served.json(at) == first
    assert served.json(f"{at}/cancel", b"", "POST") == first
    (item,) = served.json(f"{at}/input_items")["data"]
    assert item["content"][0]["text"] == "hello"
    grown = served.json("/v1/responses", {**BODIES["/v1/responses"], "input": "on", "previous_response_id": first["id"]})
    assert grown["usage"]["input_tokens"] > first["usage"]["input_tokens"] + first["usage"]["output_tokens"]
    assert served.json(at, method="DELETE") == {"id": first["id"], "object": "response", "deleted": True}
    assert [served.ask(at)[0], served.ask(at, method="DELETE")[0], served.ask(f"{at}/input_items")[0]] == [404] * 3
    lost = served.ask("/v1/responses", {**BODIES["/v1/responses"], "previous_response_id": first["id"]})
    assert (lost[0], json.loads(lost[2])["error"]["code"]) == (400, "previous_response_not_found")


def test_a_response_is_its_account_s_own_and_may_ask_not_to_be_kept(served):
    kept = served.json("/v1/responses", BODIES["/v1/responses"])["id"]
    assert served.ask(f"/v1/responses/{kept}", headers={"authorization": "Bearer other"})[0] == 404
    fleeting = served.json("/v1/responses", {**BODIES["/v1/responses"], "store": False})["id"]
    assert served.ask(f"/v1/responses/{fleeting}")[0] == 404


def test_a_websocket_is_told_at_once_that_there_is_none(served):
    upgrade = {**KEY, "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    assert served.ask("/v1/responses", headers=upgrade)[0] == 426


@pytest.mark.parametrize("path", ["/v1/files", "/v1/batches"])
def test_what_only_passes_through_is_an_empty_list(served, path):
    assert served.json(path)["data"] == []


@pytest.mark.parametrize("path", ["/", "/v1/nothing", "/v1/responses/", "/v1/responses/resp_9/input_items"])
def test_what_is_not_there_is_404(served, path):
    assert served.ask(path)[0] == 404


NESTED = b'[{"content": ' * 450 + b"1" + b"}]" * 450
REFUSED = [
    ("/v1/chat/completions", b"{", 400, "could not parse"),
    ("/v1/chat/completions", b"\xff", 400, "could not parse"),
    ("/v1/chat/completions", b"[" * 20_000, 400, "could not parse"),
    ("/v1/chat/completions", b'{"model": "gpt-6-sol", "messages": "\\ud800"}', 400, "could not parse"),
    ("/v1/messages", b'{"model": "claude-opus-5-5", "max_tokens": 9, "messages": ' + NESTED + b"}", 400, "nested too deeply"),
    ("/v1/chat/completions", b"[]", 400, "must be a JSON object"),
    ("/v1/chat/completions", {"messages": HELLO}, 400, "model"),
    ("/v1/chat/completions", {"model": "gpt-6-sol"}, 400, "messages"),
    ("/v1/chat/completions", {"model": 5, "messages": HELLO}, 400, "model"),
    ("/v1/messages", {"model": "claude-opus-5-5", "max_tokens": 9, "messages": []}, 400, "at least one message"),
    ("/v1/messages", {"model": "claude-opus-5-5", "messages": HELLO}, 400, "max_tokens: Field required"),
    ("/v1/embeddings", {"model": "m", "input": []}, 400, "input"),
]


@pytest.mark.parametrize(("path", "body", "status", "words"), REFUSED)
def test_what_cannot_be_answered_is_refused_in_the_caller_s_envelope(served, path, body, status, words):
    got, _, raw = served.ask(path, body)
    told = json.loads(raw)
    assert got == status
    assert words in told["error"]["message"]
    assert ("request_id" in told) is (path == "/v1/messages")
    assert served.bill() == []


def test_a_request_without_a_key_is_refused_and_either_header_is_one(served):
    assert served.ask("/v1/models", headers={})[0] == 401
    status, _, raw = served.ask("/v1/messages", BODIES["/v1/messages"], headers={"authorization": "Bearer "})
    assert (status, json.loads(raw)["error"]["type"]) == (401, "authentication_error")
    assert served.ask("/v1/models", headers={"x-api-key": "k"})[0] == 200


def test_a_body_above_the_bound_is_refused_and_the_next_is_not(served, monkeypatch):
    monkeypatch.setattr(application, "BODY_BYTES_MAX", 1000)
    just = json.dumps(BODIES["/v1/chat/completions"]).encode().ljust(1000)
    assert served.ask("/v1/chat/completions", just)[0] == 200
    assert served.ask("/v1/chat/completions", just + b" ")[0] == 413
    assert served.ask("/v1/messages", just + b" " * 100_000)[0] == 413
    assert served.app.provider.log.entries[-1].body_bytes == 1001


def test_who_leaves_over_the_upload_is_not_answered_or_billed(served):
    with socket.create_connection(("127.0.0.1", served.port)) as wire:
        wire.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\ncontent-length: 999\r\n\r\n{")
    assert served.json("/__sim/journal")["entries"] == []
    assert served.bill() == []


HEADERS = {
    "/v1/chat/completions": {"x-request-id", "openai-version", "openai-processing-ms"},
    "/v1/messages": {"request-id", "anthropic-organization-id"},
}


@pytest.mark.parametrize("path", HEADERS)
def test_headers_are_the_vendor_s(served, path):
    _, headers, _ = served.ask(path, BODIES[path])
    assert HEADERS[path] <= set(headers)
    assert headers["content-type"] == "application/json"
    _, headers, raw = served.ask(path, {**BODIES[path], "stream": True})
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "content-length" not in headers
    assert raw.endswith(b"\n\n")


def test_codex_gets_its_turn_state_and_may_be_told_another_model(served):
    codex = {**KEY, "originator": "codex_exec", "x-simulate-openai-model": "gpt-5.2"}
    _, headers, _ = served.ask("/v1/responses", BODIES["/v1/responses"], headers=codex)
    assert headers["openai-model"] == "gpt-5.2"
    again = served.ask("/v1/responses", BODIES["/v1/responses"], headers={**codex, "x-codex-turn-state": "kept"})[1]
    assert (headers["x-codex-turn-state"][:5], again["x-codex-turn-state"]) == ("turn-", "kept")


def test_the_same_seed_says_the_same_and_another_does_not():
    def said(seed: int) -> list[str]:
        with serving(seed=seed) as served:
            texts = [served.json(path, BODIES[path]) for path in ("/v1/chat/completions", "/v1/messages")]
            stream = served.ask("/v1/responses", {**BODIES["/v1/responses"], "stream": True})[2].decode()
        ids = re.compile(r"(resp|msg|chatcmpl)[-_][0-9a-f]+|\"created(_at)?\":\d+|\"completed_at\":\d+")
        return [ids.sub("", json.dumps(text, separators=(",", ":"))) for text in texts] + [ids.sub("", stream)]

    assert said(1) == said(1)
    assert all(one != two for one, two in zip(said(1), said(2), strict=True))


def test_the_clock_moves_caches_over_http(served):
    marked = part(600, cache_control={"type": "ephemeral"})
    body = {**BODIES["/v1/messages"], "messages": [{"role": "user", "content": [marked]}]}

    def read() -> int:
        found: int = served.json("/v1/messages", body)["usage"]["cache_read_input_tokens"]
        return found

    assert [read(), read()] == [0, 600]
    served.json("/__sim/advance", {"seconds": 331})
    assert [read(), read()] == [0, 600]


@pytest.mark.parametrize(
    ("profile", "there"),
    [("openai-6", set(BODIES) - {"/v1/messages"}), ("openai-5.5", set(BODIES) - {"/v1/messages"}),
     ("anthropic", {"/v1/messages", "/v1/chat/completions"})],
)  # fmt: skip
def test_a_profile_has_its_vendor_s_endpoints(profile, there):
    with serving(profile=profile) as served:
        assert {path for path, body in BODIES.items() if served.ask(path, body)[0] == 200} == there


def test_anthropic_s_compatible_endpoint_caches_nothing():
    body = {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "x" * 9000}]}
    with serving(profile="anthropic") as served:
        for _ in range(2):
            assert served.json("/v1/chat/completions", body)["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"profile": "azure"}, "unknown profile 'azure'"), ({"faults": "explode"}, "unknown fault"), ({"pace_s": -1}, "pace"),
     ({"pace_s": float("nan")}, "pace"), ({"seed": 2**63}, "64 bits"), ({"retention": "2h"}, "unknown retention")],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused_at_once(settings, words):
    with pytest.raises(ValueError, match=words):
        create(**settings)


def test_faults_of_a_run_strike_again_and_again():
    with serving(faults="status:503;model=gpt-6-sol") as served:
        assert {served.ask("/v1/chat/completions", BODIES["/v1/chat/completions"])[0] for _ in range(3)} == {503}
        assert served.ask("/v1/messages", BODIES["/v1/messages"])[0] == 200
