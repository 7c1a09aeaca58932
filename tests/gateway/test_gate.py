"""Asking first, in each client's own form."""

import json

import pytest

from gateway.dialects.ask import read
from gateway.gate import WHAT_TO_DO, asks_first
from gateway.warning import ColdResume

COLD = ColdResume(
    idle_s=54_000.0, tokens=120_000, p_cold=1.0, reason="past_lifetime", go_on_picos=750_000_000_000,
    warm_picos=60_000_000_000, compact_picos=900_000_000_000, fresh_picos=100_000_000_000, pays_after=3,
)  # fmt: skip


def test_codex_sees_a_response_that_failed():
    ask = read(b'{"model":"m","input":[],"stream":true}', "responses", "responses")
    asked = asks_first(COLD, ask, "codex", "0abc")
    assert asked.status == 200
    assert dict(asked.headers)[b"content-type"] == b"text/event-stream"
    event = json.loads(asked.body.split(b"data: ")[1])
    assert event["type"] == "response.failed"
    assert event["response"]["error"]["code"] == "invalid_prompt"
    assert event["response"]["error"]["message"] == f"{COLD.sentence} {WHAT_TO_DO}"


@pytest.mark.parametrize(("dialect", "status", "type_"), [("messages", 429, "billing_error"), ("chat", 400, "invalid_request_error")])
def test_others_see_an_error_they_do_not_repeat(dialect, status, type_):
    asked = asks_first(COLD, read(b'{"model":"m","messages":[]}', dialect, dialect), "any", "0abc")
    headers = dict(asked.headers)
    assert asked.status == status
    assert headers[b"x-should-retry"] == b"false"
    assert headers[b"x-pointsman-resume-usd"].startswith(b"go_on=0.750")
    assert json.loads(asked.body)["error"]["type"] == type_
    assert WHAT_TO_DO in json.loads(asked.body)["error"]["message"]
