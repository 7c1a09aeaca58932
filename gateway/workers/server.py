"""uvicorn's server with a stop of our own: readiness fails at once, answers finish, a second signal ends the wait.

One that listens, for a gateway in one process; one whose connections are handed to it, for a worker.
"""

import asyncio
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from gateway.app import Gateway
from gateway.wire.hot import HotProtocol
from gateway.workers.columns import Columns

KEEP_ALIVE_S = 75
"""Longer than the 60 s after which common load balancers drop idle connections, so that we are not the first to close."""


class Server(uvicorn.Server):
    """Serves one gateway."""

    def __init__(self, gateway: Gateway, drain_s: int, protocol: type[asyncio.Protocol] = HotProtocol) -> None:
        config = uvicorn.Config(
            gateway.asgi,
            interface="asgi3",
            http=protocol,
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=drain_s,
            backlog=4096,
        )
        super().__init__(config)
        self.gateway = gateway

    async def run_until_stopped(self, sockets: list[socket.socket]) -> bool:
        """Serve until `stop`; False when the start failed."""
        await self._serve(sockets)  # `serve` would send itself the signal again once all is shut down
        return self.started

    def stop(self) -> None:
        """Finish what is under way; when it is asked for again, wait no longer."""
        self.gateway.house.draining = True
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.stop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:  # uvicorn leaves it out then, but what is cut off has to be accounted for
            await self.lifespan.shutdown()


class HandedServer(Server):
    """A server that does not listen: its connections come through a Unix socket, one descriptor with each byte."""

    def __init__(self, gateway: Gateway, drain_s: int, wires: socket.socket, columns: Columns) -> None:
        class Counted(HotProtocol):
            """A connection that tells when it is closed: who hands them out goes by how many are open."""

            def connection_lost(self, exc: Exception | None) -> None:
                columns.close_one()
                super().connection_lost(exc)

        super().__init__(gateway, drain_s, Counted)
        self.on_ready: Callable[[], None] = lambda: None
        self._wires = wires
        self._columns = columns
        self._made: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.servers: list[asyncio.base_events.Server] = []
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            self.should_exit = True
            return
        self._wires.setblocking(False)
        asyncio.get_running_loop().add_reader(self._wires, self._receive)
        self.started = True
        self.on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._receive()
        asyncio.get_running_loop().remove_reader(self._wires)
        self._wires.close()
        await super().shutdown(sockets)

    def _receive(self) -> None:
        """Take what has been handed over."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._wires, 1, 1)
            except BlockingIOError:
                return
            except OSError:
                data, descriptors = b"", []
            if not data:
                loop.remove_reader(self._wires)  # the supervisor is gone, or hands out no more
                return
            if not descriptors:  # the kernel could not give us one: out of descriptors, and the connection is lost
                self._columns.close_one()
            for descriptor in descriptors:
                task = loop.create_task(self._begin(socket.socket(fileno=descriptor)))
                self._made.add(task)
                task.add_done_callback(self._made.discard)

    async def _begin(self, wire: socket.socket) -> None:
        try:
            wire.setblocking(False)
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, wire)
        except OSError:  # it was closed before it was taken up
            wire.close()
            self._columns.close_one()

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made
