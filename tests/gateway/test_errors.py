"""Every kind of error, in every caller's envelope."""

import json

import pytest

from gateway.dialects.sse import events
from gateway.errors import KINDS, Refusal, answer, stream_error


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", ["chat", "responses", "messages"])
def test_the_callers_own_envelope(kind, dialect):
    refusal = Refusal.of(kind, "no: \ud800" + "x" * 9000, param="model", retry_after_s=1.4)
    status, lines, body = answer(refusal, dialect, "abc")
    told = json.loads(body)
    headers = dict(lines)
    assert headers[b"x-should-retry"] in (b"true", b"false")
    assert headers[b"retry-after"] == b"1"
    assert len(told["error"]["message"]) <= 500
    if dialect == "messages":
        assert told["type"] == "error"
        assert told["request_id"] == "abc"
        assert headers[b"request-id"] == b"abc"
        assert status == (529 if kind in ("busy", "draining") else KINDS[kind].status)
    else:
        assert set(told["error"]) == {"message", "type", "param", "code"}
        assert status == KINDS[kind].status


@pytest.mark.parametrize(
    ("dialect", "name"), [("chat", b""), ("responses", b"response.failed"), ("messages", b"error")]
)
def test_the_last_event_of_a_broken_stream(dialect, name):
    ((event, data),) = events(stream_error(Refusal.of("upstream_failed", "cut"), dialect, "abc"))
    told = json.loads(data)
    assert event == name
    assert "cut" in json.dumps(told)
    assert told.get("type") == {"chat": None, "responses": "response.failed", "messages": "error"}[dialect]
