"""The built-in price table: its shape, and reading it. `gateway/metering/build_prices.py` makes it.

The file is decoded down to one slice per model at start, and a model's rows only when it is first asked for, so that
start-up pays about a millisecond for a few thousand models.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

STANDARD = ""
"""The name of the standard service tier."""


class Band(Struct, frozen=True, array_like=True):
    """Prices of requests with more than `over` input tokens, cached ones included, in pico-dollars per token."""

    over: int
    kinds: Mapping[str, int]


class Window(Struct, frozen=True, array_like=True):
    """Hours of the week in UTC: ISO weekdays (Monday is 1), from and to in minutes of the day."""

    days: tuple[int, ...]
    start: int
    end: int


class Period(Struct, frozen=True, omit_defaults=True):
    """What a model costs from a day on."""

    tiers: Mapping[str, tuple[Band, ...]]
    """Bands by service tier, `over` ascending from 0. A band holds all kinds with a known price, so what it lacks is
    unknown there."""
    since: int = 0
    """Unix seconds; 0 from the beginning."""
    fees: Mapping[str, int] = {}
    """Pico-dollars per call."""
    percent: Mapping[str, int] = {}
    """Surcharges on everything, by the word in the tier: 110 is a tenth more."""
    off_peak: Mapping[str, int] = {}
    """Standard prices inside `windows`."""
    windows: tuple[Window, ...] = ()
    quiet_days: tuple[int, ...] = ()
    """Days (since 1970-01-01) on which the prices of `off_peak` hold around the clock: holidays."""


class Table(Struct, frozen=True):
    """The file. Rows are keyed `provider/model`, their periods oldest first."""

    as_of: str
    """Day the sources were compiled, ISO."""
    sources: Mapping[str, str]
    """Version of each source."""
    rows: Mapping[str, Raw]


_periods = msgspec.json.Decoder(tuple[Period, ...])


@cache
def built_in() -> Table:
    """The table that came with the package."""
    return msgspec.json.decode(Path(__file__).with_name("price_table.json").read_bytes(), type=Table)


def read(path: Path) -> Table:
    """A table that was kept. `ValueError` or `OSError` for a file that is none."""
    return msgspec.json.decode(path.read_bytes(), type=Table)


def periods(row: Raw) -> tuple[Period, ...]:
    """A model's periods, decoded."""
    return _periods.decode(row)
