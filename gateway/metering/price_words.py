"""Prices as people read them: USD per million tokens, per thousand calls, and what a row of the table says in lines."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from gateway.metering.price_table import STANDARD, Period, Window
from gateway.metering.types import KINDS

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY_S = 86_400


def per_million(picos: int) -> str:
    """Exact USD per million tokens of a price in pico-dollars per token."""
    return _plain(Decimal(picos) / 10**6)


def per_thousand(picos: int) -> str:
    """Exact USD per thousand calls of a fee in pico-dollars."""
    return _plain(Decimal(picos) / 10**9)


def day(at: float) -> str:
    """A moment in Unix seconds as its day, with the time where it is not midnight, UTC; `the beginning` for 0."""
    if not at:
        return "the beginning"
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%d}" if at % _DAY_S == 0 else f"{moment:%Y-%m-%dT%H:%M}Z"


def flat(period: Period) -> Mapping[str, str]:
    """Every price of a period by what it is called, so that two periods can be laid side by side."""
    found: dict[str, str] = {}
    for tier in sorted(period.tiers):
        for band in period.tiers[tier]:
            for kind in sorted(band.kinds, key=KINDS.index):
                found[_called(kind, tier, band.over)] = per_million(band.kinds[kind])
    for kind, picos in period.off_peak.items():
        found[f"{kind} off-peak"] = per_million(picos)
    for fee, picos in period.fees.items():
        found[f"{fee}, a thousand calls"] = per_thousand(picos)
    for word, percent in period.percent.items():
        found[f"{word}, percent of everything"] = str(percent)
    if period.windows:
        found["off-peak hours"] = "; ".join(map(_hours, period.windows))
    if period.quiet_days:
        found["off-peak days"] = " ".join(day(number * _DAY_S) for number in period.quiet_days)
    return found


def lines(period: Period) -> Iterator[str]:
    """A period tier by tier: each kind's price, and beside it what it is for longer prompts."""
    for tier in sorted(period.tiers):
        yield tier or "standard"
        bands = period.tiers[tier]
        named = [kind for kind in KINDS if any(kind in band.kinds for band in bands)]
        width = max(map(len, named), default=0)
        for kind in named:
            steps = [(band.over, band.kinds.get(kind)) for band in bands]
            prices = (
                f"{'' if not over else f'over {over:,}: '}{'unknown' if picos is None else per_million(picos)}"
                for over, picos in steps
            )
            yield f"  {kind:<{width}}  {'   '.join(prices)}"
    for name, value in flat(period).items():
        if name.split(" ")[0] not in KINDS or name.endswith("off-peak"):
            yield f"{name}: {value}"


def _called(kind: str, tier: str, over: int) -> str:
    return f"{kind}{f' {tier}' if tier != STANDARD else ''}{f' over {over:,}' if over else ''}"


def _hours(window: Window) -> str:
    first, last = _DAYS[window.days[0] - 1], _DAYS[window.days[-1] - 1]
    unbroken = window.days == tuple(range(window.days[0], window.days[-1] + 1))
    days = f"{first}-{last}" if unbroken and first != last else " ".join(_DAYS[number - 1] for number in window.days)
    return f"{days} {_clock(window.start)}-{_clock(window.end)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _plain(usd: Decimal) -> str:
    text = f"{usd:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
