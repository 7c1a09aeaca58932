"""A home's name: drawn once, whoever asks first, and needed by nobody who has a file to himself."""

import stat
import threading

from gateway.metering.ledger_home import FILE, names_of, offsets
from gateway.metering.ledger_postgres import Database

DATABASE = Database.parse("postgresql://me@localhost/books")


def test_a_file_of_the_home_needs_no_name(tmp_path):
    assert names_of(tmp_path / "journal", tmp_path / "ledger.db") == ""
    assert list(tmp_path.iterdir()) == []
    assert offsets([("worker-1.1.jsonl", 7)], "") == {"worker-1.1.jsonl": 7}


def test_it_is_drawn_once(tmp_path):
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(names_of(tmp_path / "one", DATABASE))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8
    assert names_of(tmp_path / "two", DATABASE) != found[0]
    assert [path.name for path in (tmp_path / "one").iterdir()] == [FILE]
    assert stat.S_IMODE((tmp_path / "one" / FILE).stat().st_mode) == 0o600


def test_offsets_of_others_are_nobodys_business():
    assert offsets([("a1/w.1.jsonl", 1), ("a2/w.1.jsonl", 2), ("w.1.jsonl", 3)], "a2/") == {"w.1.jsonl": 2}
