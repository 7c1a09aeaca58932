"""One file for many processes: nothing counted twice or lost, whoever dies or whatever the disk does."""

import json
import multiprocessing
import os
import resource
import signal
import time
from pathlib import Path

import pytest

from cache.curve import FLOOR, WHOLE
from cache.survival import Survival, Where
from cache.survival_file import SurvivalFile

HERE = Where(family="f", granted_s=300.0, kin="k", model="m", account="a", look="intact", turn="tool", standing="large")
RATE = ("prompt", "intact")
NOW = 1e9


def counted(survival: Survival, times: int, model: str = "m") -> None:
    where = Where(**{**{name: getattr(HERE, name) for name in HERE.__struct_fields__}, "model": model})
    for _ in range(times):
        survival.observe(where, 10.0, 300.0, 300.0, WHOLE, NOW)


def synced(file: SurvivalFile, survival: Survival) -> None:
    brought = file.brought(survival)
    known = file.merged(brought, survival.half_life_s)
    assert known is not None
    file.take(survival, known, brought)


def test_two_processes_know_what_both_counted(tmp_path: Path) -> None:
    one, other = Survival(), Survival()
    first, second = SurvivalFile(tmp_path / "l.json"), SurvivalFile(tmp_path / "l.json")
    counted(one, 10)
    counted(other, 5)
    for _ in range(3):
        synced(first, one)
        synced(second, other)
    synced(first, one)
    assert one.curves[RATE].counts[WHOLE] == pytest.approx(15.0, abs=0.01)
    assert other.curves[RATE].counts[WHOLE] == pytest.approx(15.0, abs=0.01)
    again = Survival()
    SurvivalFile(tmp_path / "l.json").load(again)
    assert again.curves[RATE].counts[WHOLE] == pytest.approx(15.0, abs=0.01)
    assert again.chances(HERE, 10.0, 300.0, 300.0)[0][WHOLE] > 0.95


def test_what_is_counted_while_the_disk_is_busy_is_kept(tmp_path: Path) -> None:
    survival, file = Survival(), SurvivalFile(tmp_path / "l.json")
    counted(survival, 4)
    brought = file.brought(survival)
    known = file.merged(brought, survival.half_life_s)
    counted(survival, 3)
    assert known is not None
    file.take(survival, known, brought)
    assert survival.curves[RATE].counts[WHOLE] == pytest.approx(7.0, abs=0.01)
    synced(file, survival)
    assert file._read()[RATE].counts[WHOLE] == pytest.approx(7.0, abs=0.01)


def test_age_fades_what_the_file_holds(tmp_path: Path) -> None:
    survival, file = Survival(), SurvivalFile(tmp_path / "l.json")
    counted(survival, 8)
    synced(file, survival)
    later = Survival()
    file.load(later)
    later.observe(HERE, 10.0, 300.0, 300.0, FLOOR, NOW + later.half_life_s)
    assert later.curves[RATE].counts[WHOLE] == pytest.approx(4.0, abs=0.05)


def test_doubt_reaches_the_file(tmp_path: Path) -> None:
    survival, file = Survival(), SurvivalFile(tmp_path / "l.json")
    counted(survival, 100)
    synced(file, survival)
    survival._doubt(HERE)
    synced(file, survival)
    again = Survival()
    file.load(again)
    curve = again.curves["time", "f", "300"]
    assert sum(curve.counts) == pytest.approx(10.0, abs=0.1)
    assert curve.trust == pytest.approx(0.1)


def seen(survival: Survival, *gaps_s: float) -> None:
    """A cache that ends after 660 seconds, where its vendor promises nothing."""
    for gap_s in gaps_s:
        survival.observe(HERE, gap_s, 0.0, None, WHOLE if gap_s <= 660 else FLOOR, NOW)


def kept(survival: Survival, gap_s: float) -> float:
    return survival.foretold(HERE, gap_s, 0.0, None)[0][WHOLE]


def test_an_end_within_a_bin_is_found_by_all_processes_and_again_after_a_restart(tmp_path: Path) -> None:
    gaps = [620.0 + 80 * (number % 2) + number for number in range(24)]
    one, other = Survival(), Survival()
    first, second = SurvivalFile(tmp_path / "l.json"), SurvivalFile(tmp_path / "l.json")
    for pair in zip(gaps[:12:2], gaps[1:12:2], strict=True):
        seen(one, *pair)
    for pair in zip(gaps[12::2], gaps[13::2], strict=True):
        seen(other, *pair)
    for _ in range(2):
        synced(first, one)
        synced(second, other)
    again = Survival()
    SurvivalFile(tmp_path / "l.json").load(again)
    for survival in (one, other, again):
        assert kept(survival, 640.0) > 0.9
        assert kept(survival, 700.0) < 0.1


def test_what_was_seen_while_the_disk_was_busy_or_failed_is_brought_later_and_once(tmp_path: Path) -> None:
    survival, file = Survival(), SurvivalFile(tmp_path / "l.json")
    seen(survival, 620.0, 701.0)
    file.brought(survival)  # and could not be written
    brought = file.brought(survival)
    known = file.merged(brought, survival.half_life_s)
    seen(survival, 622.0, 703.0, 624.0)
    assert known is not None
    file.take(survival, known, brought)
    for _ in range(2):
        synced(file, survival)
    end = next(kept for path, kept in file._read().items() if path[0] == "end")
    assert end.counts == [-701.0, 622.0, -703.0, 624.0]  # nothing had been foretold before the first


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version":1,"curves":{"time\\u001ff":{"at":1,"counts":[1]}}}', '{"version":9,"curves":{}}',
     '{"version":1,"curves":{"prompt\\u001fx":{"at":1,"counts":[1,-1,0,0]}}}'],
)  # fmt: skip
def test_other_files_are_passed_over_and_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "l.json"
    path.write_text(text)
    survival, file = Survival(), SurvivalFile(path)
    file.load(survival)
    assert not survival.curves
    counted(survival, 3)
    synced(file, survival)
    assert json.loads(path.read_text())["version"] == 1
    assert path.stat().st_mode & 0o777 == 0o600


def _adding(path: Path, model: str, rounds: int) -> None:
    survival, file = Survival(), SurvivalFile(path)
    for _ in range(rounds):
        counted(survival, 1, model)
        synced(file, survival)


def test_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "l.json"
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_adding, args=(path, f"m{number}", 40)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(50)
        assert worker.exitcode == 0
    assert SurvivalFile(path)._read()[RATE].counts[WHOLE] == pytest.approx(120.0, abs=0.05)


def test_a_kill_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "l.json"
    spawn = multiprocessing.get_context("spawn")
    for _ in range(3):
        worker = spawn.Process(target=_adding, args=(path, "m", 100_000))
        worker.start()
        deadline = time.monotonic() + 20
        before = path.stat().st_mtime_ns if path.exists() else 0
        while (not path.exists() or path.stat().st_mtime_ns == before) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join(20)
        file = SurvivalFile(path)
        assert file._read()[RATE].counts[WHOLE] >= 1.0
        assert not file.errors
        _adding(path, "m", 1)  # the dead one's lock is free


def _writing_on_a_full_disk(path: Path) -> None:
    survival, file = Survival(), SurvivalFile(path)
    file.load(survival)
    counted(survival, 5)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
    assert file.merged(file.brought(survival), survival.half_life_s) is None
    assert file.errors == 1
    assert survival.curves[RATE].counts[WHOLE] == pytest.approx(8.0, abs=0.01), "nothing that was counted is forgotten"


def test_a_full_disk_costs_the_file_nothing(tmp_path: Path) -> None:
    path = tmp_path / "l.json"
    _adding(path, "m", 3)
    worker = multiprocessing.get_context("spawn").Process(target=_writing_on_a_full_disk, args=(path,))
    worker.start()
    worker.join(50)
    assert worker.exitcode == 0
    assert SurvivalFile(path)._read()[RATE].counts[WHOLE] == pytest.approx(3.0, abs=0.01)
    assert [each.name for each in tmp_path.iterdir() if each.suffix not in (".json", ".lock")] == []
