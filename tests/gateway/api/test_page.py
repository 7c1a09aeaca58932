"""The built-in page: says what is so, says what is unknown, and cannot be talked into anything."""

import re
from html.parser import HTMLParser

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.page import PAGE_HEADERS, PageFacts, render_page, router
from gateway.api.page_facts import KindUse, Recent, TeamSpend, ThreadLine, Unpriced
from gateway.api.page_words import NAME_MAX, count, dollars, name, span

USD = 10**12
NOW = 1_795_533_447.0
RECENT = Recent(
    at=NOW - 5, team="payments", client="codex", agent="main", model_asked="auto", model="gpt-6.1-sol", route="code",
    reason="output_patch", cache_state="warm", cache_observed="hit", picos=42 * USD // 1000, outcome="finished",
    status=200,
)  # fmt: skip
FACTS = PageFacts(
    now=NOW,
    base_url="http://127.0.0.1:4000",
    version="0.1.0",
    teams=(TeamSpend("payments", 18 * USD, 412 * USD, 812, 18_211, 3), TeamSpend("research", 0, USD, 0, 4)),
    hours=(0, USD, 2 * USD),
    kinds=(KindUse("cache_read", 900_000, USD), KindUse("input_uncached", 100_000, None)),
    recent=(RECENT,),
    threads=(
        ThreadLine("codex:1", "payments", "codex", "gpt-6.1-sol", "cold", 5400, 212_000, None, USD // 10, 2 * USD),
    ),
    states={"warm": 14, "cold": 41},
    unpriced=(Unpriced("my-model", "openai", "unknown_model", 3),),
)
EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&{}\ud800\u202e\x00\n" + "A" * 500


class Reader(HTMLParser):
    """What a browser would make of it: elements, attributes, and whether every element is closed."""

    VOID = frozenset({"meta", "link", "br", "rect", "path"})

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(key, value or "") for key, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(**changes: object) -> Reader:
    return Reader(render_page(msgspec.structs.replace(FACTS, **changes)))


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
    assert "codex:1payments codexgpt-6.1-solcoldidle 2 h212 k$2.00 warm $0.100".replace(
        " ", ""
    ) in shown().text.replace(" ", "")


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    page = shown(recent=(msgspec.structs.replace(RECENT, picos=None),), kinds=(KindUse("output", 5, None),))
    assert page.text.count("unknown") >= 2
    assert "$0.00" not in page.text.split("Recent requests")[1].split("Threads")[0]


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
        teams=(TeamSpend(EVIL, 1, 1, 1, 1, 1),),
        hours=(1,),
        kinds=(KindUse(EVIL, 1, 1),),
        recent=(
            Recent(at=NOW, team=EVIL, client=EVIL, agent=EVIL, model_asked=EVIL, model=EVIL + "b", route=EVIL,
                   reason=EVIL, cache_state=EVIL, cache_observed=EVIL, picos=1, outcome=EVIL, status=1),
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
    if isinstance(value, str):
        return "tame" + ("b" if value.endswith("b") else "")
    if isinstance(value, dict):
        return {("tame" if "<" in key else key): _tamed(each) for key, each in value.items()}
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
    used = {word for key, value in shown().attributes if key == "class" for word in value.split()}
    assert {word for word in used if f".{word}" not in style} == set(), "a class without a style"


@pytest.mark.parametrize(
    ("picos", "text"),
    [
        (0, "$0.00"),
        (1, "&lt;$0.00001"),
        (210 * USD // 1_000_000, "$0.00021"),
        (42 * USD // 1000, "$0.042"),
        (USD - 1, "$1.00"),
        (USD * 3 // 2, "$1.50"),
        (1_234_567 * USD, "$1,234,567.00"),
    ],
)
def test_dollars(picos: int, text: str) -> None:
    assert dollars(picos) == text


@given(st.integers(min_value=0, max_value=10**20))
def test_dollars_are_near_the_truth(picos: int) -> None:
    text = dollars(picos)
    if "&lt;" in text:
        assert 0 < picos < 10**7
    else:
        told = float(text.lstrip("$").replace(",", ""))
        assert told == pytest.approx(picos / USD, rel=0.051, abs=0.006 if picos >= USD * 0.995 else 0)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (18_211, "18.2 k"),
        (812_441_220, "812 M"),
        (4_880_300, "4.88 M"),
        (2 * 10**12, "2000 B"),
    ],
)
def test_count(number: int, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0 s"), (42, "42 s"), (270, "4 min"), (5400, "2 h"), (90_000, "1 d")]
)
def test_span(seconds: float, text: str) -> None:
    assert span(seconds) == text
