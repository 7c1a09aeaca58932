"""The sections on traffic: how long a cache lasts, what resuming costs, and why a request went where it went."""

from msgspec.structs import replace

from gateway.api import page_traffic
from gateway.api.page_facts import ThreadLine
from tests.gateway.api.pages import NOW, RECENT, USD, Reader, changed

WARM = ThreadLine("claude:1", "payments", "claude-code", "opus", "warm", 60.0, 9_000, NOW + 240, USD // 100, USD, USD // 50)


def text(section: str) -> str:
    return Reader(section.encode()).text


def threads(*lines: ThreadLine) -> str:
    return page_traffic.threads(changed(threads=lines, states={each.state: 1 for each in lines}))


def test_a_warm_thread_says_how_long_and_what_waiting_would_cost():
    shown = threads(WARM)
    assert "warm 4 min left" in text(shown)
    assert "$0.010cold $1.00" in text(shown)
    assert 'width="80.0"' in shown, "four minutes of five are left"


def test_a_cold_thread_says_what_it_would_have_cost_and_a_fresh_one():
    assert "$1.00warm $0.010 · afresh $0.020" in text(threads(replace(WARM, state="cold")))


def test_what_has_no_price_is_unknown():
    shown = text(threads(replace(WARM, if_warm_picos=None, if_cold_picos=None, afresh_picos=None)))
    assert "unknown" in shown
    assert "$" not in shown.replace("Resume costs", "")


def test_a_promise_that_is_over_is_not_told():
    assert "left" not in text(threads(replace(WARM, warm_until=NOW - 1)))
    assert "left" not in text(threads(replace(WARM, state="broken")))


def test_states_are_counted_and_drawn():
    shown = page_traffic.threads(changed(states={"cold": 3, "warm": 1}))
    assert 'aria-label="Threads by state: 1 warm, 3 cold"' in shown
    assert "No thread is remembered yet." in page_traffic.threads(changed(threads=(), states={}))


def test_a_decision_says_who_made_it():
    assert "output patch rule patches-to-code" in text(page_traffic.decisions([RECENT], NOW))
    assert "output patch classifier" in text(page_traffic.decisions([replace(RECENT, source="classifier")], NOW))
    assert "direct" in text(page_traffic.decisions([replace(RECENT, route="")], NOW))
