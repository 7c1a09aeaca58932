"""A segment takes records until it is full, and a disk without room is an error before anything is written."""

import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from gateway.metering.journal_segment import JournalError, Mapped, Plain, create


@pytest.fixture
def small_disk():
    """Files of this process may not grow beyond 5,000 bytes."""
    old_signal = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    old_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, old_limit[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
    signal.signal(signal.SIGXFSZ, old_signal)


def test_what_is_written_is_there_at_once_and_no_more(tmp_path):
    path = tmp_path / "s"
    segment = create(path, 4096)
    assert isinstance(segment, Mapped)
    assert segment.write(b"one\n")
    assert segment.write(b"two\n")
    assert path.read_bytes() == b"one\ntwo\n" + bytes(4096 - 8)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    segment.close()
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_full_segment_says_so(tmp_path):
    segment = create(tmp_path / "s", 10)
    assert segment.write(b"12345678\n")
    assert not segment.write(b"9\n")
    assert segment.write(b"\n")
    segment.close()
    assert (tmp_path / "s").read_bytes() == b"12345678\n\n"


def test_a_record_larger_than_a_segment_has_a_file_to_itself(tmp_path):
    segment = create(tmp_path / "s", 10, first_bytes=21)
    assert isinstance(segment, Plain)
    assert segment.write(b"x" * 20 + b"\n")
    assert not segment.write(b"y\n")
    segment.close()
    assert (tmp_path / "s").stat().st_size == 21


def test_without_room_for_a_whole_segment_each_record_is_written_by_itself(tmp_path, small_disk):
    path = tmp_path / "s"
    segment = create(path, 100_000)
    assert isinstance(segment, Plain)
    line = b"x" * 1999 + b"\n"
    assert segment.write(line)
    assert segment.write(line)
    for _ in range(2):
        with pytest.raises(JournalError):
            segment.write(line)
    assert path.stat().st_size == 5000
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit[1], limit[1]))
    assert segment.write(b"after\n")
    segment.close()
    assert path.read_bytes() == line + line + b"x" * 1000 + b"\nafter\n"


def test_a_folder_that_is_gone_is_an_error_by_name(tmp_path):
    with pytest.raises(JournalError, match="cannot begin a file"):
        create(tmp_path / "nowhere" / "s", 100)


def test_no_file_stays_open(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    create(tmp_path / "a", 100).close()
    create(tmp_path / "b", 100, first_bytes=200).close()
    assert len(os.listdir("/proc/self/fd")) == before


def resident_kb(path) -> int:
    """Memory that the mapping of a file takes of this process."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    for line in lines:
        if line.endswith(str(path)):
            return next(int(each.split()[1]) for each in lines if each.startswith("Rss:"))
    return 0


def test_what_is_written_takes_no_memory_for_long(tmp_path):
    path = tmp_path / "s"
    segment = create(path, 12 << 20)
    lines = [b"%07d" % number + b"x" * 992 + b"\n" for number in range(10_000)]
    for line in lines:
        assert segment.write(line)
    assert 0 < resident_kb(path) < 3 << 10
    assert path.read_bytes()[: 10_000_000] == b"".join(lines)
    segment.close()
    assert path.read_bytes() == b"".join(lines)
