"""Sessions in the form of the public traces, made up: they grow, pause, lose their last block, are cut short, have helpers."""

import json
from pathlib import Path
from random import Random

LEAD = 40
"""Blocks of tools and system prompt."""
PAUSES = (5.0, 20.0, 90.0, 200.0, 340.0, 500.0, 640.0, 690.0, 800.0, 1500.0, 2500.0, 4000.0, 8000.0)
WEIGHTS = (30, 30, 20, 8, 3, 2, 2, 2, 2, 2, 2, 2, 1)


def rows(luck: Random, calls: int) -> list[dict]:
    """One session's requests."""
    at, path, unit, made = 0.0, list(range(1, LEAD + 60)), 10_000, []
    for _ in range(calls):
        at += luck.choices(PAUSES, WEIGHTS)[0] * luck.uniform(0.98, 1.02)
        kind = luck.random()
        if kind < 0.04:
            path = path[:-1]
        elif kind < 0.06:
            path = path[: LEAD + 2]
        grown = luck.randrange(2, 20)
        path = path + list(range(unit, unit + grown))
        unit += grown
        made.append(row(at, path, "text" if kind > 0.8 else "tool_result"))
        if kind > 0.97:
            made.append(row(at + 1, [*range(50_000, 50_090)], "text", agent="helper"))
    return made


def row(at: float, path: list[int], kind: str, agent: str = "", model: str = "opus-4.5") -> dict:
    return {"t": at, "a": agent, "m": model, "k": "s", "in": 64 * len(path) + 7, "out": 100, "api": 3.0, "it": kind,
            "st": "tool_use", "nb": len(path), "ids": packed(path)}  # fmt: skip


def packed(path: list[int]) -> str:
    """Block ids as runs."""
    runs: list[list[int]] = []
    for block in path:
        if runs and block == runs[-1][0] + runs[-1][1]:
            runs[-1][1] += 1
        else:
            runs.append([block, 1])
    return ",".join(f"{first}+{count}" for first, count in runs)


def session(name: str, requests: list[dict]) -> dict:
    return {"trace": name, "bs": 64, "tool": 64 * 30, "sys": 64 * 10, "rows": requests}


def written(folder: Path, sessions: int, calls: int, seed: int = 1) -> Path:
    """A file of so many sessions."""
    luck = Random(seed)
    path = folder / "recorded.jsonl"
    told = [session(f"s{number}", rows(luck, calls)) for number in range(sessions)]
    path.write_text("".join(json.dumps(each) + "\n" for each in told))
    return path
