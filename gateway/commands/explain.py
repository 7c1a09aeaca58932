"""`pointsman explain FILE`: where a request would go and why; nothing is sent."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw

from gateway.config.live import Live
from gateway.config.problems import ConfigError
from gateway.dialects.ask import members, opening
from gateway.explain import PATHS, explain_request
from routing.types import Dialect
from routing.weights import weights

WORDS_SHOWN = 4

def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "explain",
        help="where a request would go and why",
        description="Say where a request body would go and why; nothing is sent. FILE holds the body as a client sends it, "
        'or the form of POST /pointsman/explain: {"dialect": …, "headers": {…}, "request": {…}}. '
        "Example: pointsman explain request.json --header 'originator: codex_exec'",
        epilog="Exit codes: 0 a decision, 1 it would be refused or cannot be read, 2 wrong usage.",
    )
    parser.add_argument("file", metavar="FILE", help="a JSON file, or - for standard input")
    parser.add_argument("--config", type=Path, default=Path("pointsman.yaml"), help="default: %(default)s")
    parser.add_argument("--dialect", choices=tuple(PATHS), help="default: told by the body's shape")
    parser.add_argument(
        "--header", action="append", default=[], type=_header, metavar="'NAME: VALUE'", help="may be given several times"
    )
    parser.add_argument("--team", default="default", help="who asks (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="everything, as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the decision."""
    try:
        data = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
        snapshot = Live.open(args.config, os.environ).current
        dialect, headers, request = _question(data, args.dialect)
        weights()  # a gateway has read them before it listens, so that is no part of what a request takes
        story = explain_request(snapshot, dialect, {**headers, **dict(args.header)}, request, team=args.team)
    except OSError as error:
        print(f"pointsman explain: {error}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"pointsman explain: {args.file}: {error}", file=sys.stderr)
        return 1
    except ConfigError as error:
        for problem in error.problems:
            print(f"{args.config}: {problem.severity}: {problem}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(story, indent=2, ensure_ascii=False))
    else:
        for line in tell(story):
            print(line)
    return 1 if story["refusal"] else 0


def tell(story: Mapping[str, Any]) -> Iterator[str]:
    """The story for a person, line by line: where to, why, what the work looks like, what would change it."""
    caller = story["caller"]
    if story["refusal"]:
        yield f"refused: {_plain(story['refusal'])}"
    else:
        yield f"{story['route'] or 'direct'} -> {story['model']} at {story['upstream']}"
    for reason in story["reasons"]:
        yield f"  because    {_plain(reason['text'])}  [{story['source']}: {_plain(reason['word'])}]"
    work = story["workload"]
    yield f"  work       {work['input']} in, {work['output']} out, confidence {work['confidence']:.2f}"
    for each in work["evidence"]:
        yield f"             {each['weight']:+6.2f}  {each['name']:<15} {_plain(each['detail'])}".rstrip()
    if work["words"]:
        told = ", ".join(f"{_plain(each['gram'])} {each['share']:+.2f}" for each in work["words"][:WORDS_SHOWN])
        yield f"  words      {told}"
    if story["would_change"]:
        yield f"  otherwise  {_plain(story['would_change'])}"
    if story["fallbacks"]:
        yield f"  then       {', '.join(story['fallbacks'])}"
    who = f"{caller['client']}, {caller['agent']}, team {_plain(caller['team'])}"
    yield f"  caller     {who}; thread by {caller['thread_rule']}"
    yield f"  took       {story['elapsed_us']:.0f} us"


def _plain(text: str) -> str:
    """What a terminal may be shown of a file's words."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def _question(data: bytes, dialect: Dialect | None) -> tuple[Dialect, dict[str, str], bytes]:
    """Dialect, headers and body of what the file asks; ValueError when it is neither a body nor a question."""
    found = members(Raw(data))
    if "request" not in found or "model" in found:
        return dialect or guessed(found), {}, data
    headers = msgspec.json.decode(found.get("headers", Raw(b"{}")), type=dict[str, str])
    request = found["request"]
    said: Dialect | None = msgspec.json.decode(found["dialect"], type=Dialect) if "dialect" in found else None
    return dialect or said or guessed(members(request)), headers, bytes(request)


def guessed(fields: Mapping[str, Raw]) -> Dialect:
    """The dialect a body is probably in: `input` is Responses', `system` and `max_tokens` are Messages'."""
    if "messages" not in fields:
        return "responses" if "input" in fields else "chat"
    system = fields.get("system")
    if system is not None and opening(system) in (b'"', b"["):
        return "messages"
    marks = (b'"tool_use"', b'"tool_result"', b'"input_schema"')
    body = bytes(fields["messages"]) + bytes(fields.get("tools", Raw(b"")))
    return "messages" if any(mark in body for mark in marks) else "chat"


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError(f"a header is written 'name: value', not {line!r}")
    return name.strip(), value.strip()
