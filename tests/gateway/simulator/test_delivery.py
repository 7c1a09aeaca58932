"""Answers on their way out: pace, faults and hang-ups over real sockets, each billed once for what was made."""

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.simulator.app import create
from gateway.simulator.delivery import JOINED_MAX
from tests.gateway.simulator.rig import KEY, Served, serving

PACE_S = 0.01
CHAT = {"model": "gpt-6-sol", "messages": [{"role": "user", "content": "hello"}], "stream_options": {"include_usage": True}}
WHOLE, STREAM = {**CHAT, "stream": False}, {**CHAT, "stream": True}
INPUT = {"input_uncached": 9}


@pytest.fixture(scope="module")
def fast():
    with serving() as served:
        yield served


@pytest.fixture(scope="module")
def slow():
    with serving(pace_s=PACE_S) as served:
        yield served


@pytest.fixture(autouse=True)
def clean(request):
    for name in {"fast", "slow"} & set(request.fixturenames):
        request.getfixturevalue(name).ask("/__sim/reset", b"", "POST")


def faulty(fault: str, **more: str) -> dict[str, str]:
    return {**KEY, "x-simulate-fault": fault, **more}


def until(probe: Callable[[], Any], within_s: float = 5.0) -> Any:
    deadline = time.monotonic() + within_s
    while not (found := probe()):
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.01)
    return found


def settled(served: Served) -> dict[str, Any]:
    """The one row of the bill, as soon as it is there."""
    rows = until(served.bill)
    assert len(rows) == 1
    return rows[0]


def sent(served: Served, body: object, headers: dict[str, str]) -> bytes:
    """Everything that arrives until the connection ends; raises what the connection raises."""
    raw = json.dumps(body).encode()
    headers = {**headers, "content-length": str(len(raw)), "connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as wire:
        wire.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n{head}\r\n".encode() + raw)
        parts = []
        while data := wire.recv(65_536):
            parts.append(data)
        return b"".join(parts)


@pytest.mark.parametrize("body", [WHOLE, STREAM])
def test_a_finished_answer_is_billed_in_full(fast, body):
    status, _, raw = fast.ask("/v1/chat/completions", body)
    assert status == 200
    row = settled(fast)
    assert (row["outcome"], row["reported"], row["kinds"]) == ("finished", True, {**INPUT, "output": 40})
    assert b'"completion_tokens":40' in raw


def test_usage_that_nobody_asked_for_is_billed_but_not_reported(fast):
    fast.ask("/v1/chat/completions", {**STREAM, "stream_options": None})
    assert (settled(fast)["reported"], fast.app.provider.bill.unreported) == (False, 1)


def test_a_stream_comes_at_its_pace(slow):
    connection = http.client.HTTPConnection("127.0.0.1", slow.port, timeout=10)
    started = time.monotonic()
    connection.request("POST", "/v1/chat/completions", json.dumps(STREAM), KEY)
    answer = connection.getresponse()
    begun = time.monotonic() - started
    times = [time.monotonic() - started for line in answer if line.startswith(b"data:")]
    connection.close()
    assert times[-1] >= 40 * PACE_S
    assert begun < times[-1] / 2
    assert times[-1] / 4 < times[len(times) // 2] < times[-1] * 3 / 4


def test_a_whole_answer_takes_as_long_as_it_would_have_streamed(slow):
    started = time.monotonic()
    assert slow.ask("/v1/chat/completions", WHOLE)[0] == 200
    assert time.monotonic() - started >= 40 * PACE_S


@pytest.mark.parametrize("body", [WHOLE, STREAM])
def test_who_hangs_up_pays_for_what_was_made_by_then(slow, body):
    connection = http.client.HTTPConnection("127.0.0.1", slow.port, timeout=10)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {**KEY, "x-simulate-output-tokens": "400"})
    time.sleep(60 * PACE_S)
    connection.sock.close()
    row = settled(slow)
    assert (row["outcome"], row["reported"]) == ("gone", False)
    assert 10 <= row["kinds"]["output"] < 400
    assert slow.json("/__sim/bill")["open"] == 0


def test_who_hangs_up_before_the_first_byte_leaves_no_cache_entry(slow):
    body = {**WHOLE, "messages": [{"role": "user", "content": "x" * 8000}]}
    connection = http.client.HTTPConnection("127.0.0.1", slow.port, timeout=10)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), KEY)
    time.sleep(5 * PACE_S)
    connection.sock.close()
    assert settled(slow)["kinds"]["cache_write_30m"] > 2000
    assert len(slow.app.provider.cache.breakpoints) == 0


@pytest.mark.parametrize("body", [WHOLE, STREAM])
def test_a_reset_is_a_reset(fast, body):
    with pytest.raises(ConnectionResetError):
        sent(fast, body, faulty("reset"))
    row = settled(fast)
    assert (row["outcome"], row["reported"], row["kinds"]) == ("cut", False, INPUT)


@pytest.mark.parametrize(("body", "output"), [(WHOLE, 40), (STREAM, 24)])
def test_a_cut_lets_half_of_the_answer_through_and_then_ends(fast, body, output):
    whole = fast.ask("/v1/chat/completions", body)[2]
    fast.ask("/__sim/reset", b"", "POST")
    arrived = sent(fast, body, faulty("cut")).partition(b"\r\n\r\n")[2]
    assert b"[DONE]" not in arrived
    assert len(whole) // 2 <= len(arrived) < len(whole)
    row = settled(fast)
    assert (row["outcome"], row["reported"], row["kinds"]) == ("cut", False, {**INPUT, "output": output})


@pytest.mark.parametrize("after", [0, 1, 100])
def test_a_cut_comes_at_its_byte(fast, after):
    head, _, arrived = sent(fast, WHOLE, faulty(f"cut;after_bytes={after}")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert len(arrived) == after
    with pytest.raises(http.client.IncompleteRead):
        fast.ask("/v1/chat/completions", WHOLE, headers=faulty(f"cut;after_bytes={after}"))


def test_a_stall_pauses_once_and_goes_on(fast):
    started = time.monotonic()
    raw = fast.ask("/v1/chat/completions", STREAM, headers=faulty("stall;seconds=0.3"))[2]
    assert time.monotonic() - started >= 0.3
    assert raw.endswith(b"data: [DONE]\n\n")
    assert settled(fast)["outcome"] == "finished"


def test_a_slow_answer_is_late_with_every_piece(fast):
    started = time.monotonic()
    raw = fast.ask("/v1/chat/completions", STREAM, headers=faulty("slow;seconds=0.02"))[2]
    assert time.monotonic() - started >= 0.02 * raw.count(b"\n\n")


def test_a_split_answer_is_whole_again_when_put_together(fast):
    headers = {**faulty("split_utf8"), "x-simulate-output-tokens": "200"}
    raw = fast.ask("/v1/chat/completions", STREAM, headers=headers)[2]
    assert max(raw) > 0x7F
    raw.decode()
    chunks = sent(fast, STREAM, headers).partition(b"\r\n\r\n")[2].split(b"\r\n")[1::2]
    broken = [chunk for chunk in chunks if chunk and chunk[-1] >= 0xC0]
    assert len(broken) == sum(byte >= 0xC0 for byte in raw) > 10


@pytest.mark.parametrize("body", [WHOLE, STREAM])
def test_usage_can_be_missing(fast, body):
    raw = fast.ask("/v1/chat/completions", body, headers=faulty("no_usage"))[2]
    assert b"prompt_tokens" not in raw
    assert settled(fast)["reported"] is False


@pytest.mark.parametrize("body", [WHOLE, STREAM])
def test_the_cached_part_of_usage_can_be_missing(fast, body):
    raw = fast.ask("/v1/chat/completions", body, headers=faulty("no_cached_tokens"))[2]
    assert b'"prompt_tokens":9' in raw
    assert b"cached_tokens" not in raw
    assert settled(fast)["reported"] is True


@pytest.mark.parametrize("code", [429, 500, 529])
def test_an_error_answer_costs_nothing(fast, code):
    status, headers, raw = fast.ask("/v1/chat/completions", WHOLE, headers=faulty(f"status:{code};retry_after=2"))
    assert (status, headers["retry-after"]) == (code, "2")
    assert "simulated fault" in json.loads(raw)["error"]["message"]
    assert fast.bill() == []


def test_a_connection_outlives_an_error_and_an_answer(fast):
    connection = http.client.HTTPConnection("127.0.0.1", fast.port, timeout=10)
    ends = set()
    for fault in ("status:500", "no_usage", "stall;seconds=0", "status:429"):
        connection.request("POST", "/v1/chat/completions", json.dumps(STREAM), faulty(fault))
        connection.getresponse().read()
        ends.add(connection.sock.getsockname())
    connection.close()
    assert len(ends) == 1


def test_two_cold_starts_at_once_both_pay_for_the_write(slow):
    """An entry is readable only after the first byte of the answer that wrote it."""
    body = json.dumps({"model": "claude-opus-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "x" * 8000, "cache_control": {"type": "ephemeral"}}]}]})  # fmt: skip
    wires = [http.client.HTTPConnection("127.0.0.1", slow.port, timeout=10) for _ in range(2)]
    for wire in wires:
        wire.request("POST", "/v1/messages", body, KEY)
    usages = [json.load(wire.getresponse())["usage"] for wire in wires]
    for wire in wires:
        wire.close()
    assert [usage["cache_read_input_tokens"] for usage in usages] == [0, 0]
    assert min(usage["cache_creation_input_tokens"] for usage in usages) > 2000
    assert slow.json("/v1/messages", body.encode())["usage"]["cache_read_input_tokens"] > 2000


# without a server


def bare(app: Any, body: object, headers: dict[str, str], leave_after_s: float = 60.0) -> list[dict[str, Any]]:
    """One request straight to the application; what it sent."""
    out: list[dict[str, Any]] = []
    asked = iter([{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}])

    async def receive() -> dict[str, Any]:
        try:
            return next(asked)
        except StopIteration:
            await asyncio.sleep(leave_after_s)
            return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        out.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "query_string": b"", "headers": raw}
    asyncio.run(app(scope, receive, send))
    return out


def test_without_a_transport_a_cut_raises_and_is_billed_as_one():
    app = create()
    with pytest.raises(ConnectionAbortedError):
        bare(app, STREAM, faulty("cut"))
    assert [row.outcome for row in app.provider.bill.rows] == ["cut"]


def test_a_cancelled_answer_is_billed_once():
    """A server that shuts down cancels what it still runs."""
    app = create(pace_s=1.0)

    async def scenario() -> None:
        scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "query_string": b"",
                 "headers": [(b"authorization", b"Bearer k")]}  # fmt: skip
        body = {"type": "http.request", "body": json.dumps(STREAM).encode(), "more_body": False}
        asked = iter([body])

        async def receive() -> dict[str, Any]:
            found = next(asked, None)
            if found is None:
                await asyncio.sleep(60)
            return found or {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            pass

        task = asyncio.ensure_future(app(scope, receive, send))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())
    assert [row.outcome for row in app.provider.bill.rows] == ["gone"]
    assert app.provider.open == 0


def test_without_a_pace_events_are_joined_but_not_without_end():
    headers = {**KEY, "x-simulate-output-tokens": "20000"}
    sizes = [len(message["body"]) for message in bare(create(), STREAM, headers) if message.get("body")]
    assert 10 < len(sizes) < 200
    assert max(sizes) < JOINED_MAX + 1000


def test_without_a_pace_a_short_answer_leaves_in_one_write():
    for body in (WHOLE, STREAM):
        start, end = bare(create(), body, KEY)
        assert (start["type"], end["more_body"]) == ("http.response.start", False)
        assert len(end["body"]) > 100
