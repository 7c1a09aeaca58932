"""The roll call waits for those who can answer, and not for long."""

import asyncio
import time

from gateway.workers.roll_call import ANSWER_S, RollCall


class Worker:
    """Answers after a while, or never; `gone` it hangs up instead."""

    def __init__(self, call, column, after_s=0.0, ready=True, gone=False):
        self.call, self.column, self.after_s, self.ready, self.gone = call, column, after_s, ready, gone

    def say(self, message):
        loop = asyncio.get_running_loop()
        if self.gone:
            loop.call_later(self.after_s, self.call.gone, self.column)
        else:
            loop.call_later(self.after_s, self.call.answered, message.number, self.column)


def took(*workers, call, times=1):
    async def run():
        began = time.monotonic()
        await asyncio.gather(*(call.hold(workers) for _ in range(times)))
        return time.monotonic() - began

    return asyncio.run(run())


def test_it_is_over_when_all_have_answered():
    call = RollCall()
    assert took(Worker(call, 0), Worker(call, 1, 0.02), Worker(call, 2, ready=False, after_s=9), call=call) < ANSWER_S / 2
    assert took(call=call) < ANSWER_S / 2
    assert took(Worker(call, 0), Worker(call, 1, 0.02), call=call, times=3) < ANSWER_S / 2


def test_it_does_not_wait_for_one_that_is_gone():
    call = RollCall()
    assert took(Worker(call, 0), Worker(call, 1, 0.02, gone=True), call=call) < ANSWER_S / 2


def test_it_does_not_wait_long_for_one_that_is_silent():
    call = RollCall()
    assert ANSWER_S * 0.9 < took(Worker(call, 0), Worker(call, 1, 9.0), call=call) < ANSWER_S * 3


def test_a_report_that_nobody_asked_for_is_no_answer():
    call = RollCall()
    call.answered(0, 1)
    call.answered(99, 1)
    call.gone(1)
