"""A page's facts for tests, and a page as a browser would read it."""

from html.parser import HTMLParser

import msgspec

from gateway.api.page import render_page
from gateway.api.page_facts import Day, KindUse, PageFacts, Recent, TeamSpend, ThreadLine, Unpriced, Worth

USD = 10**12
NOW = 1_795_533_447.0
RECENT = Recent(
    at=NOW - 5, team="payments", client="codex", agent="main", model_asked="auto", model="gpt-6.1-sol", route="code",
    reason="output_patch", cache_state="warm", cache_observed="hit", picos=42 * USD // 1000, outcome="finished",
    status=200, source="rule", rule="patches-to-code",
)  # fmt: skip
FACTS = PageFacts(
    now=NOW,
    base_url="http://127.0.0.1:4000",
    version="0.1.0",
    teams=(TeamSpend("payments", 18 * USD, 412 * USD, 812, 18_211, 3), TeamSpend("research", 0, USD, 0, 4)),
    last_month_picos=977 * USD,
    days=(Day(20_780, {"payments": 3 * USD}), Day(20_781, {"payments": 18 * USD, "research": USD})),
    hours=(0, USD, 2 * USD),
    kinds=(KindUse("cache_read", 900_000, USD), KindUse("input_uncached", 100_000, None)),
    worths=(
        Worth("saved", "caching", 90 * USD), Worth("wasted", "expired", 7 * USD), Worth("wasted", "routing", 5 * USD),
        Worth("saved", "routing", 3 * USD),
    ),
    recent=(RECENT,),
    threads=(
        ThreadLine("codex:1", "payments", "codex", "gpt-6.1-sol", "cold", 5400, 212_000, None, USD // 10, 2 * USD, USD // 20),
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


def changed(**changes: object) -> PageFacts:
    return msgspec.structs.replace(FACTS, **changes)


def shown(**changes: object) -> Reader:
    return Reader(render_page(changed(**changes)))
