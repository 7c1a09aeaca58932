"""Rows of metrics and how they are written: Prometheus text exposition 0.0.4, from plain attributes.

A library's child look-up costs ten times the increment, and its page a hundred times the writing, so both are here: a
row keeps its rendered head, an increment is an addition, a page is one join.
Format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate

from gateway.metering.families import OTHER, Declared
from gateway.metering.labels import clean
from gateway.metering.types import PICOS_PER_USD

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
TEXT_ROWS = 200
"""Rows written in one go: about a tenth of a millisecond."""
RAW_MAX = 4096
"""Label values as they arrive whose row is remembered. Clients can invent names, hence the bound."""

Known = Callable[[str], str]
"""From a label value as it arrives to one of its closed set."""


class Row:
    """One series with a whole number in it: a count, or pico-dollars."""

    __slots__ = ("family", "head", "names", "value")

    def __init__(self, declared: Declared, names: tuple[str, ...]) -> None:
        self.family = declared.name
        self.names = names
        self.head = head(declared, names)
        self.value = 0


class Gauge:
    """One series that goes up and down; None while nothing is known, and then it is not shown."""

    __slots__ = ("head", "value")

    def __init__(self, head: str, value: float | None = None) -> None:
        self.head = head
        self.value = value

    def lines(self) -> list[str]:
        return [] if self.value is None else [f"{self.head}{self.value!r}\n"]


class Histogram:
    """One histogram with classic buckets. Counts are kept apart and added up when they are shown."""

    __slots__ = ("_heads", "bounds", "counts", "total")

    def __init__(self, declared: Declared) -> None:
        assert not declared.labels, "histograms are not split by label"
        self.bounds = declared.buckets
        self.counts = [0] * (len(declared.buckets) + 1)
        self.total = 0.0
        self._heads = [f'{declared.name}_bucket{{le="{bound!r}"}} ' for bound in declared.buckets]
        self._heads += [f'{declared.name}_bucket{{le="+Inf"}} ', f"{declared.name}_sum ", f"{declared.name}_count "]

    def observe(self, seconds: float) -> None:
        """Count one observation; a bound includes itself."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def lines(self) -> list[str]:
        cumulative = list(accumulate(self.counts))
        values = [*map(str, cumulative), repr(self.total), str(cumulative[-1])]
        return [f"{head}{value}\n" for head, value in zip(self._heads, values, strict=True)]


class Family:
    """All rows of one counter family, found by their label values."""

    def __init__(self, declared: Declared, known: tuple[Known, ...], born: list[Row]) -> None:
        """`born` is where each new row is noted, so that all rows of a process have one order."""
        assert len(known) == len(declared.labels), declared.name
        self.declared = declared
        self._born = born
        self._known = known
        self._rows: dict[tuple[str, ...], Row] = {}
        self._raw: dict[tuple[str, ...], Row] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, *values: str) -> Row:
        """The row for label values as they arrive: one look-up once they have been seen."""
        found = self._raw.get(values)
        return found if found is not None else self._meet(values)

    def _meet(self, values: tuple[str, ...]) -> Row:
        row = self.named(tuple(known(value) for known, value in zip(self._known, values, strict=True)))
        if len(self._raw) < RAW_MAX:
            self._raw[values] = row
        return row

    def named(self, names: tuple[str, ...]) -> Row:
        """The row for label values that are of the closed sets already."""
        row = self._rows.get(names)
        if row is None:
            row = self._rows[names] = Row(self.declared, names)
            self._born.append(row)
        return row

    def forget(self) -> None:
        """The closed sets have changed: names are looked up anew. Rows stay."""
        self._raw.clear()

    def texts(self) -> Iterator[str]:
        """The lines of all rows there are now, some at a time."""
        rows = list(self._rows.values())
        money = self.declared.unit == "usd"
        for start in range(0, len(rows), TEXT_ROWS):
            some = rows[start : start + TEXT_ROWS]
            if money:
                yield "".join([f"{row.head}{usd(row.value)}\n" for row in some])
            else:
                yield "".join([f"{row.head}{row.value}\n" for row in some])


class Words:
    """A label filled with the program's own words: closed by their number."""

    def __init__(self, most: int, words: tuple[str, ...] = ()) -> None:
        self._words = set(words)
        self._most = most

    def known(self, word: str) -> str:
        """The word itself, or `other` when there are too many."""
        word = clean(word)
        if word not in self._words:
            if len(self._words) >= self._most:
                return OTHER
            self._words.add(word)
        return word


def usd(picos: int) -> str:
    """Exact decimal dollars; whoever parses it as a double gets the nearest one."""
    sign = "-" if picos < 0 else ""
    whole, part = divmod(abs(picos), PICOS_PER_USD)
    return f"{sign}{whole}.{part:012d}"


def head(declared: Declared, values: tuple[str, ...]) -> str:
    """Everything of a sample line before its value."""
    if not values:
        return f"{declared.name} "
    pairs = ",".join(f'{label}="{_escaped(value)}"' for label, value in zip(declared.labels, values, strict=True))
    return f"{declared.name}{{{pairs}}} "


def title(declared: Declared) -> str:
    """HELP and TYPE of a family."""
    text = declared.help.replace("\\", "\\\\").replace("\n", "\\n")
    return f"# HELP {declared.name} {text}\n# TYPE {declared.name} {declared.type}\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
