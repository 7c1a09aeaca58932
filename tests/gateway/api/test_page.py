"""The built-in page: says what is so, says what is unknown, and cannot be talked into anything."""

import re
from html.parser import HTMLParser

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.page import PAGE_HEADERS, render_page, router
from gateway.api.page_facts import Budget, Day, KindUse, PageFacts, Recent, TeamSpend, ThreadLine, Unpriced, Worth
from gateway.api.page_words import NAME_MAX, name
from gateway.budgets.types import LEVELS
from tests.gateway.api.pages import EVIL, NOW, RECENT, Reader, shown


def test_it_says_what_was_spent_and_by_whom() -> None:
    text = shown().text
    assert "$18.00812 requests" in text
    assert "$413.00" in text
    assert "payments$18.00$412.00+ 3 unpriced18.2 k" in text
    assert "cache read900 k$1.00" in text
    assert "90 %" in text


def test_it_says_where_a_request_went_and_why() -> None:
    text = shown().text
    assert "5 s ago" in text
    assert "auto → gpt-6.1-sol" in text
    assert "code" in text
    assert "output patch" in text
    assert "warm hit$0.042" in text


def test_it_says_what_a_cold_resume_costs() -> None:
    assert "codex:1payments codexgpt-6.1-solcoldidle 2 h212 k$2.00 warm $0.100 · afresh $0.050".replace(
        " ", ""
    ) in shown().text.replace(" ", "")


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    page = shown(recent=(msgspec.structs.replace(RECENT, picos=None),), kinds=(KindUse("output", 5, None),))
    assert page.text.count("unknown") >= 2
    assert "$0.00" not in page.text.split("Recent decisions")[2].split("Saved and lost")[0]


def test_a_failed_request_shows_how_it_failed() -> None:
    failed = msgspec.structs.replace(RECENT, outcome="upstream_error", status=529)
    assert "upstream error · 529" in shown(recent=(failed,)).text
    assert "client gone" in shown(recent=(msgspec.structs.replace(RECENT, outcome="client_gone", status=0),)).text


def test_a_broken_config_is_on_top_and_gone_when_mended() -> None:
    broken = shown(config_error="routes.code.model: no model is called 'x'\nlisten.port: 'abc' is no number")
    assert ("role", "alert") in broken.attributes
    assert "no model is called 'x'\nlisten.port" in broken.text
    assert broken.text.index("config file is broken") < broken.text.index("This month")
    assert ("role", "alert") not in shown().attributes


def test_unpriced_models_are_named_and_the_section_goes_when_there_are_none() -> None:
    assert "my-modelopenaiunknown model3" in shown().text
    assert "Models without a price" not in shown(unpriced=()).text


def test_an_empty_gateway_shows_how_to_begin() -> None:
    page = Reader(render_page(PageFacts(now=NOW, base_url="https://gw.example:8443", version="0.1.0", simulated=True)))
    assert page.text.index("Send the first request") < page.text.index("Today")
    assert "curl -s https://gw.example:8443/v1/chat/completions" in page.text
    assert "built-in simulator" in page.text
    assert not page.open


@pytest.mark.parametrize("client", ["Codex", "Claude Code", "opencode", "OpenAI SDK", "Anthropic SDK", "curl"])
def test_every_client_is_told_the_real_address(client: str) -> None:
    text = shown(base_url="http://10.1.2.3:9999").text.split("Connect a client")[1]
    section = text[text.index(client) :]
    assert "http://10.1.2.3:9999" in section
    assert "4000" not in section
    assert "{base}" not in text
    assert "{key}" not in text


def test_the_key_in_the_snippets_is_a_placeholder() -> None:
    assert "YOUR-TEAM-KEY" in shown(keys_configured=True).text
    assert "YOUR-TEAM-KEY" not in shown().text


def test_a_team_sees_whose_numbers_these_are() -> None:
    assert "team payments" in shown(viewer="payments").text


def evil_facts() -> PageFacts:
    return PageFacts(
        now=NOW,
        base_url=f"http://{EVIL}",
        version=EVIL,
        teams=(TeamSpend(EVIL, 1, 1, 1, 1, 1, Budget(EVIL, EVIL, "", "month", "usd", 2, 1, "fine")),),
        hours=(1,),
        days=(Day(1, {EVIL: 1}), Day(2, {EVIL: 2, EVIL + "b": 1})),
        worths=(Worth(EVIL, EVIL, 1),),
        budgets=(Budget(EVIL, EVIL, EVIL, "day", "usd", 2, 1, "warn"),),
        kinds=(KindUse(EVIL, 1, 1),),
        recent=(
            Recent(at=NOW, team=EVIL, client=EVIL, agent=EVIL, model_asked=EVIL, model=EVIL + "b", route=EVIL,
                   reason=EVIL, cache_state=EVIL, cache_observed=EVIL, picos=1, outcome=EVIL, status=1, source=EVIL,
                   rule=EVIL),
        ),
        threads=(ThreadLine(EVIL, EVIL, EVIL, EVIL, EVIL, 1.0),),
        states={EVIL: 1},
        unpriced=(Unpriced(EVIL, EVIL, EVIL, 1),),
        config_error=EVIL,
        viewer=EVIL,
    )  # fmt: skip


def test_hostile_names_stay_text() -> None:
    page = Reader(render_page(evil_facts()))
    assert not {"script", "img", "iframe", "style", "form", "object"} & set(page.tags)
    assert not [key for key, _ in page.attributes if key.startswith("on") or key == "style"]
    assert "<script>alert(1)</script>" in page.text, "it is shown, as text"
    assert not page.open, "every element is closed"
    assert "\u202e" not in page.text, "direction marks could make one name look like another"


def test_hostile_names_change_nothing_but_text() -> None:
    tame = Reader(render_page(msgspec.convert(_tamed(msgspec.to_builtins(evil_facts())), PageFacts)))
    assert Reader(render_page(evil_facts())).tags == tame.tags


def _tamed(value: object) -> object:
    if value in ("day", "month", "usd", "fine", "warn"):
        return value
    if isinstance(value, str):
        return "tame" + ("b" if value.endswith("b") else "")
    if isinstance(value, dict):
        return {("tame" + "b" * key.endswith("b") if "<" in key else key): _tamed(each) for key, each in value.items()}
    return [_tamed(each) for each in value] if isinstance(value, list | tuple) else value


@given(st.text(st.characters(categories=None)))
def test_a_name_is_never_markup_and_never_long(raw: str) -> None:
    text = name(raw)
    assert not re.search(r"[<>\"'\x00-\x1f]", text)
    seen: list[str] = []
    parser = HTMLParser()
    parser.handle_data = seen.append  # type: ignore[method-assign, assignment]
    parser.feed(f"<p>{text}</p>")
    assert len("".join(seen)) <= NAME_MAX + 1


def test_nothing_on_the_page_needs_more_than_its_policy_allows() -> None:
    page = shown(config_error="x", simulated=True)
    assert not {"script", "style"} & set(page.tags)
    assert not [key for key, _ in page.attributes if key.startswith("on") or key == "style"]
    sources = [value for key, value in page.attributes if key in ("src", "href")]
    assert all(not value.startswith(("http", "//", "javascript")) for value in sources)
    policy = PAGE_HEADERS["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert PAGE_HEADERS["cache-control"] == "no-store"


def test_the_page_stands_at_the_address_with_the_slash() -> None:
    app = FastAPI()
    app.include_router(router)
    answer = TestClient(app, follow_redirects=False).get("/pointsman")
    assert answer.status_code == 307
    assert answer.headers["location"] == "pointsman/", "relative, so that it holds behind any prefix"


def test_it_loads_itself_anew_only_when_asked_to() -> None:
    assert ("href", "?live=1") in shown().attributes
    assert ("href", "./") in shown(live=True).attributes
    assert "http-equiv" not in [key for key, _ in shown(live=True).attributes]


def test_the_style_is_served_beside_the_page() -> None:
    app = FastAPI()
    app.include_router(router)
    answer = TestClient(app).get("/pointsman/style.css")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    style = answer.text
    assert "prefers-color-scheme: dark" in style
    assert "@import" not in style
    assert "url(" not in style
    budgets = tuple(TeamSpend("a", 0, 0, 0, 0, 0, Budget("b", "a", "", "day", "usd", 2, 1, level)) for level in LEVELS)
    pages = (shown(), shown(teams=budgets), shown(viewer="x", config_error="y", simulated=True, recent=()))
    used = {word for page in pages for key, value in page.attributes if key == "class" for word in value.split()}
    assert {word for word in used if f".{word}" not in style} == set(), "a class without a style"
