"""The control room: every lever does what it says, and says what it was given wrong."""

import base64
import json
from typing import Any

import pytest

from gateway.simulator import control
from gateway.simulator.app import create
from gateway.simulator.clock import StillClock
from gateway.simulator.prices import charge
from gateway.simulator.provider import Call, Provider
from tests.gateway.simulator.rig import plain


@pytest.fixture
def provider() -> Provider:
    return create(clock=StillClock(1000.0)).provider


def lever(provider: Provider, name: str, body: object = None) -> tuple[int, Any]:
    method, _, path = name.partition(" ")
    raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    status, told = control.answer(provider, Call(method, f"/__sim/{path}", b"", {}, raw))
    return status, plain(told)


def pulled(provider: Provider, name: str, body: object = None) -> Any:
    status, told = lever(provider, name, body)
    assert status == 200, told
    return told


def asks(provider: Provider, model: str = "gpt-6-sol", headers: dict[bytes, bytes] | None = None) -> None:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}]}).encode()
    call = Call("POST", "/v1/chat/completions", b"", {b"authorization": b"Bearer k", **(headers or {})}, body)
    provider.log.note(provider.clock.now(), call.method, call.path, call.query, list(call.headers.items()), body)
    job = provider.take(call, "chat")
    assert job.settle is not None
    job.settle(40, True, "finished")


def test_the_bill_has_rows_and_exact_totals(provider):
    asks(provider, headers={b"x-pointsman-request-id": b"req-1"})
    asks(provider, model="nobody-knows")
    bill = pulled(provider, "GET bill")
    picos = 9 * 2_000_000 + 40 * 10_000_000
    assert {name: bill[name] for name in ("requests", "picos", "usd", "unpriced", "unreported", "open")} == {
        "requests": 2, "picos": picos, "usd": "0.000418000000", "unpriced": 1, "unreported": 0, "open": 0}  # fmt: skip
    assert [(row["request_id"], row["picos"]) for row in bill["rows"]] == [("req-1", picos), (None, None)]
    assert bill["rows"][0]["key"] not in ("k", "Bearer k")
    pulled(provider, "DELETE bill")
    assert pulled(provider, "GET bill")["rows"] == []


def test_the_clock_is_moved_on(provider):
    assert pulled(provider, "POST advance", {"seconds": 90.5}) == {"now": 1090.5}


def test_faults_wait_and_are_mended(provider):
    pulled(provider, "POST fail", {"kind": "status:500", "times": 2})
    assert provider.faults.next_for("m") is not None
    pulled(provider, "DELETE fail")
    assert provider.faults.next_for("m") is None


def test_an_hour_is_granted_as_five_minutes_and_again_as_an_hour(provider):
    assert pulled(provider, "POST flip_ttl") == {"grants_hours": False}
    assert provider.cache.anthropic.grants_hours is False
    assert pulled(provider, "POST flip_ttl", {"on": False}) == {"grants_hours": True}


def test_the_next_requests_overflow(provider):
    assert pulled(provider, "POST overflow") == {"overflowing": 1}
    pulled(provider, "POST overflow", {"requests": 3})
    assert provider.cache.machines.overflow == 3


def test_the_pace_is_set(provider):
    pulled(provider, "POST pace", {"seconds_per_token": 0.02})
    assert provider.pace_s == 0.02


def test_the_journal_keeps_bodies_and_keys_only_while_recording(provider):
    asks(provider)
    pulled(provider, "POST record")
    asks(provider)
    pulled(provider, "POST record", {"on": False})
    silent, recorded = pulled(provider, "GET journal")["entries"]
    assert (silent["body"], dict(silent["headers"])["authorization"][:7]) == (None, "sha256:")
    assert json.loads(base64.b64decode(recorded["body"]))["model"] == "gpt-6-sol"
    assert dict(recorded["headers"])["authorization"] == "Bearer k"
    pulled(provider, "DELETE journal")
    assert pulled(provider, "GET journal") == {"entries": []}


def test_evicting_seeding_and_resetting(provider):
    pulled(provider, "POST fail", {"kind": "cut"})
    pulled(provider, "POST seed", {"seed": -7})
    assert provider.faults.next_for("m") is not None, "a fault that waits is not chance"
    asks(provider)
    pulled(provider, "POST evict")
    assert provider.bill.count == 1
    pulled(provider, "POST fail", {"kind": "cut"})
    pulled(provider, "POST reset")
    assert (provider.bill.count, len(provider.log.entries), provider.faults.next_for("m")) == (0, 0, None)
    assert provider.clock.now() == 1000.0


def test_a_price_changes_and_is_as_listed_again(provider):
    said = {"model": "gpt-6-luna", "usd_per_million": {"output": 0.6}}
    assert pulled(provider, "POST price", said)["picos_per_token"]["output"] == 600_000
    assert charge("gpt-6-luna", {"input_uncached": 1, "output": 1}, provider.prices) == 700_000
    assert charge("gpt-6-luna", {"output": 1}) == 500_000
    pulled(provider, "POST price", {"model": "gpt-6-luna"})
    assert charge("gpt-6-luna", {"output": 1}, provider.prices) == 500_000


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("POST advance", None, "seconds must be a number"),
        ("POST advance", {"seconds": "1"}, "seconds must be a number"),
        ("POST advance", {"seconds": -1}, "forward"),
        ("POST advance", {"seconds": True}, "seconds must be a number"),
        ("POST advance", b"{", "truncated"),
        ("POST seed", {"seed": 1.5}, "whole number"),
        ("POST seed", {"seed": 2**70}, "64 bits"),
        ("POST seed", {"seed": 1e400}, ""),
        ("POST pace", {"seconds_per_token": -1}, "pace"),
        ("POST overflow", {"requests": -1}, "not negative"),
        ("POST price", {"model": "nobody-knows"}, "has no price here"),
        ("POST price", {"model": "gpt-6-luna", "usd_per_million": {"hot_air": 1}}, "is priced by"),
        ("POST price", {"model": "gpt-6-luna", "usd_per_million": {"output": 1e-7}}, "whole number"),
        ("POST fail", {"kind": "explode"}, "unknown fault"),
        ("POST fail", {}, "unknown fault"),
        ("POST fail", {"kind": "cut", "times": []}, "unknown fault setting"),
    ],
)
def test_a_wrong_word_is_named(provider, name, body, words):
    status, told = lever(provider, name, body)
    assert status == 400
    assert words in told["error"].lower() or words in told["error"]


def test_an_unknown_lever_lists_the_others(provider):
    status, told = lever(provider, "POST explode")
    assert status == 404
    assert {"GET bill", "POST advance"} <= set(told["there_are"])
