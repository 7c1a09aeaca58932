"""How the page says numbers and names: short, exact enough, and unable to break out of the HTML they are put in."""

import html
from datetime import UTC, datetime

from gateway.metering.types import PICOS_PER_USD

NAME_MAX = 64
"""Characters of a name that a client may have made up."""
TEXT_MAX = 4_000
"""Characters of a text of several lines, such as the problems of a config."""
_STEPS = ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k"))


def name(value: str) -> str:
    """A name as HTML text: escaped, without control or direction characters, cut when it is long."""
    kept = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in value[: NAME_MAX + 1])
    return html.escape(kept if len(value) <= NAME_MAX else kept[:NAME_MAX] + "…")


def lines(text: str) -> str:
    """A text of several lines, escaped and bounded."""
    kept = "".join(char if char.isprintable() or char == "\n" else " " for char in text[:TEXT_MAX])
    return html.escape(kept)


def dollars(picos: int | None, *, plain: bool = False) -> str:
    """Dollars with as many digits as tell something; what is unknown is said to be, `plain` where no element may stand."""
    if picos is None and plain:
        return "unknown"
    if picos is None:
        return '<span class="unknown" title="the price is not known">unknown</span>'
    usd = picos / PICOS_PER_USD
    if picos == 0 or usd >= 0.995:
        return f"${usd:,.2f}"
    if usd < 0.00001:
        return "&lt;$0.00001"
    decimals = next(places for places in range(2, 8) if usd >= 10.0**-places)
    return f"${usd:.{decimals + 1}f}"


def count(number: int) -> str:
    """A whole number, shortened to three digits from ten thousand on."""
    if number < 10_000:
        return f"{number:,}"
    size, letter = next(step for step in _STEPS if number >= step[0])
    short = number / size
    return f"{short:.{2 if short < 10 else 1 if short < 100 else 0}f} {letter}"


def span(seconds: float) -> str:
    """A length of time in its largest unit."""
    seconds = max(seconds, 0.0)
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {letter}"
    return f"{seconds:.0f} s"


def ago(at: float, now: float) -> str:
    """A moment, relative for people and exact for machines."""
    exact = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f'<time datetime="{exact}" title="{exact}">{span(now - at)} ago</time>'


def day(number: int) -> str:
    """A day, by how many there were since 1970."""
    return datetime.fromtimestamp(number * 86_400, UTC).strftime("%-d %b")


def clock(at: float) -> str:
    """Time of day and date, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M UTC, %-d %B %Y")
