"""The board: what one process lays down another reads whole, or not at all."""

import mmap
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.board import WAYS, Board, tag_of

ROOT = Path(__file__).parents[2]
BUCKETS, SLOT = 16, 128


@pytest.fixture
def memory():
    with mmap.mmap(-1, Board.size(BUCKETS, SLOT)) as made:
        yield made


@pytest.fixture
def board(memory):
    return Board(memory, BUCKETS, SLOT)


def test_what_was_laid_down_is_found_by_another(board, memory):
    mark = board.put(7, b"seven", 1.0)
    other = Board(memory, BUCKETS, SLOT)
    assert other.get(7) == b"seven"
    assert other.mark(7) == mark
    assert other.written_at(7) == 1.0
    assert (other.get(8), other.mark(8), other.written_at(8)) == (None, None, 0.0)


def test_a_mark_stands_until_another_value_comes(board, memory):
    mark = board.put(7, b"seven", 1.0)
    other = Board(memory, BUCKETS, SLOT)
    assert other.stands(mark)
    again = other.put(7, b"eight", 2.0)
    assert not board.stands(mark)
    assert board.stands(again)
    assert board.put(7, bytes(SLOT), 3.0) is None
    assert not board.stands(again)
    assert board.mark(7) is None


def test_the_newer_stays(board):
    board.put(7, b"newer", 2.0)
    assert board.put(7, b"older", 1.0) is None
    assert board.get(7) == b"newer"
    assert board.put(7, b"as new", 2.0)
    assert board.get(7) == b"as new"


def test_the_oldest_makes_room(board):
    tags = [3 + BUCKETS * number for number in range(WAYS + 1)]
    for at, tag in enumerate(tags):
        board.put(tag, b"%d" % tag, float(at))
    assert board.get(tags[0]) is None
    assert [board.get(tag) for tag in tags[1:]] == [b"%d" % tag for tag in tags[1:]]


def test_what_is_too_long_takes_the_one_before_away(board):
    board.put(7, b"short", 1.0)
    assert board.put(7, bytes(SLOT), 2.0) is None
    assert board.get(7) is None
    assert board.put(7, b"short again", 3.0)
    assert board.get(7) == b"short again"
    assert board.put(8, bytes(board.value_bytes_max), 1.0)
    assert board.put(8, bytes(board.value_bytes_max + 1), 1.0) is None


@given(st.integers(0, Board.size(BUCKETS, SLOT) - 1), st.binary(min_size=1, max_size=40))
def test_whatever_is_damaged_is_absent_or_whole(at, junk):
    """No byte pattern makes a value that was never laid down, and a torn slot can be written again."""
    with mmap.mmap(-1, Board.size(BUCKETS, SLOT)) as memory:
        board = Board(memory, BUCKETS, SLOT)
        laid = {tag: b"value of %d" % tag for tag in range(1, 20)}
        for tag, value in laid.items():
            board.put(tag, value, 1.0)
        junk = junk[: len(memory) - at]
        memory[at : at + len(junk)] = junk
        for tag, value in laid.items():
            assert board.get(tag) in (None, value)
            board.written_at(tag)
            board.put(tag, b"again", 2.0)
            assert board.get(tag) == b"again"


WRITE = """
import mmap, sys, time
from cache.board import Board
with open(sys.argv[1], "r+b") as file:
    board = Board(mmap.mmap(file.fileno(), 0), 16, 4096)
until = time.monotonic() + 1.5
number = int(sys.argv[2])
while time.monotonic() < until:
    number += 2
    board.put(5, b"%d " % number * 400, float(number))
"""


def test_two_writers_and_a_reader_never_make_a_mixture(tmp_path):
    file = tmp_path / "memory"
    file.write_bytes(bytes(Board.size(16, 4096)))
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE, str(file), str(number)], env={"PYTHONPATH": str(ROOT)})
        for number in (1, 2)
    ]
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as memory:
        board = Board(memory, 16, 4096)
        seen = set()
        while any(writer.poll() is None for writer in writers):
            value = board.get(5)
            if value is not None:
                numbers = set(value.split())
                assert len(numbers) == 1
                seen |= numbers
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(seen) > 10  # it read while they wrote


def test_tags_depend_on_the_secret_and_are_never_zero():
    assert tag_of(b"name", 1) != tag_of(b"name", 2)
    assert all(tag_of(random.randbytes(8), 0) for _ in range(1000))


def test_looking_and_laying_down_take_microseconds(board):
    value = bytes(90)
    best = 1.0
    for _ in range(20):
        began = time.perf_counter()
        for number in range(1000):
            board.put(7, value, float(number))
            board.mark(7)
        best = min(best, (time.perf_counter() - began) / 1000)
        board.put(7, bytes(200), 2000.0)
    assert best < 12e-6, f"{best * 1e6:.1f} µs"  # 2.2 µs were measured
