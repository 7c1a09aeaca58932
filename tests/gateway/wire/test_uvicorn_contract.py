"""What the fast adapter relies on in uvicorn's internals, at the pinned version. A new uvicorn must pass this first."""

import asyncio
import inspect
import re
from importlib.metadata import version
from pathlib import Path

import httptools
import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.wire.hot import HotProtocol

ROOT = Path(__file__).parents[3]
SIGNATURES = {
    "__init__": ["self", "config", "server_state", "app_state", "_loop"],
    "connection_made": ["self", "transport"],
    "data_received": ["self", "data"],
    "connection_lost": ["self", "exc"],
    "eof_received": ["self"],
    "pause_writing": ["self"],
    "resume_writing": ["self"],
    "shutdown": ["self"],
    "timeout_keep_alive_handler": ["self"],
    "on_message_begin": ["self"],
    "on_url": ["self", "url"],
    "on_header": ["self", "name", "value"],
    "on_headers_complete": ["self"],
    "on_body": ["self", "body"],
    "on_message_complete": ["self"],
    "on_response_complete": ["self"],
    "_get_upgrade": ["self"],
    "_unset_keepalive_if_required": ["self"],
    "_unsupported_upgrade_warning": ["self"],
}
ADDED = {"tick", "answer", "begin", "write", "finish", "abort"}
"""Public methods that are ours alone: uvicorn must have none of these names."""


class Wire:
    """A transport that notes what is done to it."""

    def __init__(self):
        self.written, self.reading, self.closed = b"", True, False

    def get_extra_info(self, name):
        return None

    def is_closing(self):
        return self.closed

    def write(self, data):
        self.written += data

    def close(self):
        self.closed = True

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True


async def app(scope, receive, send):
    """Reads one message, then answers."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def on_a_wire(scenario):
    """Run a scenario with uvicorn's own protocol on a noted transport."""

    async def main():
        config = uvicorn.Config(app, lifespan="off", ws="none", log_level="critical", timeout_keep_alive=7)
        config.load()
        state = ServerState()
        protocol = HttpToolsProtocol(config, state, {})
        wire = Wire()
        protocol.connection_made(wire)
        await scenario(protocol, wire, state)
        if protocol.parser is not None:
            protocol.connection_lost(None)

    asyncio.run(main())


def test_the_version_is_the_one_this_was_written_for():
    pinned = re.search(r'"uvicorn==([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert pinned is not None
    assert version("uvicorn") == pinned[1]


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name):
    assert list(inspect.signature(getattr(HttpToolsProtocol, name)).parameters) == SIGNATURES[name]


def test_everything_overridden_is_in_the_table():
    """A method of ours that happens to carry a name of uvicorn's would override it unseen."""
    shared = {name for name in vars(HotProtocol) if name in dir(HttpToolsProtocol) and not name.startswith("__")}
    assert shared < SIGNATURES.keys()
    assert not {name for name in ADDED if hasattr(HttpToolsProtocol, name)}


def test_attributes_before_and_after_a_connection():
    async def scenario(protocol, wire, state):
        assert isinstance(protocol.parser, httptools.HttpRequestParser)
        assert isinstance(protocol.flow, FlowControl)
        assert protocol.transport is wire
        assert protocol.cycle is None
        assert protocol.client is None
        assert protocol in state.connections
        assert protocol.app_state == {}
        assert protocol.server_state is state
        own = set(vars(protocol))
        protocol.connection_lost(None)
        assert protocol not in state.connections
        assert protocol.parser is None
        ours = set(re.findall(r"self\.(\w+)[^=\n]* = ", inspect.getsource(HotProtocol.__init__)))
        assert {"line", "drive", "_reception"} < ours
        assert not own & ours

    on_a_wire(scenario)


CALLBACKS = ("on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete")


def noting(name, calls):
    """uvicorn's own callback, noted."""

    def callback(self, *args):
        calls.append(name)
        return getattr(HttpToolsProtocol, name)(self, *args)

    return callback


def test_the_call_order_of_a_request():
    calls = []

    async def main():
        config = uvicorn.Config(app, lifespan="off", ws="none", log_level="critical")
        config.load()
        noted = type("Noting", (HttpToolsProtocol,), {name: noting(name, calls) for name in CALLBACKS})
        protocol = noted(config, ServerState(), {})
        protocol.connection_made(Wire())
        protocol.data_received(b"POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\ncontent-length: 2\r\n\r\nhi")
        assert protocol.url == b"/x"
        assert protocol.headers[0] == (b"host", b"x"), "names are lower case"
        assert protocol.expect_100_continue
        assert protocol.cycle.more_body is False
        protocol.connection_lost(None)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert calls == [*CALLBACKS[:2], *["on_header"] * 3, *CALLBACKS[3:]]


def test_an_answer_arms_the_keep_alive_timer_and_counts():
    async def scenario(protocol, wire, state):
        protocol.flow.pause_reading()
        protocol.on_response_complete()
        assert state.total_requests == 1
        assert protocol.timeout_keep_alive_task is not None
        assert wire.reading, "and reads on"
        left_s = protocol.timeout_keep_alive_task.when() - asyncio.get_running_loop().time()
        assert 6 < left_s <= 7
        protocol._unset_keepalive_if_required()
        assert protocol.timeout_keep_alive_task is None
        wire.closed = True
        protocol.on_response_complete()
        assert state.total_requests == 2
        assert protocol.timeout_keep_alive_task is None

    on_a_wire(scenario)


def test_a_cycle_says_whether_it_waits_and_whether_it_is_done():
    async def scenario(protocol, wire, state):
        protocol.data_received(b"POST /x HTTP/1.1\r\ncontent-length: 2\r\n\r\n")
        cycle = protocol.cycle
        assert isinstance(cycle, RequestResponseCycle)
        assert (cycle.more_body, cycle.response_started, cycle.response_complete) == (True, False, False)
        assert (cycle.keep_alive, cycle.disconnected) == (True, False)
        protocol.shutdown()
        assert not wire.closed
        assert not cycle.keep_alive, "a stop lets the answer finish"
        protocol.data_received(b"hi")
        for _ in range(5):
            await asyncio.sleep(0)
        assert (cycle.more_body, cycle.response_started, cycle.response_complete) == (False, True, True)
        assert wire.written.endswith(b"ok")
        assert wire.closed

    on_a_wire(scenario)


def test_a_disconnected_cycle_writes_nothing_more():
    async def scenario(protocol, wire, state):
        protocol.data_received(b"POST /x HTTP/1.1\r\ncontent-length: 2\r\n\r\n")
        protocol.cycle.disconnected = True
        protocol.cycle.message_event.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert wire.written == b""

    on_a_wire(scenario)


def test_an_idle_connection_is_closed_by_a_stop():
    async def scenario(protocol, wire, state):
        protocol.shutdown()
        assert wire.closed

    on_a_wire(scenario)


def test_flow_control_remembers_and_repeats_nothing():
    wire = Wire()
    flow = FlowControl(wire)
    assert (flow.read_paused, flow.write_paused) == (False, False)
    flow.pause_writing()
    assert flow.write_paused
    flow.resume_writing()
    assert not flow.write_paused
    flow.pause_reading()
    assert not wire.reading
    flow.resume_reading()
    assert wire.reading


def test_an_upgrade_says_where_it_stopped_and_is_named():
    seen = []

    async def scenario(protocol, wire, state):
        def complete():
            seen.append((protocol.parser.should_upgrade(), protocol._get_upgrade()))

        protocol.on_headers_complete = complete
        protocol.on_message_complete = lambda: None
        protocol.parser = httptools.HttpRequestParser(protocol)
        data = b"POST /x HTTP/1.1\r\nconnection: Upgrade\r\nupgrade: H2C\r\ncontent-length: 2\r\n\r\nhi"
        with pytest.raises(httptools.HttpParserUpgrade) as caught:
            protocol.parser.feed_data(data)
        assert data[caught.value.args[0] :] == b"hi"

    on_a_wire(scenario)
    assert seen == [(True, b"h2c")]


def test_the_server_hands_its_lifespan_state_to_protocols():
    source = inspect.getsource(uvicorn.Server.startup)
    assert "app_state=self.lifespan.state" in source
    assert list(inspect.signature(uvicorn.Server.handle_exit).parameters) == ["self", "sig", "frame"]
