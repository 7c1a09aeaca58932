"""What a worker tells of its metrics, and how the numbers of all workers become one page.

A worker tells the names of its rows once and from then on only their values. The other side adds what has come on top
since the last time, so a worker that dies takes nothing with it: its counts are in the sum. Only what it had under way
ends with it.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from gateway.metering import process
from gateway.metering.exposition import Row
from gateway.metering.families import DECLARED
from gateway.metering.metrics import Metrics

_decode = msgspec.json.Decoder(list[int]).decode


class Report(Struct, frozen=True, array_like=True):
    """The metrics of one process."""

    rows: list[tuple[str, tuple[str, ...]]]
    """Family and labels of the rows that are new."""
    values: bytes
    """Of all rows in their order, as JSON: dollars in pico-dollars outgrow 64 bits."""
    histograms: list[tuple[str, list[int], float]]
    """Name, counts per bucket, sum."""
    gauges: list[tuple[str, tuple[str, ...], float]]
    process: process.Reading


class Reporter:
    """Makes the reports of one worker."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._told = 0

    def report(self) -> Report:
        """The metrics now. Reports are to be read in their order, none left out."""
        metrics = self._metrics
        fresh = metrics.rows[self._told :]
        self._told += len(fresh)
        return Report(
            rows=[(row.family, row.names) for row in fresh],
            values=msgspec.json.encode([row.value for row in metrics.rows]),
            histograms=[(name, each.counts, each.total) for name, each in metrics.histograms.items()],
            gauges=list(_known(metrics)),
            process=metrics.process(),
        )


class Source:
    """One worker as last reported."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.values: list[int] = []
        self.histograms: dict[str, tuple[list[int], float]] = {}
        self.gauges: dict[tuple[str, tuple[str, ...]], float] = {}
        self.process: process.Reading = {}


class Merged:
    """The workers' metrics within those of the process that writes the page."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self._sources: set[Source] = set()
        self._gone: process.Reading = {}
        metrics.process = self._process

    def absorb(self, source: Source, report: Report) -> None:
        """Take what has come on top since the source's last report."""
        self._sources.add(source)
        metrics = self.metrics
        source.rows += [metrics.row(family, names) for family, names in report.rows]
        values = _decode(report.values)
        before = source.values + [0] * (len(values) - len(source.values))
        for row, new, old in zip(source.rows, values, before, strict=True):
            if new != old:
                row.value += new - old
        source.values = values
        for name, counts, total in report.histograms:
            histogram = metrics.histograms[name]
            old_counts, old_total = source.histograms.get(name, ([0] * len(counts), 0.0))
            histogram.counts = [
                now + new - old for now, new, old in zip(histogram.counts, counts, old_counts, strict=True)
            ]
            histogram.total += total - old_total
            source.histograms[name] = counts, total
        for name, names, value in report.gauges:
            before_ = source.gauges.get((name, names), value) if DECLARED[name].merge == "peak" else value
            source.gauges[name, names] = max(value, before_)
        source.process = report.process

    def leave(self, source: Source) -> None:
        """A worker has ended: what it counted stays, what it had under way does not."""
        if source in self._sources:
            self._sources.discard(source)
            self._gone = process.merged((self._gone, process.counted(source.process)))

    def settle_gauges(self) -> None:
        """Bring the gauges up to date for a page; peaks begin anew."""
        found: dict[tuple[str, tuple[str, ...]], list[float]] = {}
        for source in self._sources:
            for key, value in source.gauges.items():
                found.setdefault(key, []).append(value)
            source.gauges = {key: value for key, value in source.gauges.items() if DECLARED[key[0]].merge != "peak"}
        for (name, names), values in found.items():
            merge = DECLARED[name].merge
            merged = sum(values) if merge == "add" else min(values) if merge == "min" else max(values)
            self.metrics.gauge(name, names).value = merged

    def _process(self) -> process.Reading:
        return process.merged((process.read(), self._gone, *(each.process for each in self._sources)))


def _known(metrics: Metrics) -> Iterator[tuple[str, tuple[str, ...], float]]:
    """The gauges that have a value and are not for the process alone that writes the page."""
    for name, gauges in metrics.gauges.items():
        if DECLARED[name].merge != "own":
            for names, gauge in gauges.items():
                if gauge.value is not None:
                    yield name, names, gauge.value
