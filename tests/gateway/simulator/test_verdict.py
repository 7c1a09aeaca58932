"""A verdict shows its kinds without zeroes."""

from gateway.simulator import read_chat
from gateway.simulator.verdict import Verdict, totals


def test_kinds_leave_zeroes_out():
    assert Verdict(3, 0, {"cache_write_5m": 4, "cache_write_1h": 0}).kinds == {"input_uncached": 3, "cache_write_5m": 4}
    assert Verdict(0, 5).kinds == {"cache_read": 5}


def test_totals_end_at_the_whole():
    turns = [{"role": "user", "content": "x" * size} for size in (5, 50, 500)]
    prompt = read_chat.read({"model": "m", "messages": turns})
    sums = totals(prompt)
    assert sums[-1] == prompt.total_tokens
    assert [one.tokens for one in prompt.blocks] == [sums[0], sums[1] - sums[0], sums[2] - sums[1]]
