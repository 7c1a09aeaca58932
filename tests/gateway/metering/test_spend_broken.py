"""Findings add up by client, team and breaker; what is not known is counted apart."""

import sqlite3

from gateway.metering.ledger import Ledger, connect
from gateway.metering.spend_broken import broken


def test_the_dearest_comes_first(tmp_path):
    path = tmp_path / "ledger.db"
    connect(path).close()
    rows = [
        ("1", "a", "opencode", "t1", "date_in_system", 300), ("2", "a", "opencode", "t2", "date_in_system", 200),
        ("3", "a", "opencode", "t2", "date_in_system", None), ("4", "b", "codex", "t3", "tools_reordered", 900),
        ("5", "b", "codex", "t3", "", 5_000), ("6", "b", "codex", "t3", "reasoning_dropped", 0),
    ]  # fmt: skip
    with sqlite3.connect(path) as ledger:
        columns = [row[1:4:2] for row in ledger.execute("PRAGMA table_info(requests)").fetchall()]
        needed = {name: "" for name, required in columns if required} | {"at": 1.0, "stream": 0, "bytes_in": 0}
        for id_, team, client, thread, word, picos in rows:
            row = {**needed, "id": id_, "team": team, "client": client, "thread": thread, "breaker": word,
                   "wasted_picos": picos, "settled_at": 10.0}  # fmt: skip
            row = {name: value for name, value in row.items() if value != "" or name not in _DEFAULTED}
            ledger.execute(f"INSERT INTO requests ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    ledger.close()
    opened = Ledger.existing(path)
    found = broken(opened, 0.0)
    assert [(each.client, each.breaker, each.requests, each.threads, each.picos, each.unpriced, each.example) for each in found] == [
        ("codex", "tools_reordered", 1, 1, 900, 0, "4"),
        ("opencode", "date_in_system", 3, 2, 500, 1, "3"),
    ]
    assert [each.team for each in broken(opened, 0.0, "a")] == ["a"]
    assert broken(opened, 11.0) == []
    opened.close()


_DEFAULTED = frozenset(
    ("fee_picos", "known_tokens", "input_uncached", "cache_read", "cache_write_5m", "cache_write_30m", "cache_write_1h",
     "cache_write_12h", "output", "reasoning", "input_audio", "output_audio", "input_image", "output_image")
)  # fmt: skip
