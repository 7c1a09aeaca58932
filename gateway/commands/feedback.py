"""`pointsman feedback FILE`: a decision that was wrong becomes a line to train on."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw

from gateway.commands.explain import guessed
from gateway.dialects.ask import NotReadable, members
from gateway.feedback import NothingToLearn, corrected, quoted

LABELS = ("code", "general")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "feedback",
        help="a decision that was wrong becomes a line to train on",
        description="Turn requests whose route was wrong into lines that `make train FEEDBACK=corrections.jsonl` learns "
        "from. FILE holds a body as a client sends it, or lines of the form of POST /pointsman/explain with the right route "
        'beside: {"dialect": …, "request": {…}, "should": "general"}. Only numbers are kept: what was observed, never what '
        "was written. Example: pointsman feedback request.json --should general --out corrections.jsonl",
        epilog="Learn from decisions that were right, too: who trains on mistakes alone teaches doubt. Exit codes: 0 "
        "written, 1 a request had nothing to learn from, 2 nothing to read.",
    )
    parser.add_argument("file", metavar="FILE", help="JSON or JSON lines, or - for standard input")
    parser.add_argument("--should", choices=LABELS, help="the right route, where a line does not say it")
    parser.add_argument("--out", type=Path, metavar="OUT.jsonl", help="append to this file (mode 0600) rather than print")
    parser.add_argument("--source", default="feedback", help="whose corrections these are (default: %(default)s)")
    parser.add_argument(
        "--with-text", metavar="CONSENT", help="keep the excerpts the classifier looked at; says who agreed to that"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write a line for every request that can be learned from."""
    try:
        data = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
        asked = list(_asked(data, args.should))
    except (OSError, ValueError) as error:
        print(f"pointsman feedback: {args.file}: {error}", file=sys.stderr)
        return 2
    lines, code = [], 0
    for number, (body, dialect, label) in enumerate(asked, 1):
        try:
            line = corrected(dialect, body, label, args.source)
            lines.append(quoted(dialect, body, label, args.source, args.with_text) if args.with_text else line)
        except (NotReadable, NothingToLearn) as error:
            print(f"pointsman feedback: request {number}: {error}", file=sys.stderr)
            code = 1
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    if args.out is None:
        sys.stdout.write(text)
        return code
    _append(args.out, text)
    print(f"{len(lines)} of {len(asked)} requests appended to {args.out}")
    return code


def _append(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as file:
        file.write(text)


def _asked(data: bytes, should: str | None) -> Iterator[tuple[bytes, Any, str]]:
    """Body, dialect and right route of each request; ValueError where one cannot be told."""
    whole = [data] if _is_json(data) else [line for line in data.splitlines() if line.strip()]
    if not whole:
        raise ValueError("no request")
    for number, each in enumerate(whole, 1):
        fields = members(Raw(each))
        question = "request" in fields and "model" not in fields
        body = bytes(fields["request"]) if question else each
        label = msgspec.json.decode(fields["should"]) if question and "should" in fields else should
        if label not in LABELS:
            raise ValueError(f"request {number}: which route is right? --should code or general")
        said = msgspec.json.decode(fields["dialect"], type=str) if question and "dialect" in fields else ""
        yield body, said or guessed(members(Raw(body))), label


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=Raw)
    except msgspec.DecodeError:
        return False
    return True
