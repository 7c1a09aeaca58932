"""Names what broke a prompt's prefix: a date in the system prompt, tools in another order, reasoning that was not sent back.

Only looked for when a prefix is seen to be broken, and only in the part that changed. What is found is a word; no text is
kept. The prompt before is not at hand, so a word names what is there and changes by itself, which is nearly always what did.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Raw
from xxhash import xxh3_64_intdigest

LOOKED_AT = 64 * 1024
"""Bytes of a system prompt that are searched; a search costs a microsecond for each kilobyte."""
_TIME = re.compile(rb"(?<![\d:.])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\d:])")
_ID = re.compile(
    rb"(?i)\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b[0-9a-f]{32,64}\b|\b(?:ses|sess|req|run|job)[_-][0-9a-z]{6,}"
)
_array = msgspec.json.Decoder(list[Raw])


def in_instructions(parts: Sequence[bytes], now: float) -> str:
    """What changes by itself in these: `time`, `date` or `id`; empty where nothing of the kind is seen."""
    said = b"\n".join(part[:LOOKED_AT] for part in parts)[:LOOKED_AT]
    dated = any([word in said for word in _days(now)])
    if dated and _TIME.search(said):
        return "time"
    if dated:
        return "date"
    return "id" if _ID.search(said) else ""


def _days(now: float) -> list[bytes]:
    """How today, and a day either way for other time zones, is written."""
    spelled = []
    for offset in (-1, 0, 1):
        day = datetime.fromtimestamp(now, UTC) + timedelta(days=offset)
        number = day.day
        for month in (day.strftime("%b"), day.strftime("%B")):
            spelled += [f"{month} {number:02}", f"{month} {number},", f"{month} {number} ", f"{number} {month}"]
        spelled += [day.strftime(form) for form in ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y")]
        spelled.append(f"{day.month}/{number}/{day.year}")
    return [each.encode() for each in spelled]


def set_of(tools: Raw | None) -> str:
    """A digest of tools that does not depend on their order; empty where there are none."""
    if tools is None:
        return ""
    try:
        each = _array.decode(tools)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""
    return f"{sum(xxh3_64_intdigest(tool) for tool in each) & 0xFFFFFFFFFFFFFFFF:016x}" if each else ""
