"""`pointsman serve`: the gateway itself."""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from gateway.commands.listen import listen

if TYPE_CHECKING:
    from gateway.app import Gateway
    from gateway.config.live import Live

CLIENT_KEEP_ALIVE_S = 75
"""Longer than the 60 s after which common load balancers drop idle connections, so that we are not the first to close."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "serve",
        help="run the gateway",
        description="Run the gateway. With no provider key in the environment the built-in simulator stands in as "
        "upstream, so the first request works offline. Example: pointsman serve --config pointsman.yaml",
    )
    parser.add_argument("--config", type=Path, default=Path("pointsman.yaml"), help="default: %(default)s")
    parser.add_argument("--host", help="overrides listen.host")
    parser.add_argument("--port", type=int, help="overrides listen.port; 0 takes a free one")
    parser.add_argument("--home", type=Path, help="ledger and memory (default: $POINTSMAN_HOME or .pointsman)")
    parser.add_argument("--drain-s", type=int, default=30, help="how long open answers may finish on SIGTERM")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    # Imported here: only this command pays for the app, and a config error must not wait for it.
    from gateway.config.problems import ConfigError

    try:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            return runner.run(_serve(args))
    except ConfigError as error:
        for problem in error.problems:
            print(f"{args.config}: {problem.severity}: {problem}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"pointsman: {error}", file=sys.stderr)
        return 1


def _new_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


async def _serve(args: argparse.Namespace) -> int:
    import uvicorn

    from gateway.app import Gateway, Home
    from gateway.config.live import Live
    from gateway.config.offline import needs_simulator, overlay_simulator
    from gateway.wire.hot import HotProtocol

    async with contextlib.AsyncExitStack() as stack:
        live = Live.open(args.config, os.environ, host=args.host, port=args.port)
        offline = needs_simulator(live.config)
        if offline:
            address = await stack.enter_async_context(_simulator())
            live.overlay(lambda config: overlay_simulator(config, f"http://{address}/v1"))
        home = Home(args.home or Path(os.environ.get("POINTSMAN_HOME") or args.config.parent / ".pointsman"))
        gateway = Gateway(live, home, simulated=offline)
        listener = listen(live.current.host, live.current.port)
        config = uvicorn.Config(
            gateway.asgi,
            interface="asgi3",
            http=HotProtocol,
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=CLIENT_KEEP_ALIVE_S,
            timeout_graceful_shutdown=args.drain_s,
            backlog=4096,
        )
        server = _server(uvicorn.Server)(config, gateway)
        _announce(live, listener, offline)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, server.handle_exit, number, None)
        await server._serve([listener])  # `serve` would send itself the signal again once all is shut down
        return 0 if server.started else 1


def _server(base: type) -> type:
    """A uvicorn server whose house learns of a stop signal at once, so that readiness fails while answers finish."""

    class Server(base):  # type: ignore[misc]  # uvicorn is imported late, so its class comes in as a value
        def __init__(self, config: object, gateway: "Gateway") -> None:
            super().__init__(config)
            self.gateway = gateway

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            self.gateway.house.draining = True
            super().handle_exit(sig, frame)

    return Server


@contextlib.asynccontextmanager
async def _simulator() -> AsyncIterator[str]:
    """The built-in provider on a free loopback port, in this process, for as long as the gateway runs."""
    import uvicorn

    from gateway.simulator.app import create

    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(create("mixed"), lifespan="off", log_level="warning", access_log=False, ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))  # `serve` would take the signals that are the gateway's
    host, port = listener.getsockname()[:2]
    try:
        yield f"{host}:{port}"
    finally:
        server.should_exit = True
        await task


def _announce(live: "Live", listener: socket.socket, offline: bool) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound
    base = f"http://{shown}:{port}"
    if offline:
        print("No provider key is set: the built-in simulator answers, offline and free of charge.")
    names = ", ".join(f"{route.name} -> {route.model}" for route in live.current.policy.routes.values())
    print(
        f"Pointsman listens.  Routes: {names}\n"
        f"  base URL  {base}/v1\n"
        f"  page      {base}/pointsman/\n"
        f"  try it    curl -s {base}/v1/chat/completions -H 'content-type: application/json' "
        f"""-d '{{"model":"auto","messages":[{{"role":"user","content":"write fizzbuzz in Python"}}]}}'""",
        flush=True,
    )
