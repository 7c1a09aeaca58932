"""`pointsman simulate`: a provider that behaves, for demonstrations, for tests without tokens, and for breaking things."""

import argparse
import sys

from gateway.simulator.generations import PROFILES

EPILOG = """\
Every key is accepted and is an account of its own. The newest user turn may say what comes back:
  [[say: some text]]                    exactly this text
  [[tool: NAME {"json": "arguments"}]]  a call of that tool, if the request offers tools

Headers of one request: x-simulate-output-tokens, x-simulate-reasoning-tokens, x-simulate-fault, x-simulate-workspace.
Faults: status:429;retry_after=2  cut;after_bytes=900  stall;seconds=5  slow;seconds=0.1  split_utf8  no_usage  reset,
each with ;times=N ;probability=0.1 ;model=NAME, several with commas between them.

The control room is under /__sim/: GET bill, DELETE bill, POST advance {"seconds": 3600}, POST evict, POST fail {"kind": …},
DELETE fail, POST seed, POST pace, POST flip_ttl, GET journal, DELETE journal, POST record.

Example: pointsman simulate --pace 50 --fault 'status:529;probability=0.05'"""


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
        "--profile", choices=PROFILES, default="mixed", help="which prompt cache a model has: by its name, or always this"
    )
    parser.add_argument("--pace", type=float, default=0.0, metavar="TOKENS_PER_S", help="0 is as fast as possible")
    parser.add_argument("--seed", type=int, default=0, help="answers and chances repeat with it (default: %(default)s)")
    parser.add_argument("--fault", default="", metavar="SPEC", help="what goes wrong, see below")
    parser.add_argument("--record", action="store_true", help="keep request bodies and keys for GET /__sim/journal")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until stopped; 2 for a fault that cannot be read."""
    import uvicorn  # only this command and `serve` pay for it

    from gateway.commands.listen import listen
    from gateway.simulator.app import create

    try:
        pace_s = 1 / args.pace if args.pace else 0.0
        simulator = create(args.profile, seed=args.seed, pace_s=pace_s, faults=args.fault)
        listener = listen(args.host, args.port)
    except (OSError, ValueError) as error:
        print(f"pointsman simulate: {error}", file=sys.stderr)
        return 2
    simulator.provider.log.recording = args.record
    host, port = listener.getsockname()[:2]
    print(
        f"The simulator answers ({args.profile}); nothing leaves this machine.\n"
        f"  base URL  http://{host}:{port}/v1\n"
        f"  bill      curl -s http://{host}:{port}/__sim/bill",
        flush=True,
    )
    config = uvicorn.Config(simulator, log_level="warning", access_log=False, ws="none", lifespan="off", backlog=4096)
    uvicorn.Server(config).run(sockets=[listener])
    return 0
