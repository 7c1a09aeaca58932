"""The built-in page in a real browser, served by a real gateway: what people see, how soon, and who can use it."""

import hashlib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import DESKTOP, PHONE, Browser, Screen, browser
from tests.debian import installed
from tests.line.rig import Gateway, gateway, wait_for

pytestmark = pytest.mark.timeout(700)  # Chromium may have to be installed first

SCREENS = {
    "desktop": DESKTOP,
    "phone": PHONE,
    "dark": DESKTOP._replace(dark=True),
    "dark phone": PHONE._replace(dark=True),
    "without scripts": DESKTOP._replace(scripts=False),
}
CONFIG: dict[str, Any] = {
    "version": 1,
    "upstreams": {
        "openai": {"url": "https://api.openai.com/v1", "key": "", "provider": "openai", "dialects": ["chat", "responses"]},
        "anthropic": {"url": "https://api.anthropic.com/v1", "key": "", "provider": "anthropic", "dialects": ["messages"]},
    },
    "models": {
        "gpt-6.1-sol": {"upstream": "openai"}, "gpt-6-luna": {"upstream": "openai"}, "no-price": {"upstream": "openai"},
        "claude-opus-5-5": {"upstream": "anthropic"}, "claude-haiku-5-5": {"upstream": "anthropic"},
    },
    "routes": {
        "code": {"model": "gpt-6.1-sol", "by_dialect": {"messages": "claude-opus-5-5"}},
        "general": {"model": "gpt-6-luna", "by_dialect": {"messages": "claude-haiku-5-5"}},
    },
    "routing": {"default": "general", "matrix": [{"output": ["code", "patch"], "route": "code"}, {"route": "general"}]},
}  # fmt: skip
AGENTS = ("codex_cli_rs/0.50.0 (Linux)", "claude-cli/2.1.0 (external, cli)", "OpenAI/Python 2.8.0")
WORDS = ("Write fizzbuzz in Python.", "Where does the word pointsman come from?", "Summarise these minutes. " * 300)
PAINT = "performance.getEntriesByType('paint').find(each => each.name == 'first-contentful-paint')?.startTime ?? null"
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with some traffic behind it."""
    with gateway(tmp_path_factory.mktemp("page"), CONFIG) as running:
        for number, text in enumerate(WORDS * 3):
            said = [{"role": "user", "content": f"{text} ({number})"}]
            head = {"user-agent": AGENTS[number % 3], "authorization": "Bearer x"}
            for _ in range(2):
                running.ask("/v1/chat/completions", {"model": "auto", "messages": said}, head)
                running.ask("/v1/messages", {"model": "auto", "max_tokens": 99, "messages": said}, head)
                said = [*said, {"role": "assistant", "content": "I see."}, {"role": "user", "content": "Go on."}]
        running.ask("/v1/chat/completions", {"model": "no-price", "messages": [{"role": "user", "content": "hi"}]})
        wait_for(lambda: len(running.rows()) >= 37 or None)
        yield running


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser(installed("chromium", "chromium")) as opened:
        yield opened


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, which a package of the test extras brings along."""
    spec = importlib.util.find_spec("axe_core_python")
    if spec is None or spec.origin is None:
        pytest.skip("axe-core-python is not installed (make setup-test)")
    return Path(spec.origin).with_name("axe.min.js").read_text("utf-8")


def page(served: Gateway) -> str:
    return f"{served.base}/pointsman/"


@pytest.mark.parametrize("screen", SCREENS.values(), ids=SCREENS)
def test_everything_is_there_and_nothing_sticks_out(screen: Screen, served: Gateway, tab: Browser) -> None:
    tab.open(page(served), screen)
    text = tab.run("document.body.innerText")
    for told in ("Today", "This month", "Month at this pace", "Spend by day", "Threads by cache freshness",
                 "Recent decisions", "Saved and lost", "Tokens by kind", "no-price", "Connect a client"):  # fmt: skip
        assert told in text
    assert tab.run("document.documentElement.scrollWidth") <= screen.width, "it scrolls sideways"
    assert tab.run("document.querySelectorAll('svg.columns rect.s0').length") >= 1
    assert tab.complaints == [], "its own policy, or a missing file"
    assert len(tab.picture()) > 20_000


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_text_is_cut(screen: Screen, served: Gateway, tab: Browser) -> None:
    tab.open(page(served), screen)
    wider = "[...document.querySelectorAll('main *')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth"
    assert tab.run(f"{wider} && getComputedStyle(e).display != 'inline' && !e.closest('.unseen')).map(e => e.outerHTML.slice(0, 90))") == []


@pytest.mark.parametrize("screen", [SCREENS[name] for name in ("desktop", "phone", "dark", "dark phone")],
                         ids=["desktop", "phone", "dark", "dark phone"])  # fmt: skip
def test_axe_finds_no_serious_fault(screen: Screen, served: Gateway, tab: Browser, axe: str) -> None:
    tab.open(page(served), screen)
    tab.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    tab.run(axe + "; 0")
    found = tab.run("axe.run().then(found => found.violations.map(each => [each.impact, each.id, each.nodes[0].html]))")
    assert [each for each in found if each[0] in GRAVE] == []
    assert tab.run("axe.run().then(found => found.passes.length)") > 20


def test_it_can_be_used_with_the_keyboard_alone(served: Gateway, tab: Browser) -> None:
    tab.open(page(served))
    reached = []
    for _ in range(60):
        tab.press("Tab")
        reached.append(tab.run("document.activeElement.innerText || document.activeElement.tagName"))
        if reached[-1] == "curl":
            break
    assert reached[0] == "Skip to the numbers"
    assert {"Spend", "Threads", "Connect", "As a table", "Codex", "curl"} <= set(reached)
    assert tab.run("getComputedStyle(document.activeElement).outlineStyle") == "solid", "one sees where one is"
    tab.press("Enter")
    assert tab.run("document.activeElement.parentElement.open")


def test_the_first_paint_comes_soon(served: Gateway, tab: Browser) -> None:
    soonest = []
    for _ in range(5):
        tab.open(page(served))
        soonest.append(wait_for(lambda: tab.run(PAINT)))
    assert min(soonest) < 200, soonest


def test_it_stays_fresh_only_when_asked(served: Gateway) -> None:
    assert "refresh" not in served.ask("/pointsman/").headers
    assert served.ask("/pointsman/?live=1").headers["refresh"] == "60"


def test_it_is_read_only_and_keeps_to_its_policy(served: Gateway, tab: Browser) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert served.ask("/pointsman/", {}, method=method).status == 405
    tab.open(page(served))
    assert tab.run("document.querySelectorAll('script, form, input, button, iframe, [style], img').length") == 0
    names = tab.run("performance.getEntriesByType('resource').map(each => new URL(each.name).pathname)")
    assert names == ["/pointsman/style.css"]


def test_with_keys_a_team_sees_its_own(tmp_path: Path, tab: Browser, axe: str) -> None:
    teams = {name: {"keys": ["sha256:" + hashlib.sha256(name.encode()).hexdigest()]} for name in ("payments", "research")}
    budgets = [{"name": "teams", "per": "team", "window": "month", "usd": 1000, "warn_at": 0},
               {"name": "people", "per": "user", "window": "month", "usd": 1000, "warn_at": 0}]  # fmt: skip
    with gateway(tmp_path, json.loads(json.dumps({**CONFIG, "teams": teams, "budgets": budgets}))) as keyed:
        assert keyed.ask("/pointsman/").status == 401
        for team in teams:
            keyed.ask("/v1/chat/completions", {"model": "auto", "user": "somebody-with-quite-a-long-name-here",
                                               "messages": [{"role": "user", "content": "hi"}]},
                      {"authorization": f"Bearer {team}"})  # fmt: skip
        wait_for(lambda: len(keyed.rows()) == 2 or None)
        tab.open(page(keyed), PHONE, {"authorization": "Bearer research"})
        text = tab.run("document.body.innerText")
        tab.run(axe + "; 0")
        grave = tab.run("axe.run().then(found => found.violations.map(each => [each.impact, each.id]))")
        width = tab.run("document.documentElement.scrollWidth")
    assert "team research" in text
    assert "payments" not in text
    assert "of $1,000.00 a month" in text
    assert "Budgets nearly used" in text
    assert width <= PHONE.width
    assert [each for each in grave if each[0] in GRAVE] == []
