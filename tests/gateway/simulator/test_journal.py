"""The journal keeps digests, and bodies only while recording."""

import base64
import hashlib

from gateway.simulator import journal
from gateway.simulator.journal import Journal

HEADERS = [(b"authorization", b"Bearer secret"), (b"x-api-key", b"secret"), (b"cookie", b"secret"), (b"accept", b"*/*")]


def note(log: Journal, body: bytes = b"body") -> None:
    log.note(1.0, "POST", "/v1/messages", b"beta=true", HEADERS, body)


def test_no_key_and_no_body_without_recording():
    log = Journal()
    note(log)
    (entry,) = log.entries
    assert "secret" not in str(entry.headers)
    assert dict(entry.headers)["accept"] == "*/*"
    assert (entry.body, entry.body_bytes, entry.query) == (None, 4, "beta=true")
    assert entry.body_sha256 == hashlib.sha256(b"body").hexdigest()


def test_recording_keeps_both_and_large_bodies_only_as_digests(monkeypatch):
    monkeypatch.setattr(journal, "BODY_MAX_BYTES", 4)
    log = Journal()
    log.recording = True
    note(log, b"body")
    note(log, b"bodies")
    small, large = log.entries
    assert base64.b64decode(small.body) == b"body"
    assert ("x-api-key", "secret") in small.headers
    assert large.body is None


def test_entries_and_recorded_bytes_are_bounded(monkeypatch):
    monkeypatch.setattr(journal, "ENTRIES_MAX", 3)
    log = Journal()
    for _ in range(5):
        note(log)
    assert len(log.entries) == 3
    monkeypatch.setattr(journal, "BODIES_MAX_BYTES", 20)
    log.recording = True
    for _ in range(5):
        note(log, b"12345678")
    assert sum(len(entry.body or "") for entry in log.entries) <= 20
    log.clear()
    note(log, b"12345678")
    assert len(log.entries) == 1
