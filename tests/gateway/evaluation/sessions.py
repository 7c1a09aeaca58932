"""A small file of sessions in the form of the public traces."""

import json
from pathlib import Path


def row(at: float, kind: str, blocks: str, tokens: int, agent: str = "") -> dict:
    return {"t": at, "a": agent, "m": "m", "k": "n", "in": tokens, "out": 100, "it": kind, "st": "end_turn", "nb": 1, "ids": blocks}


def written(folder: Path, turns: int = 6, gap_s: float = 60.0) -> Path:
    """One session of so many turns with two requests each; its prompt grows by ten blocks a request."""
    rows = [row(0.5, "text", "9000+3", 192, agent="side")]
    for number in range(2 * turns):
        kind = "text" if number % 2 == 0 else "tool_result"
        size = 1500 + 10 * number
        rows.append(row(number // 2 * gap_s + number % 2 * 5, kind, f"1+{size}", 64 * size))
    path = folder / "sessions.jsonl"
    path.write_text(json.dumps({"trace": "t1", "bs": 64, "tool": 1, "sys": 1, "rows": rows}) + "\n")
    return path
