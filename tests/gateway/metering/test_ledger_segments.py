"""Reading segments: whole records only, in order, and nothing waits for a line that will not end."""

from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.metering import ledger_segments
from gateway.metering.journal import Journal, number_of
from gateway.metering.ledger_segments import Segment, journals, read, segments, waiting_bytes
from tests.gateway.metering.records import intent, settlement


def a_segment(folder: Path, content: bytes, last: bool = True) -> Segment:
    path = folder / "worker-1.00000001.jsonl"
    path.write_bytes(content)
    return Segment(path=path, journal="worker-1", last=last)


def line(id_: str) -> bytes:
    return b"[null,%b]\n" % msgspec.json.encode(settlement(id_))


def ids(entries) -> list[str]:
    return [entry.settlement.id for entry in entries]


def test_segments_come_in_the_order_they_were_written(tmp_path):
    for name in ("worker-12", "worker-2", "a.b"):
        journal = Journal.open(tmp_path, name, segment_bytes=1)
        for number in range(11):
            journal.intent(intent(str(number)))
        journal.close()
    (tmp_path / "notes.txt").write_text("nobody's")
    found = segments(tmp_path)
    assert journals(found) == ["a.b", "worker-12", "worker-2"]
    for name in journals(found):
        own = [each for each in found if each.journal == name]
        numbers = [number_of(each.path) for each in own]
        assert numbers == list(range(numbers[0], numbers[0] + len(own)))
        assert [each.last for each in own] == [False] * (len(own) - 1) + [True]
        written = [entry.intent.id for each in own for entry in read(each, 0, True).entries]
        assert written == [str(number) for number in range(11)]
    assert segments(tmp_path / "nowhere") == []


def test_a_segment_that_is_gone_holds_nothing_up(tmp_path):
    a_segment(tmp_path, line("a")).path.unlink()
    assert waiting_bytes(tmp_path, {}) == 0


def test_what_waits_is_what_is_written_whole_and_not_booked(tmp_path):
    size = len(line("a"))
    segment = a_segment(tmp_path, line("a") + line("b") + line("c")[:40] + bytes(100_000))
    assert waiting_bytes(tmp_path, {}) == 2 * size
    assert waiting_bytes(tmp_path, {segment.name: size}) == size
    assert waiting_bytes(tmp_path, {segment.name: 2 * size}) == 0


def test_nothing_is_read_beyond_what_is_written(tmp_path):
    found = read(a_segment(tmp_path, line("a") + line("b")[:40] + bytes(5000)), 0, ended=False)
    assert (ids(found.entries), found.used, found.torn, found.more) == (["a"], len(line("a")), 0, False)


def test_holes_of_a_writer_that_is_gone_are_passed_over(tmp_path):
    content = line("a") + bytes(3000) + line("b") + line("c")[:40] + bytes(9000)
    found = read(a_segment(tmp_path, content), 0, ended=True)
    assert (ids(found.entries), found.used, found.torn) == (["a", "b"], len(content), 1)


def test_an_unfinished_line_waits_for_its_writer(tmp_path):
    half = line("b")[:40]
    found = read(a_segment(tmp_path, line("a") + half), 0, ended=False)
    assert (ids(found.entries), found.used, found.torn) == (["a"], len(line("a")), 0)
    found = read(a_segment(tmp_path, half), 0, ended=False)
    assert (found.entries, found.used) == ([], 0)


def test_when_the_writer_is_gone_it_is_a_line(tmp_path):
    torn = read(a_segment(tmp_path, line("a") + line("b")[:40]), 0, ended=True)
    assert (ids(torn.entries), torn.used, torn.torn) == (["a"], len(line("a")) + 40, 1)
    whole = read(a_segment(tmp_path, line("a") + line("b")[:-1]), 0, ended=True)
    assert (ids(whole.entries), whole.used, whole.torn) == (["a", "b"], 2 * len(line("a")) - 1, 0)
    assert read(a_segment(tmp_path, line("a")), len(line("a")), ended=True).used == 0


def test_a_line_without_end_is_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger_segments, "READ_BYTES", 2000)
    segment = a_segment(tmp_path, b"x" * 5000 + b"\n" + line("a"))
    found, offset, torn = [], 0, 0
    while (part := read(segment, offset, ended=False)).used:
        found += ids(part.entries)
        offset += part.used
        torn += part.torn
    assert (found, offset, torn) == (["a"], segment.path.stat().st_size, 3)


@given(
    st.lists(st.one_of(st.binary(max_size=30), st.sampled_from(["a", "b", "c"]).map(line)), max_size=20),
    st.integers(700, 3000),
)
def test_every_record_is_read_once_whatever_lies_between(tmp_path_factory, parts, size):
    folder = tmp_path_factory.mktemp("segments")
    content = b"".join(part if part.endswith(b"\n") else part + b"\n" for part in parts)
    meant = [part for part in content.split(b"\n") if part.startswith(b'[null,["')]
    segment = a_segment(folder, content + b'{"settlem')
    expected = len(content) + 9
    original = ledger_segments.READ_BYTES
    ledger_segments.READ_BYTES = size
    try:
        found, offset = [], 0
        while (part := read(segment, offset, ended=True)).used:
            found += part.entries
            offset += part.used
    finally:
        ledger_segments.READ_BYTES = original
    assert offset == expected
    assert [entry.settlement.id for entry in found if entry.settlement] == [each[8:9].decode() for each in meant]
