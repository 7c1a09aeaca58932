"""The `pointsman` command: one small module per subcommand, imported only when its turn comes."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from gateway.version import installed_version

COMMANDS = (
    "serve", "check", "explain", "simulate", "spend", "reconcile", "ledger",
    "lint-prompts", "price", "prices", "connect", "eval", "feedback",
)  # fmt: skip
"""In the order `--help` shows them; each is a module in `gateway/commands` with `register` and `run`."""

EPILOG = """\
Start here:
  pointsman serve                       a gateway on http://127.0.0.1:4000/v1 with ./pointsman.yaml
  pointsman connect codex               what to put into Codex's config
  pointsman check pointsman.yaml        what is wrong with a config, by path and word

Exit codes: 0 fine, 1 a finding, 2 wrong usage."""


def parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line with these commands, by default all."""
    top = argparse.ArgumentParser(
        prog="pointsman",
        description="A gateway between LLM clients and providers: routes, watches prompt caches, counts.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"pointsman {installed_version()}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in names:
        import_module(f"gateway.commands.{name.replace('-', '_')}").register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    words = sys.argv[1:] if argv is None else argv
    wanted = [name for name in COMMANDS if name in words[:1]]  # no other is loaded: a gateway would carry it for good
    arguments = parser(wanted or COMMANDS).parse_args(words)
    try:
        code: int = arguments.run(arguments)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
