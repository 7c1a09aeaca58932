"""Sums, intervals and shares: by hand where everything is certain."""

import pytest

from gateway.evaluation.policies import OURS, POLICIES, Played
from gateway.evaluation.policies_score import ORACLE, _compared, compare
from gateway.evaluation.policies_trace import MIXES, read_sessions
from gateway.evaluation.policies_world import PAIRS
from gateway.metering.prices import PriceBook
from routing.ahead import SHIPPED
from tests.gateway.evaluation.sessions import written


def row(ours: float, by_kind: float, general: float = 1e12) -> dict[str, Played]:
    found = {name: Played(picos=9e12) for name in POLICIES} | {ORACLE: Played(picos=2e12)}
    return found | {OURS: Played(picos=ours), "by kind": Played(picos=by_kind), "always general": Played(picos=general, broken=1)}


def test_what_breaks_the_rule_is_no_rival():
    told = _compared("p", "m", [[row(3e12, 4e12)]] * 5)
    assert (told.ours_cheapest, told.draws_ours_cheapest) == (1.0, 1)
    line = told.lines[OURS]
    assert (line.usd, line.over_oracle, line.low, line.high) == (15.0, 0.5, 0.5, 0.5)
    assert told.lines["always general"].ours_no_dearer == 0.0
    assert told.lines["always general"].code_turns_on_general == 5


def test_as_dear_is_not_dearer_and_dearer_is():
    assert _compared("p", "m", [[row(4e12, 4e12)]]).ours_cheapest == 1.0
    assert _compared("p", "m", [[row(5e12, 4e12)]]).ours_cheapest == 0.0


def test_shares_say_how_sure_it_is():
    told = _compared("p", "m", [[row(3e12, 4e12)], [row(4.2e12, 4e12)]])
    assert told.draws_ours_cheapest == 1
    assert told.ours_cheapest == pytest.approx(0.75, abs=0.06), "it is dearer where the second session is drawn twice"
    assert told.lines[OURS].low == 0.5
    assert told.lines[OURS].high == pytest.approx(1.1)


def test_sessions_are_played_in_every_drawing(tmp_path):
    sessions = read_sessions(written(tmp_path))
    told = compare(sessions, PAIRS[0], MIXES[0], PriceBook.load(()), 1_795_500_000.0, {"t1": SHIPPED}, range(3))
    assert told.lines[ORACLE].usd <= told.lines[OURS].usd
    assert told.lines[ORACLE].over_oracle == 0.0
