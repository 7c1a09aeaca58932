"""Reports: the page of several workers is the sum of theirs, and nothing falls when one of them dies."""

import msgspec
import pytest

from gateway.metering.metrics import Metrics
from gateway.metering.report import Merged, Report, Reporter, Source
from tests.gateway.metering.test_metrics import made, samples, settle, value


def sent(report: Report) -> Report:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(report), type=Report)


class Worker:
    def __init__(self, merged: Merged) -> None:
        self.metrics = made()
        self.reporter = Reporter(self.metrics)
        self.source = Source()
        self.merged = merged

    def tell(self) -> None:
        self.merged.absorb(self.source, sent(self.reporter.report()))


@pytest.fixture
def merged() -> Merged:
    return Merged(made())


def test_the_page_is_what_one_process_would_have_shown(merged: Merged) -> None:
    one, other = Worker(merged), Worker(merged)
    alone = made()
    for turn in range(3):
        for worker, picos in ((one, 5), (other, 10**20)):
            for metrics in (worker.metrics, alone):
                settle(metrics, by_kind={"output": picos}, picos=picos)
                metrics.decided("code", "rule", f"rule-{turn}", 0.25)
                metrics.started()
            worker.tell()
    merged.settle_gauges()
    alone_shown = {key: value for key, value in samples(alone).items() if key[0].startswith("pointsman")}
    shown = {key: value for key, value in samples(merged.metrics).items() if key[0].startswith("pointsman")}
    assert shown == pytest.approx(alone_shown)
    assert value(merged.metrics, "pointsman_inflight") == 6


def test_what_the_ledger_knew_is_counted_once(merged: Merged) -> None:
    merged.metrics.seed([("payments", "code", "big", "openai", "output", 100, 7)], [])
    worker = Worker(merged)
    settle(worker.metrics, by_kind={"output": 3}, picos=3, kinds={"output": 1})
    for _ in range(3):
        worker.tell()
    where = {"team": "payments", "route": "code", "model": "big", "provider": "openai", "kind": "output"}
    assert value(merged.metrics, "pointsman_tokens_total", **where) == 101
    assert value(merged.metrics, "pointsman_cost_usd_total", **where) == pytest.approx(10e-12)


def test_a_worker_that_died_takes_no_count_along_and_its_successor_adds(merged: Merged) -> None:
    first = Worker(merged)
    settle(first.metrics)
    first.metrics.started()
    first.tell()
    before = samples(merged.metrics)
    merged.leave(first.source)
    merged.settle_gauges()
    after = samples(merged.metrics)
    kept = [key for key in before if key[0].endswith(("_total", "_count", "_bucket", "_sum"))]
    assert all(after[key] >= before[key] for key in kept)
    second = Worker(merged)
    settle(second.metrics)
    second.tell()
    merged.settle_gauges()
    assert value(merged.metrics, "pointsman_events_total", outcome="finished") == 2
    assert value(merged.metrics, "pointsman_inflight") == 0


def test_gauges_come_together_by_their_rule(merged: Merged) -> None:
    one, other = Worker(merged), Worker(merged)
    for worker, held, ok in ((one, 0.5, True), (other, 0.2, False)):
        worker.metrics.loop_held(held)
        worker.metrics.config_reload(ok)
        worker.metrics.ledger(99.0, 99, 0)
        worker.metrics.price_table_age(held)
        worker.tell()
    one.metrics.loop_held(0.1)
    one.tell()
    merged.metrics.ledger(1.0, 2, 0)
    merged.settle_gauges()
    assert value(merged.metrics, "pointsman_loop_held_seconds") == 0.5  # the peak, not the last report
    assert value(merged.metrics, "pointsman_config_last_reload_success") == 0
    assert value(merged.metrics, "pointsman_ledger_lag_seconds") == 1.0  # its own
    assert value(merged.metrics, "pointsman_price_table_age_seconds") == 0.5
    one.tell()
    other.tell()
    merged.settle_gauges()
    assert value(merged.metrics, "pointsman_loop_held_seconds") == 0.2  # since the last page


def test_ledger_errors_of_workers_and_writer_add_up(merged: Merged) -> None:
    worker = Worker(merged)
    worker.metrics.ledger_error()
    worker.tell()
    merged.metrics.ledger(0.0, 0, 3)
    merged.metrics.ledger(0.0, 0, 4)
    worker.metrics.ledger_error()
    worker.tell()
    assert value(merged.metrics, "pointsman_ledger_errors_total") == 6


def test_a_report_is_small_once_names_are_told() -> None:
    metrics = made()
    reporter = Reporter(metrics)
    first, second = reporter.report(), reporter.report()
    assert len(first.rows) == len(metrics.rows)
    assert second.rows == []
    assert len(msgspec.msgpack.encode(second)) < 6 * len(metrics.rows) + 4096


def test_processes_are_shown_as_one(merged: Merged) -> None:
    worker = Worker(merged)
    worker.tell()
    alone = Metrics([], [], [], [])
    one, both = value(alone, "process_resident_memory_bytes"), value(merged.metrics, "process_resident_memory_bytes")
    assert one is not None
    assert both is not None
    assert both > 1.5 * one
