"""The plain adapter where it is alone: what an ASGI server may do to it."""

import asyncio

import pytest

from gateway.wire import asgi
from gateway.wire.asgi import LineApp
from gateway.wire.drive import Wires
from gateway.wire.line import Line
from gateway.wire.pool import Pool
from tests.gateway.wire.rig import CHUNKED, PlainStations, behind, chunk, echo, hang, run, until, upstream


def scope(path="/v1/x", method="POST", headers=(), **more):
    made = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": list(headers)}
    return {**made, "client": ("127.0.0.1", 1), **more}


class Server:
    """An ASGI server of one request: hands over messages, notes what is sent."""

    def __init__(self, *messages):
        self.sent = []
        self.messages = asyncio.Queue()
        for message in messages:
            self.messages.put_nowait(message)

    async def receive(self):
        return await self.messages.get()

    async def send(self, message):
        self.sent.append(message)

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent)


def part(body, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


GONE = {"type": "http.disconnect"}


async def apps(port):
    loop = asyncio.get_running_loop()
    pool = Pool(loop)
    stations = PlainStations(port)
    wires = Wires(loop, pool, pool)
    return LineApp(Line(stations, wires, 1000), behind), stations, wires, pool


def in_app(script, scenario):
    async def main():
        async with upstream(script) as up:
            app, stations, wires, pool = await apps(up.port)
            await scenario(app, stations, up)
            wires.close()
            pool.close()
            await asyncio.sleep(0.01)

    run(main)


def test_a_body_in_parts():
    async def scenario(app, stations, up):
        server = Server(part(b"one ", True), part(b"", True), part(b"two"))
        await app(scope(), server.receive, server.send)
        assert server.sent[0]["status"] == 200
        assert server.body == b"one two"
        assert server.sent[-1]["more_body"] is False
        assert stations.settled == ["complete"]

    in_app(echo, scenario)


def test_a_client_that_leaves_before_its_request_is_whole_never_was():
    async def scenario(app, stations, up):
        server = Server(part(b"half", True), GONE)
        await app(scope(), server.receive, server.send)
        assert (server.sent, stations.settled, stations.heads) == ([], [], [])

    in_app(echo, scenario)


def test_a_cancelled_request_is_settled():
    async def scenario(app, stations, up):
        server = Server(part(b"x"))
        task = asyncio.ensure_future(app(scope(), server.receive, server.send))
        await until(lambda: up.asked)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stations.settled == ["gone"]
        await until(lambda: up.hung_up)

    in_app(hang, scenario)


def test_a_server_that_cannot_send_settles_too():
    async def scenario(app, stations, up):
        server = Server(part(b"x"))

        async def send(message):
            raise OSError("gone")

        with pytest.raises(OSError):
            await app(scope(), server.receive, send)
        await until(lambda: stations.settled)
        assert len(stations.settled) == 1

    in_app(echo, scenario)


def test_a_server_that_never_takes_the_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(asgi, "STUCK_MAX_S", 0.1)

    async def script(asked):
        await asked.says(CHUNKED, *[chunk(bytes(65536))] * 100)
        await hang(asked)

    async def scenario(app, stations, up):
        server = Server(part(b"x"))

        async def send(message):
            await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            await app(scope(), server.receive, send)
        assert stations.settled == ["gone"]
        await until(lambda: up.hung_up)

    in_app(script, scenario)


@pytest.mark.parametrize(
    ("kind", "path", "headers"),
    [
        ("http", "/other", ()),
        ("http", "/v1/x", ((b"upgrade", b"websocket"),)),
        ("websocket", "/v1/x", ()),
        ("lifespan", "", ()),
    ],
)
def test_everything_else_is_handed_on(kind, path, headers):
    seen = []

    async def app_behind(scope, receive, send):
        seen.append(scope["type"])

    async def scenario(app, stations, up):
        app.behind = app_behind
        server = Server()
        await app(scope(path, headers=headers, type=kind), server.receive, server.send)
        assert seen == [kind]
        assert not stations.heads

    in_app(echo, scenario)


def test_a_server_without_raw_paths():
    async def scenario(app, stations, up):
        server = Server(part(b"x"))
        await app(scope("/t/team/v1/x", query_string=b"a=1"), server.receive, server.send)
        assert (stations.heads[0].team_hint, stations.heads[0].query) == ("team", "a=1")

    in_app(echo, scenario)


def test_an_offer_of_another_protocol_is_ignored():
    async def scenario(app, stations, up):
        server = Server(part(b"x"))
        await app(scope(headers=[(b"upgrade", b"h2c")]), server.receive, server.send)
        assert server.body == b"x"

    in_app(echo, scenario)
