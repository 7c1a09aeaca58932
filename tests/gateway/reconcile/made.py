"""A bill of the simulator and a ledger that agree, until a test plants something."""

import json
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from msgspec.structs import replace

from gateway.metering.ledger import Ledger, connect
from gateway.metering.prices import PriceBook
from gateway.metering.types import Usage
from gateway.reconcile.ours import booked
from gateway.reconcile.pages import DAY_S, add_page
from gateway.reconcile.reconcile import reconcile
from gateway.reconcile.types import Bill, Reconciled
from gateway.simulator import admin
from gateway.simulator.bill import Row
from gateway.simulator.prices import charge, charged
from gateway.simulator.provider import Call
from tests.gateway.metering.records import book, intent, settlement

DAY = 20_781
"""2026-11-24."""
NOON = DAY * DAY_S + DAY_S // 2
BOOK = PriceBook.load(())
KEYS = {"openai": "key_a", "anthropic": "key_b"}
_PATHS = {
    "/v1/organization/usage/completions": ("api_key_id", "model", "service_tier"),
    "/v1/organization/costs": ("api_key_id", "line_item"),
    "/v1/organizations/usage_report/messages": ("api_key_id", "model", "service_tier"),
    "/v1/organizations/cost_report": ("description",),
}
_USAGE = [
    ("gpt-6.1-sol", {"input_uncached": 1000, "cache_read": 50_000, "cache_write_30m": 4000, "output": 700, "reasoning": 300}),
    ("gpt-6-luna", {"input_uncached": 90_000, "output": 4000}),
    ("claude-opus-5-5", {"input_uncached": 20, "cache_read": 80_000, "cache_write_5m": 3000, "output": 900}),
]


class Books:
    """Three days of ten requests for each of three models, on the bill and in the ledger alike."""

    def __init__(self) -> None:
        self.billed: dict[str, Row] = {}
        self.settled: dict[str, dict[str, Any]] = {}
        for day in range(3):
            for number in range(10):
                for model, kinds in _USAGE:
                    at = NOON + (day - 2) * DAY_S + number * 600
                    self.add(f"{day}-{number}-{model}", model, {kind: tokens + number for kind, tokens in kinds.items()}, at)

    def add(self, name: str, model: str, kinds: dict[str, int], at: float) -> None:
        provider = "anthropic" if model.startswith("claude") else "openai"
        self.billed[name] = Row(
            id=name, key=KEYS[provider].removeprefix("key_"), model=model, endpoint="chat", kinds=kinds,
            picos=charge(model, kinds), by_kind=charged(model, kinds), reported=True, outcome="finished", at=at, request_id=name,
        )  # fmt: skip
        self.settled[name] = {"model": model, "kinds": kinds, "at": at, "upstream": provider, "provider": provider}

    def on_bill(self, name: str, **changes: Any) -> None:
        self.billed[name] = replace(self.billed[name], **changes)

    def ledger(self, folder: Path) -> Ledger:
        intents, settlements = [], []
        for name, said in self.settled.items():
            priced = BOOK.price(Usage(kinds=said["kinds"]), said["provider"], said["model"], said["at"])
            usual = {"served": said["model"], "picos": priced.picos, "by_kind": dict(priced.by_kind)}
            intents.append(intent(name, at=said["at"] - 1))
            settlements.append(settlement(name, **{**usual, **said}))
        with closing(connect(folder / "ledger.db")) as connection:
            book(connection, "w", intents, settlements)
        return Ledger(folder / "ledger.db")

    def pages(self, **more: str) -> list[Any]:
        """What the simulator's admin APIs answer."""
        provider = SimpleNamespace(bill=SimpleNamespace(rows=list(self.billed.values())))
        told = []
        for path, groups in _PATHS.items():
            start = {"starting_at": "2026-11-20T00:00:00Z", "ending_at": "2026-11-27T00:00:00Z"}
            bounds = start if "organizations" in path else {
                "start_time": str((DAY - 4) * DAY_S), "end_time": str((DAY + 3) * DAY_S)}  # fmt: skip
            query = urlencode([*bounds.items(), *(("group_by[]", name) for name in groups), *more.items()])
            told.append(json.loads(json.dumps(admin.report(provider, Call("GET", path, query.encode(), {}, b"")))))
        return told

    def reconciled(self, folder: Path) -> Reconciled:
        bill = Bill(used={}, costs=[], usage_days=set(), cost_days=set())
        for page in self.pages():
            add_page(bill, page)
        return reconcile(bill, booked(self.ledger(folder), DAY - 10, DAY + 10, KEYS))


def causes(found: Reconciled) -> dict[str, tuple[int, int]]:
    """Tokens and micro-dollars by cause."""
    sums: dict[str, tuple[int, int]] = {}
    for gap in found.gaps:
        for part in gap.parts:
            tokens, micros = sums.get(part.cause, (0, 0))
            sums[part.cause] = (tokens + part.tokens, micros + round((part.picos or 0) / 10**6))
    return sums
