"""`pointsman simulate`: a provider that behaves, for demonstrations, for tests without tokens, and for breaking things."""

import argparse
import contextlib
import signal
import socket
import sys
from typing import TYPE_CHECKING

from gateway.commands.listen import listen
from gateway.simulator.generations import PROFILES

if TYPE_CHECKING:
    from gateway.simulator.app import Simulator

EPILOG = """\
Every key is accepted and is an account of its own. The newest user turn may say what comes back:
  [[say: some text]]                    exactly this text
  [[tool: NAME {"json": "arguments"}]]  a call of that tool, if the request offers tools

Headers of one request: x-simulate-output-tokens, x-simulate-reasoning-tokens, x-simulate-fault, x-simulate-workspace.
Faults: status:429;retry_after=2  cut;after_bytes=900  stall;seconds=5  slow;seconds=0.1  split_utf8  no_usage
no_cached_tokens  reset, each with ;times=N ;probability=0.1 ;model=NAME, several with commas between them.

The control room is under /__sim/: GET bill, DELETE bill, POST advance {"seconds": 3600}, POST evict, POST flip_ttl,
POST price {"model": "gpt-6-luna", "usd_per_million": {"output": 0.6}}, POST overflow {"requests": 1},
POST fail {"kind": "cut"}, DELETE fail, POST pace {"seconds_per_token": 0.02},
POST seed {"seed": 7}, POST reset, GET journal, DELETE journal, POST record.

Example: pointsman simulate --pace 50 --fault 'status:529;probability=0.05'"""
KEEP_ALIVE_S = 75
"""Vendors' front ends keep idle connections for about a minute; closing earlier would be a fault nobody asked for."""
GRACE_S = 5
"""How long open answers may go on after SIGTERM; what is still being generated then is billed as left by its client."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "simulate",
        help="run a provider that behaves: dialects, prompt caches that age, faults, its own bill",
        description="Run a simulated provider. It speaks chat completions, Responses and Messages, streams, keeps prompt "
        "caches as OpenAI and Anthropic do, and writes its own bill. There is no model inside and nothing is sent anywhere.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=4010, help="0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--profile",
        choices=PROFILES,
        default="mixed",
        help="whose endpoints and prompt cache; mixed has all, and a model's name tells its cache (default: %(default)s)",
    )
    parser.add_argument("--pace", type=float, default=0.0, metavar="TOKENS_PER_S", help="0 is as fast as possible")
    parser.add_argument("--seed", type=int, default=0, help="answers and chances repeat with it (default: %(default)s)")
    parser.add_argument("--fault", default="", metavar="SPEC", help="what goes wrong, see below")
    parser.add_argument("--record", action="store_true", help="keep request bodies and keys for GET /__sim/journal")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; 2 for a setting that cannot be."""
    from gateway.simulator.app import create

    try:
        pace_s = 1 / args.pace if args.pace else 0.0
        simulator = create(args.profile, seed=args.seed, pace_s=pace_s, faults=args.fault)
        listener = listen(args.host, args.port)
    except (OSError, OverflowError, ValueError) as error:
        print(f"pointsman simulate: {error}", file=sys.stderr)
        return 2
    simulator.provider.log.recording = args.record
    host, port = listener.getsockname()[:2]
    base = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    print(
        f"The simulator answers ({args.profile}); nothing leaves this machine.\n"
        f"  base URL  {base}/v1\n"
        f"  bill      curl -s {base}/__sim/bill",
        flush=True,
    )
    _serve(simulator, listener)
    return 0


def _serve(simulator: "Simulator", listener: socket.socket) -> None:
    """Serve until a signal asks for the end, which is then no error."""
    import uvicorn  # only this command and `serve` pay for it

    config = uvicorn.Config(
        simulator,
        log_level="warning",
        access_log=False,
        ws="none",
        lifespan="off",
        backlog=4096,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)
    # uvicorn sends itself the signal again once it has shut down, which would end the process by that signal.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
