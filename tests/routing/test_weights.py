"""Weights as files: readable, small, the same bytes again, read quickly."""

import time
from pathlib import Path

from routing import weights as module
from routing.grams import NAMES
from routing.weights import FOLDER, Scored, Weights, read, write

STEPS = 127
SIZE_MAX = 4_000_000


def test_there_and_back(tmp_path: Path) -> None:
    tables = {name: {} for name in NAMES}
    tables |= {"word": {b"poem": -9, b"regex": 12, "\u00fcber".encode(): 3}, "pair": {b"a b": 2}, "two": {"写函": 5}}
    learned = Weights(score=Scored(0.1, -0.2, dict.fromkeys(NAMES, 0.5), {"fence": 1.0}), grams=tables)
    write(learned, tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert read(tmp_path) == learned
    write(read(tmp_path), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


def test_what_is_shipped() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= SIZE_MAX
    began = time.perf_counter()
    shipped = read(FOLDER)
    assert time.perf_counter() - began < 2.0, "measured at 50 ms; the bound is for a busy machine"
    assert set(shipped.grams) == set(NAMES)
    assert all(0 < abs(weight) <= STEPS for table in shipped.grams.values() for weight in table.values())
    assert {"bias"} & shipped.score.observations.keys() == set()
    assert module.weights() is module.weights()
