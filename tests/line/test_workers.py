"""Several workers serve as one gateway: real processes, real connections, real signals."""

import collections
import contextlib
import http.client
import json
import os
import signal
import socket
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from tests.line import test_budgets
from tests.line.conftest import config
from tests.line.rig import Upstream, answer, chunk, gateway, head, sse, start, wait_for

CHAT = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "hello there"}]}
USED = b'{"id":"c","model":"gpt-6-luna","usage":{"prompt_tokens":11,"completion_tokens":3,"total_tokens":14}}'
CHUNK = {"id": "c1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}
TWO = ("--workers", "2")
provider = test_budgets.provider


@pytest.fixture
def upstream():
    made = Upstream()
    made.script = lambda asked, wire: wire.sendall(answer(USED))
    yield made
    made.close()


@pytest.fixture
def settings(upstream):
    return {**config(upstream, upstream, upstream), "teams": {}}


@pytest.fixture
def two(settings, tmp_path):
    with gateway(tmp_path, settings, options=TWO) as running:
        yield running


def workers(running):
    """The process ids of the workers."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == running.process.pid:
                command = (stat.parent / "cmdline").read_bytes().split(b"\0")
                if b"gateway.workers.worker" in command:
                    found.append(int(stat.parent.name))
    return sorted(found)


def connections(running):
    """How many client connections each worker holds, by what the kernel says of its sockets."""
    established = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == running.port and fields[3] == "01":
            established.add(f"socket:[{fields[9]}]")
    held = collections.Counter()
    for worker in workers(running):
        held[worker] = sum(_target(each) in established for each in Path(f"/proc/{worker}/fd").iterdir())
    return held


def _target(link):
    with contextlib.suppress(OSError):
        return os.readlink(link)
    return ""


class Client:
    """One connection that is kept, to whichever worker has it."""

    def __init__(self, running):
        self.wire = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
        self.wire.connect()

    def ask(self, body=CHAT, path="/v1/chat/completions", headers=None):
        self.wire.request("POST", path, json.dumps(body), {"content-type": "application/json", **(headers or {})})
        reply = self.wire.getresponse()
        reply.body = reply.read()
        return reply

    def close(self):
        self.wire.close()


@pytest.fixture
def clients(two):
    """Two connections, one with each worker."""
    before = connections(two)
    made = [Client(two), Client(two)]
    wait_for(lambda: all(connections(two)[each] == before[each] + 1 for each in workers(two)) or None)
    yield made
    for each in made:
        each.close()


def test_connections_are_spread_evenly(settings, tmp_path):
    with gateway(tmp_path, settings, options=("--workers", "4")) as running:
        wires = []
        for count in (16, 64, 200):
            wires += [socket.create_connection(("127.0.0.1", running.port)) for _ in range(count - len(wires))]
            held = wait_for(lambda count=count: found if sum((found := connections(running)).values()) >= count else None)
            assert len(held) == 4
            assert max(held.values()) <= 1.2 * count / 4, held
            assert min(held.values()) >= 0.8 * count / 4, held
        for wire in wires[:100]:  # whoever becomes free gets the next ones
            wire.close()
        wait_for(lambda: sum(connections(running).values()) == 100 or None)
        wires = wires[100:] + [socket.create_connection(("127.0.0.1", running.port)) for _ in range(60)]
        held = wait_for(lambda: found if sum((found := connections(running)).values()) == 160 else None)
        assert (min(held.values()), max(held.values())) == (40, 40)
        for wire in wires:
            wire.close()


def test_a_thread_begun_on_one_worker_is_known_on_the_other_at_once(clients, two):
    one, other = clients
    for turn in range(6):
        client = (one, other)[turn % 2]
        reply = client.ask(CHAT, headers={"x-pointsman-thread": "shared"})
        assert reply.status == 200
        state, idle = reply.getheader("x-pointsman-cache"), reply.getheader("x-pointsman-cache-idle-s")
        assert (idle is None) is (turn == 0), (turn, state, idle)
    shown = two.ask("/pointsman/threads").json["threads"]
    assert [each["requests"] for each in shown] == [6]


def test_an_id_given_out_by_one_worker_is_known_to_the_other(clients, upstream):
    one, other = clients
    said = b'{"id":"resp_1","object":"response","model":"gpt-6-luna","status":"completed","output":[],"usage":' \
        b'{"input_tokens":11,"output_tokens":3,"total_tokens":14}}'
    upstream.script = lambda asked, wire: wire.sendall(answer(said))
    first = one.ask({"model": "gpt-6-luna", "input": "hello"}, "/v1/responses", {"x-pointsman-thread": "t-1"})
    assert first.status == 200
    more = other.ask({"model": "gpt-6-luna", "input": "go on", "previous_response_id": "resp_1"}, "/v1/responses")
    assert more.getheader("x-pointsman-cache-idle-s") is not None  # it is the thread of the first


def test_one_page_counts_the_requests_of_all_workers(clients, two):
    for number, client in enumerate(clients):
        for _ in range(10 + number):
            assert client.ask().status == 200
    for _ in range(4):  # whichever worker is asked
        assert two.metric("pointsman_requests_total", status_class="2xx") == 21
        assert two.metric("pointsman_tokens_total", kind="input_uncached") == 21 * 11
    assert two.metric("pointsman_workers") == 2
    assert two.metric("pointsman_inflight") == 0
    assert two.metric("pointsman_upstream_seconds_count") == 21
    wait_for(lambda: len(two.rows()) == 21 or None)
    shown = two.metric("pointsman_cost_usd_total")
    assert shown == pytest.approx(sum(row["picos"] for row in two.rows()) / 1e12)


def test_a_worker_that_is_killed_is_replaced_and_no_counter_falls(clients, two):
    for client in clients:
        for _ in range(10):
            assert client.ask().status == 200
    before = two.metric("pointsman_requests_total", status_class="2xx")
    assert before == 20
    victim, survivor = workers(two)
    os.kill(victim, signal.SIGKILL)
    answers = []
    while len(workers(two)) < 2 or victim in workers(two):
        assert two.metric("pointsman_requests_total", status_class="2xx") >= before + len(answers)
        answers.append(two.ask("/v1/chat/completions", CHAT).status)
    assert set(answers) <= {200}
    wait_for(lambda: two.metric("pointsman_workers") == 2 or None)
    assert two.metric("pointsman_workers_lost_total") == 1
    assert two.metric("pointsman_requests_total", status_class="2xx") == before + len(answers)
    assert survivor in workers(two)
    some = [Client(two) for _ in range(6)]
    assert {client.ask().status for client in some} == {200}
    assert two.metric("pointsman_requests_total", status_class="2xx") == before + len(answers) + 6
    assert wait_for(lambda: len(two.rows()) == before + len(answers) + 6 or None)
    for client in some:
        client.close()


def test_a_worker_is_replaced_while_the_file_on_disk_is_broken(two, settings):
    good = two.config.read_text()
    two.config.write_text("version: 1\nupstreams: {")
    wait_for(lambda: two.metric("pointsman_config_last_reload_success") == 0 or None)
    before = workers(two)
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: (len(now := workers(two)) == 2 and now != before) or None)
    wait_for(lambda: two.metric("pointsman_workers") == 2 or None)
    assert all(two.ask("/v1/chat/completions", CHAT).status == 200 for _ in range(4))
    wait_for(lambda: two.metric("pointsman_config_last_reload_success") == 0 or None)
    two.config.write_text(good)
    wait_for(lambda: two.metric("pointsman_config_last_reload_success") == 1 or None)


def test_a_reload_reaches_all_workers_or_none(clients, two, settings):
    def names(client):
        client.wire.request("GET", "/v1/models")
        return [each["id"] for each in json.loads(client.wire.getresponse().read())["data"]]

    two.config.write_text("version: 1\nupstreams: {")
    os.kill(two.process.pid, signal.SIGHUP)
    wait_for(lambda: two.metric("pointsman_config_last_reload_success") == 0 or None)
    assert all(client.ask().status == 200 for client in clients)
    two.config.write_text(json.dumps({**settings, "models": {**settings["models"], "brand-new": {"upstream": "openai"}}}))
    os.kill(two.process.pid, signal.SIGHUP)
    wait_for(lambda: all("brand-new" in names(client) for client in clients) or None, within_s=1.5)  # not by the watch
    assert two.metric("pointsman_config_last_reload_success") == 1
    assert {client.ask({**CHAT, "model": "brand-new"}).status for client in clients} == {200}


def test_the_bound_on_requests_under_way_is_of_all_workers_together(settings, upstream, tmp_path):
    go_on = threading.Event()

    def script(asked, wire):
        go_on.wait(20)
        wire.sendall(answer(USED))

    upstream.script = script
    with gateway(tmp_path, {**settings, "limits": {"inflight": 6}}, options=TWO) as running:
        wires = [running.open("/v1/chat/completions", CHAT) for _ in range(6)]
        wait_for(lambda: len(upstream.arrived) == 6 or None)
        assert running.metric("pointsman_inflight") == 6
        assert [running.ask("/v1/chat/completions", CHAT).status for _ in range(4)] == [503] * 4
        go_on.set()
        assert all(wire.recv(4096).startswith(b"HTTP/1.1 200") for wire in wires)
        assert running.ask("/v1/chat/completions", CHAT).status == 200
        for wire in wires:
            wire.close()
    assert len(upstream.arrived) == 7


def test_a_stop_under_load_cuts_no_answer(settings, upstream, tmp_path):
    """What the upstream was asked, the client gets whole; who comes too late is told so, or finds the door closed."""
    served = []

    def script(asked, wire):
        wire.sendall(head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}))
        for _ in range(5):
            wire.sendall(chunk(sse(CHUNK)[0]))
            time.sleep(0.05)
        wire.sendall(chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        served.append(asked.headers["x-number"])

    upstream.script = script
    whole, cut = [], []

    def work(number):
        turn = 0
        while (said := _asked(running, f"{number}-{turn}")) is not None:
            if said.endswith(b"0\r\n\r\n") and b"[DONE]" in said:
                whole.append(f"{number}-{turn}")
            elif said and not said.startswith(b"HTTP/1.1 503"):
                cut.append(said)
            turn += 1

    with gateway(tmp_path, settings, options=TWO) as running:
        loads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for load in loads:
            load.start()
        time.sleep(1.0)
        assert running.stop() == 0
        for load in loads:
            load.join(20)
    assert cut == []
    assert len(whole) >= 16
    assert len(served) == len(whole)
    rows = running.rows()
    assert len(rows) == len(whole)
    assert {row["outcome"] for row in rows} == {"finished"}


def _asked(running, name):
    """What comes back for a streamed request on a connection of its own; None where nobody listens."""
    try:
        wire = running.open("/v1/chat/completions", {**CHAT, "stream": True}, {"x-number": name})
    except OSError:
        return None
    said = b""
    with wire, contextlib.suppress(ConnectionResetError):
        while not said.endswith(b"0\r\n\r\n") and (part := wire.recv(65536)):
            said += part
    return said


def test_a_second_signal_ends_the_wait(settings, upstream, tmp_path):
    hold = threading.Event()
    upstream.script = lambda asked, wire: hold.wait(30)
    with gateway(tmp_path, settings, options=TWO) as running:
        wires = [running.open("/v1/chat/completions", CHAT) for _ in range(4)]
        wait_for(lambda: len(upstream.arrived) == 4 or None)
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert running.process.poll() is None
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < 5
    hold.set()
    for wire in wires:
        wire.close()
    rows = running.rows()
    assert len(rows) == 4  # cut off, and in the books
    assert workers(running) == []


def test_workers_end_when_their_supervisor_is_killed(settings, upstream, tmp_path):
    def script(asked, wire):
        time.sleep(1.0)
        wire.sendall(answer(USED))

    upstream.script = script
    with gateway(tmp_path, settings, options=TWO) as running:
        there = workers(running)
        wire = running.open("/v1/chat/completions", CHAT)
        wait_for(lambda: upstream.arrived or None)
        running.stop(signal.SIGKILL)
        assert wire.recv(4096).startswith(b"HTTP/1.1 200")  # what was under way is finished
        wire.close()
        wait_for(lambda: not any(Path(f"/proc/{each}").exists() for each in there) or None)
    again = start(tmp_path, running.config, options=TWO)
    try:
        assert wait_for(lambda: len(again.rows()) == 1 or None)
        assert again.metric("pointsman_requests_total", status_class="2xx") == 1
    finally:
        again.stop()


def test_counters_go_on_from_the_ledger_once(settings, tmp_path):
    with gateway(tmp_path, settings, options=TWO) as first:
        for _ in range(3):
            first.row(first.ask("/v1/chat/completions", CHAT))
    again = start(tmp_path, first.config, options=TWO)
    try:
        assert again.metric("pointsman_requests_total", status_class="2xx") == 3
        again.row(again.ask("/v1/chat/completions", CHAT))
        assert again.metric("pointsman_requests_total", status_class="2xx") == 4
    finally:
        again.stop()


def test_one_announcement_and_one_simulator(settings, tmp_path):
    unkeyed = {**settings, "upstreams": {name: {**each, "key": ""} for name, each in settings["upstreams"].items()}}
    with gateway(tmp_path, unkeyed, options=TWO) as running:
        assert {running.ask("/v1/chat/completions", CHAT).status for _ in range(4)} == {200}
    assert sum("Pointsman listens" in line for line in running.output) == 1
    assert sum("simulator answers" in line for line in running.output) == 1


def test_a_config_that_cannot_be_served_ends_it_at_once(settings, tmp_path):
    with pytest.raises(AssertionError, match="refuses to start without team keys"), gateway(
        tmp_path, {**settings, "listen": {"host": "0.0.0.0"}}, options=TWO
    ):
        pass


@pytest.fixture
def as_two(monkeypatch):
    """The tests of budgets start two workers too."""
    monkeypatch.setattr(test_budgets, "gateway", partial(gateway, options=TWO))


@pytest.mark.timeout(120)
def test_a_budget_is_of_all_workers(as_two, provider, settings, tmp_path):
    test_budgets.test_64_clients_overshoot_ten_dollars_by_no_more_than_was_under_way(provider, settings, tmp_path)


def test_a_kill_of_all_forgets_nothing_of_a_budget(settings, upstream, tmp_path):
    settings["budgets"] = [{"name": "team", "usd": "0.65", "window": "month"}]
    usual = upstream.script = lambda asked, wire: wire.sendall(test_budgets.says())
    with gateway(tmp_path, settings, options=TWO) as first:
        assert [first.ask("/v1/chat/completions", CHAT).status for _ in range(4)] == [200] * 4
        hold = threading.Event()
        upstream.script = lambda asked, wire: hold.wait(20)
        wire = first.open("/v1/chat/completions", CHAT)
        wait_for(lambda: len(upstream.arrived) == 5 or None)
        (before,) = first.ask("/pointsman/budgets").json["accounts"]
        assert float(before["reserved"]) > 0
        there = workers(first)
        for each in (first.process.pid, *there):
            os.kill(each, signal.SIGKILL)
    hold.set()
    wire.close()
    upstream.script = usual
    again = start(tmp_path, first.config, options=TWO)
    try:
        (lost,) = again.rows("AND outcome = 'unknown'")
        (account,) = again.ask("/pointsman/budgets").json["accounts"]
        assert float(account["spent"]) == pytest.approx(float(before["spent"]) + lost["picos"] / 1e12)
        assert float(account["reserved"]) == 0
        answers = [again.ask("/v1/chat/completions", CHAT).status for _ in range(5)]
        assert answers[-1] == 429  # at the latest when it is used up, wherever that is noticed
    finally:
        again.stop()


def test_what_a_dead_worker_had_reserved_is_given_back(settings, upstream, tmp_path):
    settings["budgets"] = [{"name": "team", "usd": 5, "window": "month"}]
    hold = threading.Event()
    upstream.script = lambda asked, wire: hold.wait(20)
    with gateway(tmp_path, settings, options=TWO) as running:
        first = Client(running)
        (victim,) = wait_for(lambda: [each for each, held in connections(running).items() if held] or None)
        first.wire.request("POST", "/v1/chat/completions", json.dumps(CHAT), {"content-type": "application/json"})
        wait_for(lambda: upstream.arrived or None)
        upstream.script = lambda asked, wire: wire.sendall(answer(USED))
        assert running.ask("/v1/chat/completions", CHAT).status == 200
        assert running.metric("pointsman_budget_reserved_usd") > 0
        assert running.metric("pointsman_inflight") == 1
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: running.metric("pointsman_budget_reserved_usd") == 0 or None)
        assert running.metric("pointsman_inflight") == 0
        first.close()
    hold.set()


def test_a_budget_that_comes_with_a_reload_knows_the_past_once(as_two, settings, upstream, tmp_path):
    upstream.script = lambda asked, wire: wire.sendall(test_budgets.says())
    test_budgets.test_a_budget_that_comes_with_a_reload_knows_the_past(settings, tmp_path)


def test_an_account_is_shown_by_the_worker_that_has_not_counted_in_it(clients, two, settings):
    two.config.write_text(json.dumps({**settings, "budgets": [{"name": "b", "usd": 5, "window": "day", "per": "user"}]}))
    os.kill(two.process.pid, signal.SIGHUP)
    time.sleep(0.5)
    assert clients[0].ask(headers={"x-pointsman-user": "ann"}).status == 200

    def shown(client):
        client.wire.request("GET", "/pointsman/budgets")
        return [each["who"] for each in json.loads(client.wire.getresponse().read())["accounts"]]

    wait_for(lambda: all(shown(client) == ["ann"] for client in clients) or None)
    assert two.metric("pointsman_budget_accounts", budget="b") == 1
