"""`pointsman serve`: the gateway itself."""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.commands.descriptors import allow_all
from gateway.commands.listen import listen

if TYPE_CHECKING:
    from gateway.config.live import Live
    from gateway.home import Home

WORKERS_MAX = 64
"""More than there are cores to be had; each takes the memory of a whole gateway."""


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
    parser.add_argument(
        "--workers",
        type=_workers,
        default=1,
        metavar="N",
        help="processes that answer, about one per core; they share threads, ledger and metrics (default: %(default)s)",
    )
    parser.add_argument("--drain-s", type=int, default=30, help="how long open answers may finish on SIGTERM")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    # Imported here: only this command pays for the app, and a config error must not wait for it.
    from gateway.config.problems import ConfigError
    from gateway.metering.ledger_face import LedgerError

    allow_all()
    try:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            return runner.run(_serve(args))
    except ConfigError as error:
        for problem in error.problems:
            print(f"{args.config}: {problem.severity}: {problem}", file=sys.stderr)
        return 1
    except (LedgerError, OSError) as error:
        print(f"pointsman: {error}", file=sys.stderr)
        return 1


def _new_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


def _workers(text: str) -> int:
    count = int(text)
    if not 1 <= count <= WORKERS_MAX:
        raise argparse.ArgumentTypeError(f"from 1 to {WORKERS_MAX}")
    return count


async def _serve(args: argparse.Namespace) -> int:
    from gateway.config.live import Live
    from gateway.config.offline import needs_simulator, overlay_simulator
    from gateway.home import Home

    async with contextlib.AsyncExitStack() as stack:
        live = Live.open(args.config, os.environ, host=args.host, port=args.port)
        simulator = ""
        if needs_simulator(live.config):
            simulator = await stack.enter_async_context(_simulator())
            live.overlay(lambda config: overlay_simulator(config, f"http://{simulator}/v1"))
        home = Home(args.home or Path(os.environ.get("POINTSMAN_HOME") or args.config.parent / ".pointsman"))
        serve = _alone if args.workers == 1 else _with_workers
        return await serve(args, live, home, simulator)


async def _alone(args: argparse.Namespace, live: "Live", home: "Home", simulator: str) -> int:
    """Serve in this process."""
    from gateway.app import Gateway
    from gateway.workers.server import Server

    server = Server(Gateway(live, home, simulated=bool(simulator)), args.drain_s)
    listener = listen(live.current.host, live.current.port)
    _announce(live, listener, bool(simulator))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    return 0 if await server.run_until_stopped([listener]) else 1


async def _with_workers(args: argparse.Namespace, live: "Live", home: "Home", simulator: str) -> int:
    """Have workers serve; this process accepts and keeps the books."""
    from gateway.workers.supervisor import Plan, Supervisor

    plan = Plan(workers=args.workers, drain_s=args.drain_s, host=args.host, port=args.port, simulator=simulator)
    listener = listen(live.current.host, live.current.port)
    supervisor = Supervisor(live, home, listener, plan)
    return await supervisor.run(announce=partial(_announce, live, listener, bool(simulator)))


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
    key = """-H "authorization: Bearer $KEY" """ if any(team.digests for team in live.current.teams.values()) else ""
    names = ", ".join(f"{route.name} -> {route.model}" for route in live.current.policy.routes.values())
    print(
        f"Pointsman listens.  Routes: {names}\n"
        f"  base URL  {base}/v1\n"
        f"  page      {base}/pointsman/\n"
        f"  try it    curl -s {base}/v1/chat/completions {key}-H 'content-type: application/json' "
        f"""-d '{{"model":"auto","messages":[{{"role":"user","content":"write fizzbuzz in Python"}}]}}'""",
        flush=True,
    )
