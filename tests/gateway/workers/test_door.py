"""The door hands each connection to whoever holds the fewest, and loses none while nobody can take one."""

import asyncio
import contextlib
import socket

import pytest

from gateway.commands.listen import listen
from gateway.workers.door import Door


class Taker:
    """Stands for a worker: says yes or no, and keeps what it was given."""

    def __init__(self):
        self.takes, self.room, self.given = True, 1000, []
        self.closed = 0

    @property
    def open_connections(self):
        return len(self.given) - self.closed

    def hand(self, wire):
        if len(self.given) >= self.room:
            return False
        self.given.append(wire.dup())
        return True


@pytest.fixture
def takers():
    made = [Taker() for _ in range(4)]
    yield made
    for wire in (wire for each in made for wire in each.given):
        wire.close()


@contextlib.contextmanager
def callers(listener, count):
    wires = [socket.create_connection(listener.getsockname()) for _ in range(count)]
    yield wires
    for wire in wires:
        wire.close()


def through(takers, count, meanwhile=lambda: None, passes=20):
    async def run():
        listener = listen("127.0.0.1", 0)
        door = Door(listener, lambda: takers)
        door.open()
        with callers(listener, count):
            for _ in range(passes):
                await asyncio.sleep(0.01)
                meanwhile()
        door.close()

    asyncio.run(run())
    return [len(each.given) for each in takers]


@pytest.mark.parametrize("count", [16, 64, 200])
def test_each_gets_as_many(takers, count):
    assert through(takers, count) == [count // 4] * 4


def test_who_holds_fewest_comes_first(takers):
    held = [socket.socket() for _ in range(9)]
    takers[0].given, takers[1].given, takers[2].given, takers[3].given = held[:5], held[5:8], [], held[8:]
    assert through(takers, 8) == [5, 4, 4, 4]


def test_who_is_not_ready_or_leaves_gets_none(takers):
    takers[1].takes = False
    given = through(takers, 9)
    assert given == [3, 0, 3, 3]


def test_who_is_full_is_passed_over(takers):
    takers[0].room = 1
    assert through(takers, 10) == [1, 3, 3, 3]


def test_callers_wait_while_nobody_takes_them(takers):
    for each in takers:
        each.takes = False
    turns = iter(range(100))

    def later():
        if next(turns) == 10:
            assert [len(each.given) for each in takers] == [0] * 4
            for each in takers:
                each.takes = True

    assert through(takers, 8, later, passes=40) == [2] * 4


def test_one_who_waits_is_let_go_when_the_door_closes(takers):
    for each in takers:
        each.takes = False
    assert through(takers, 3) == [0] * 4


def test_descriptors_that_run_out_are_waited_for(takers, monkeypatch):
    accept, tries = socket.socket.accept, iter(range(1000))

    def failing(self):
        if next(tries) < 3:
            raise OSError(24, "too many open files")
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", failing)
    assert through(takers, 8, passes=40) == [2] * 4
