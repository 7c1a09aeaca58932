"""One worker: a process that serves the connections its supervisor hands it, and goes when the supervisor does.

It is a fresh interpreter (`python -m gateway.workers.worker`), so nothing of the supervisor's threads or locks comes along.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from itertools import count
from pathlib import Path

import uvloop

from gateway.app import Gateway
from gateway.config.live import Live
from gateway.config.offline import overlay_simulator
from gateway.home import Home
from gateway.metering.report import Reporter
from gateway.workers.messages import (
    Accounts,
    Ask,
    Drain,
    Hurry,
    Leaving,
    Page,
    Ready,
    Reload,
    Start,
    Tell,
    Told,
    ToWorker,
    hear,
    say,
    to_worker,
)
from gateway.workers.server import HandedServer
from gateway.workers.share import Share

TELL_EVERY_S = 0.5
"""A worker that is killed takes the counts of this time with it; in the ledger they are all the same. 0.1 ms each."""


class Worker:
    """The worker's side of the talk with its supervisor."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gateway: Gateway) -> None:
        self._reader = reader
        self._writer = writer
        self._gateway = gateway
        self._reporter = Reporter(gateway.house.metrics)
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        gateway.api.state.metrics_page = self.page
        self._telling = True
        gateway.house.budgets.on_listed = self._list

    async def page(self) -> bytes:
        """The metrics page of all workers, which the supervisor writes."""
        number = next(self._numbers)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        say(self._writer, Ask(number=number))
        try:
            return await answer
        finally:
            del self._asked[number]

    async def serve(self, start: Start, wires: socket.socket, share: Share) -> int:
        """Serve until told to stop; the exit code."""
        server = HandedServer(self._gateway, start.drain_s, wires, share.columns)
        server.on_ready = lambda: say(self._writer, Ready())
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._leave, server)
        talk = [loop.create_task(self._listen(server)), loop.create_task(self._tell_now_and_then())]
        started = await server.run_until_stopped([])
        for task in talk:
            task.cancel()
        self._tell(0)
        self._writer.close()
        return 0 if started else 1

    async def _listen(self, server: HandedServer) -> None:
        while (data := await hear(self._reader)) is not None:
            self._do(to_worker(data), server)
        for answer in self._asked.values():
            answer.set_exception(ConnectionError("the supervisor is gone"))
        if not server.should_exit:  # finish what is under way
            server.stop()

    def _do(self, message: ToWorker, server: HandedServer) -> None:
        """What the supervisor wants."""
        if isinstance(message, Tell):
            self._tell(message.number)
        elif isinstance(message, Page):
            answer = self._asked.get(message.number)
            if answer is not None and not answer.done():
                answer.set_result(message.page)
        elif isinstance(message, Accounts):
            self._meet(message)
        elif isinstance(message, Reload):
            task = asyncio.get_running_loop().create_task(self._gateway.reread())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif isinstance(message, Drain) and not server.should_exit:
            server.stop()
        elif isinstance(message, Hurry):
            server.stop()
            server.force_exit = True

    async def _tell_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            self._tell(0)

    def _tell(self, number: int) -> None:
        self._gateway.refresh_gauges()
        say(self._writer, Told(number=number, report=self._reporter.report()))

    def _list(self, budget: str, team: str, who: str) -> None:
        if self._telling:
            say(self._writer, Accounts(accounts=[(budget, team, who)]))

    def _meet(self, message: Accounts) -> None:
        self._telling = False
        for account in message.accounts:
            self._gateway.house.budgets.meet(*account)
        self._telling = True

    def _leave(self, server: HandedServer) -> None:
        """Somebody wants this one worker to go."""
        say(self._writer, Leaving())
        server.stop()


async def serve(control: socket.socket, wires: socket.socket, descriptors: list[int]) -> int:
    """Hear what to serve, and serve it."""
    for number in (signal.SIGINT, signal.SIGHUP):  # the supervisor says what follows from them
        signal.signal(number, signal.SIG_IGN)
    logging.getLogger("pointsman.config").setLevel(logging.ERROR)  # what is wrong with a file it has said already
    reader, writer = await asyncio.open_connection(sock=control)
    data = await hear(reader)
    start = to_worker(data) if data is not None else None
    if not isinstance(start, Start):
        return 1
    live = Live(Path(start.config), os.environ, start.host, start.port, start.data)
    if start.simulator:
        live.overlay(lambda config: overlay_simulator(config, f"http://{start.simulator}/v1"))
    share = Share(descriptors, start.workers, start.column)
    gateway = Gateway(live, Home(Path(start.home)), simulated=bool(start.simulator), share=share)
    return await Worker(reader, writer, gateway).serve(start, wires, share)


def main(arguments: list[str]) -> int:
    """Run a worker on the descriptors it has inherited: control, connections, shared memory."""
    control, wires, *descriptors = (int(each) for each in arguments)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(socket.socket(fileno=control), socket.socket(fileno=wires), descriptors))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
