"""`pointsman check FILE`: everything that is wrong with a config, or what it means."""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.config.compile import compile_config, is_loopback
from gateway.config.compiled import Snapshot, Upstream
from gateway.config.crosscheck import crosscheck
from gateway.config.load import load
from gateway.config.problems import ConfigError, Problem
from routing.types import Route


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of `pointsman`."""
    parser = subparsers.add_parser(
        "check",
        help="validate a config",
        description="Validate a config. Every problem names the path and the wrong word; when there is no error, what "
        "the config means is printed. ${NAME} is filled in from this environment. "
        "Example: OPENAI_API_KEY=x pointsman check pointsman.yaml",
        epilog="Exit codes: 0 fine (warnings are), 1 an error in the file, 2 no such file.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the config, such as pointsman.yaml")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 when the config would be refused, 2 when there is no file to check."""
    path: Path = args.file
    if not path.is_file():
        print(f"pointsman check: there is no file {path}", file=sys.stderr)
        return 2
    code, lines = check(path, os.environ)
    for line in lines:
        print(line)
    return code


def check(path: Path, environ: Mapping[str, str]) -> tuple[int, list[str]]:
    """The exit code for a config file and the lines to print about it."""
    try:
        config = load(path, environ)
        snapshot = compile_config(config, "")
    except ConfigError as error:
        return 1, [_line(path, problem) for problem in error.problems]
    warnings = [_line(path, problem) for problem in crosscheck(config)]
    return 0, [*warnings, f"{path}: fine", *_summary(snapshot)]


def _line(path: Path, problem: Problem) -> str:
    return f"{path}: {problem.severity}: {problem}"


def _summary(snapshot: Snapshot) -> Iterator[str]:
    """What the config means, one noun a line."""
    keys = sum(len(team.digests) for team in snapshot.teams.values())
    who = "this machine" if is_loopback(snapshot.host) else "everyone who reaches it"
    need = "a team key is needed" if keys else "no key is needed, everyone is team 'default'"
    yield f"listen     {snapshot.host}:{snapshot.port}, open to {who}; {need}"
    for upstream in snapshot.upstreams.values():
        yield f"upstream   {upstream.name}: {_upstream(upstream)}"
    yield f"models     {len(snapshot.models)} by name, {len(snapshot.patterns)} by pattern"
    policy = snapshot.policy
    for route in policy.routes.values():
        yield f"route      {route.name}: {_route(route)}"
    names = ", ".join(sorted(policy.aliases)) or "nothing but route names"
    yield f"routing    {names}: by {_count(len(policy.matrix), 'matrix line')}, default {policy.default}"
    yield f"rules      {len(policy.rules)}"
    for team in snapshot.teams.values():
        yield f"team       {team.name}: {_count(len(team.digests), 'key')}, models {', '.join(team.models)}"
    if not snapshot.teams:
        yield "teams      none"


def _upstream(upstream: Upstream) -> str:
    spoken = ", ".join(sorted(upstream.dialects))
    key = "key present" if upstream.key else "no key"
    return f"{upstream.base_url}, speaks {spoken}; {upstream.provider} prices; {key}"


def _route(route: Route) -> str:
    by_dialect = "".join(f", {model} for {dialect}" for dialect, model in route.by_dialect.items())
    fallbacks = f"; then {', '.join(route.fallbacks)}" if route.fallbacks else ""
    return f"{route.model}{by_dialect}{fallbacks}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
