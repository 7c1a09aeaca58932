"""What a write has taken is never lost: not by kill -9, not by a full disk, not by a second process."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import asdict

from gateway.metering.journal import Entry, Journal, JournalError, entries, intent_of
from gateway.metering.types import Intent, Settlement

ROOT = Path(__file__).parents[3]


def an_intent(number: int) -> Intent:
    return Intent(
        id=str(number), at=1.0, team="t", user="", client="codex", client_version="", session="", thread="",
        parent="", agent="main", thread_rule="none", endpoint="chat", dialect="chat", model_asked="auto", route="code",
        model="m", upstream="u", provider="openai", source="rule", reason="r", rule="", input_kind="", output_kind="",
        stream=True, bytes_in=1, cache_state="unknown", cache_expected_tokens=None, estimate_picos=None,
    )  # fmt: skip


def a_settlement(number: int) -> Settlement:
    return Settlement(
        id=str(number), at=2.0, outcome="finished", status=200, kinds={"output": 3}, fees={}, picos=7, by_kind={},
        price_status="priced", price_reason="", price_rows=(), exact=True, model="m", upstream="u", provider="openai",
        served="m", tier="", response_id="", attempts=1, ttft_ms=None, duration_ms=1.0, bytes_out=1,
        cache_observed="unknown",
    )  # fmt: skip


def read_back(folder: Path):
    segments = sorted(folder.glob("*.jsonl"))
    found = [entries(path.read_bytes().rstrip(b"\0")) for path in segments]
    return [entry for part, _, _ in found for entry in part], sum(torn for _, _, torn in found)


def test_records_come_back_in_order(tmp_path):
    journal = Journal.open(tmp_path / "j", "w", segment_bytes=2000)
    for number in range(20):
        journal.intent(an_intent(number))
        journal.settle(a_settlement(number))
    journal.close()
    found, torn = read_back(tmp_path / "j")
    assert torn == 0
    assert [entry.intent for entry in found[::2]] == [an_intent(number) for number in range(20)]
    assert [entry.settlement for entry in found[1::2]] == [a_settlement(number) for number in range(20)]
    assert len(list((tmp_path / "j").glob("*.jsonl"))) > 1
    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (tmp_path / "j").iterdir())


def test_a_name_has_one_owner(tmp_path):
    journal = Journal.open(tmp_path, "w")
    with pytest.raises(JournalError):
        Journal.open(tmp_path, "w")
    journal.close()
    Journal.open(tmp_path, "w").close()


def test_lines_with_the_names_of_their_fields_are_read_too():
    """As they were written at first, and as an older ledger keeps what is under way."""
    asked, done = an_intent(1), a_settlement(1)
    lines = [msgspec.json.encode({"intent": asdict(asked)}), msgspec.json.encode({"settlement": asdict(done)})]
    found, _, torn = entries(b"\n".join([*lines, b'{"settlement":{"id":"x"}}', b'{"intent":7}', b""]))
    assert found == [Entry(intent=asked), Entry(settlement=done)]
    assert torn == 2
    assert intent_of(msgspec.json.encode(asdict(asked)).decode()) == asked
    assert intent_of(msgspec.json.encode(asked).decode()) == asked


def test_an_unfinished_line_waits():
    whole = b"[null]\n"
    assert entries(whole + b"[[")[1] == len(whole)
    assert entries(b"nonsense\n" + whole)[2] == 1


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from gateway.metering.journal import Journal, JournalError
from test_journal import a_settlement
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
journal = Journal.open(Path(sys.argv[1]), "w")
refused = 0
for number in range(9):
    try:
        journal.settle(a_settlement(number))
    except JournalError:
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.settle(a_settlement(99))
print(refused)
"""


def run_child(code: str, folder: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.Popen([sys.executable, "-c", code, str(folder), str(ROOT)], stdout=subprocess.PIPE, env=environment)


def test_a_full_disk_spoils_one_record_only(tmp_path):
    child = run_child(FULL_DISK, tmp_path)
    out, _ = child.communicate(timeout=30)
    refused = int(out)
    found, torn = read_back(tmp_path)
    assert refused >= 1
    assert torn == 1
    assert [entry.settlement.id for entry in found] == [str(number) for number in range(9 - refused)] + ["99"]


AS_FAST_AS_IT_CAN = """
import itertools, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from gateway.metering.journal import Journal
from test_journal import a_settlement
journal = Journal.open(Path(sys.argv[1]), "w", segment_bytes=100_000)
for number in itertools.count():
    journal.settle(a_settlement(number))
    os.write(1, b"%d\\n" % number)
"""


@pytest.mark.parametrize("after_s", [0.05, 0.1, 0.2])
def test_kill_minus_nine_loses_nothing(tmp_path, after_s):
    child = run_child(AS_FAST_AS_IT_CAN, tmp_path)
    first = child.stdout.readline()
    time.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    believed = (first + child.stdout.read()).split()
    child.wait()
    child.stdout.close()
    found, _ = read_back(tmp_path)
    ids = [entry.settlement.id for entry in found]
    assert ids == [str(number) for number in range(len(ids))], "nothing lost, nothing doubled"
    assert len(ids) - 1 in (int(believed[-1]), int(believed[-1]) + 1)
