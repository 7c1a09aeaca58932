"""`pointsman price MODEL USAGE.json`: token kinds and exact dollars of one usage object as a vendor sends it."""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gateway.metering.price_names import maker_of
from gateway.metering.prices import PriceBook
from gateway.metering.tally import tally
from gateway.metering.types import KINDS, PICOS_PER_USD, Priced, Usage
from gateway.metering.usage_messages import messages_usage
from gateway.metering.usage_native import converse_usage, gemini_usage
from gateway.metering.usage_openai import default_write, openai_usage, service_tier
from routing.types import Dialect

EVENTS_MAX = 1_000_000
"""Stream events read from one file; the longest answers have a few ten thousand."""
_MESSAGES = ("cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation", "server_tool_use", "iterations")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of `pointsman`."""
    parser = subparsers.add_parser(
        "price",
        help="token kinds and exact dollars of one usage object",
        description="Price one usage object as a vendor sends it; a whole answer, an array of stream events, or null will "
        'do as well. Example: echo \'{"prompt_tokens":9,"completion_tokens":2}\' | pointsman price gpt-6.1-sol - --json',
        epilog="What has no known price is unpriced, never zero. Exit codes: 0 an answer, priced or not, 2 nothing to read.",
    )
    parser.add_argument("model", metavar="MODEL", help="model name, alone or as provider/model")
    parser.add_argument("file", metavar="USAGE.json", help="a file, or - for standard input")
    parser.add_argument("--provider", help="whose price list; told by the model's name when left out")
    parser.add_argument("--dialect", choices=("chat", "responses", "messages"), help="told by the shape when left out")
    parser.add_argument("--tier", help="service tier that served the answer, such as flex, priority or batch")
    parser.add_argument("--at", type=instant, metavar="DATE", help="day or time it was billed at; now when left out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the cost; 2 when there is nothing readable."""
    try:
        text = sys.stdin.read() if args.file == "-" else Path(args.file).read_text("utf-8")
        value = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        print(f"pointsman price: {args.file}: {error}", file=sys.stderr)
        return 2
    provider, model = maker_of(args.model)
    if args.provider:
        provider, model = args.provider, args.model
    at = time.time() if args.at is None else args.at
    found = reckoned(PriceBook.load(()), value, provider, model, args.dialect, args.tier, at)
    print(json.dumps(answer(*found)) if args.json else "\n".join(_lines(*found)))
    return 0


def reckoned(
    book: PriceBook, value: Any, provider: str, model: str, dialect: Dialect | None, tier: str | None, at: float
) -> tuple[dict[str, int], Usage, Priced]:
    """The kinds of what a decoded file holds, its usage, and what it costs at `at` (unix seconds)."""
    usage = usage_of(value, dialect, model)
    if tier is not None:
        usage = replace(usage, tier=service_tier(tier))
    split = book.split(usage, provider, model, at)
    kinds: dict[str, int] = {kind: split[kind] for kind in KINDS if kind in split}
    return kinds, usage, book.price(usage, provider, model, at)


def answer(kinds: Mapping[str, int], usage: Usage, priced: Priced) -> dict[str, Any]:
    """The object that `--json` prints."""
    said: dict[str, Any] = {
        "kinds": dict(kinds),
        "usd": dollars(priced.picos),
        "price_rows": list(priced.rows),
        "status": priced.status,
    }
    if usage.fees:
        said["fees"] = dict(usage.fees)
    if priced.reason:
        said["reason"] = usage.problem if priced.reason == "impossible_usage" else priced.reason
    return said


def dollars(picos: int | None) -> str | None:
    """Exact dollars with twelve decimals; None for what is not known."""
    return None if picos is None else f"{picos // PICOS_PER_USD}.{picos % PICOS_PER_USD:012d}"


def usage_of(value: Any, dialect: Dialect | None, model: str) -> Usage:
    """The usage that a decoded file holds: one usage object, a whole answer, or the events of a stream."""
    if isinstance(value, list):
        found = _streamed(value[:EVENTS_MAX], dialect)
    elif isinstance(value, dict):
        found = _whole(value, dialect) if _is_answer(value) else _single(value, dialect, model)
    else:
        found = None if value is None else Usage(kinds={}, exact=False, problem="not_an_object")
    if found is None:
        return Usage(kinds={}, exact=False, problem="no_usage")
    return found


def _single(value: Mapping[str, Any], dialect: Dialect | None, model: str) -> Usage | None:
    if "promptTokenCount" in value or "candidatesTokenCount" in value:
        return gemini_usage(value, model)
    if "inputTokens" in value:
        return converse_usage(value, model)
    if (dialect or dialect_of(value, model)) == "messages":
        return messages_usage(value, model)
    return openai_usage(value, model, embedding="embedding" in model or "embed-" in model)


def dialect_of(usage: Mapping[str, Any], model: str) -> Dialect:
    """The dialect a usage object is written in, by what only one of them writes; by the model where all would do."""
    if "prompt_tokens" in usage or "completion_tokens" in usage:
        return "chat"
    if any(name in usage for name in _MESSAGES):
        return "messages"
    if "total_tokens" in usage or "input_tokens_details" in usage:
        return "responses"
    return "messages" if default_write(model) == "cache_write_5m" else "responses"


def _is_answer(value: Mapping[str, Any]) -> bool:
    return "usage" in value or "usageMetadata" in value or isinstance(value.get("response"), dict)


def _whole(value: Mapping[str, Any], dialect: Dialect | None) -> Usage | None:
    if "usageMetadata" in value:
        metadata = value["usageMetadata"]
        return gemini_usage(metadata, str(value.get("modelVersion", ""))) if isinstance(metadata, dict) else None
    counted = tally(dialect or ("messages" if value.get("type") == "message" else "chat"))
    counted.body(_bytes(value))
    return counted.usage()


def _streamed(events: list[Any], dialect: Dialect | None) -> Usage | None:
    """What a stream reported; of one that broke off what it had reported by then, which is known to be too little."""
    seen = [each for each in map(_data, events) if isinstance(each, dict)]
    if dialect is None:
        dialect = "messages" if any(str(each.get("type", "")).startswith("message_") for each in seen) else "chat"
    counted = tally(dialect)
    for event in seen:
        counted.event(_bytes(event))
    usage = counted.usage()
    if usage is None and (partial := counted.partial()) is not None:
        if dialect == "messages":
            return replace(partial, exact=False, problem=partial.problem or "output_missing")
        return partial
    return usage


def _data(event: Any) -> Any:
    """The event's data: files hold it bare, or as text, or beside the event's name."""
    if isinstance(event, dict) and "data" in event and "event" in event:
        event = event["data"]
    if isinstance(event, str):
        try:
            return json.loads(event.removeprefix("data:"))
        except (ValueError, RecursionError):
            return None
    return event


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _lines(kinds: Mapping[str, int], usage: Usage, priced: Priced) -> list[str]:
    width = max(map(len, [*kinds, *usage.fees, "total"]), default=5)
    rows = [f"{kind:<{width}}  {tokens:>12,}  {_part(priced.by_kind.get(kind))}" for kind, tokens in kinds.items()]
    rows += [f"{fee:<{width}}  {calls:>12,}  calls" for fee, calls in usage.fees.items()]
    rows.append(f"{'total':<{width}}  {sum(kinds.values()):>12,}  {_part(priced.picos)}  {priced.status}")
    if priced.reason:
        rows.append(f"because: {usage.problem or priced.reason}")
    return rows + [f"by row {row}" for row in priced.rows]


def _part(picos: int | None) -> str:
    usd = dollars(picos)
    return "unknown" if usd is None else f"${usd}"


def instant(text: str) -> float:
    """Unix seconds of a day or a time; UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 2026-11-25 and no time like 2026-11-25T09:30") from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
