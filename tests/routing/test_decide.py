"""The order of precedence, line by line; and that nothing is looked at that nothing needs."""

from datetime import UTC, datetime

import msgspec
import pytest

from routing.decide import decide
from routing.policy import MatrixLine, Policy, Rule, When
from routing.stay import Scales
from routing.types import Asked, Pin, Route, Signals, Workload

ROUTES = {
    "code": Route(name="code", model="coder", by_dialect={"messages": "claude-coder"}, fallbacks=("spare",)),
    "general": Route(name="general", model="writer"),
}
POLICY = Policy(
    routes=ROUTES,
    rules=(),
    matrix=(
        MatrixLine(route="general", input=frozenset(("image",))),
        MatrixLine(route="code", output=frozenset(("code", "patch"))),
        MatrixLine(route="general"),
    ),
    aliases=frozenset(("auto",)),
    default="general",
    min_confidence=0.6,
)
CODE = Workload(input="prose", output="code", confidence=0.9)
AUTO = Asked(model="auto", dialect="chat", path="/v1/chat/completions")


def never():
    raise AssertionError("nothing needs this")


def known(name):
    return name in ("coder", "claude-coder", "writer", "spare", "gpt")


def go(asked=AUTO, policy=POLICY, pin=None, work=never, signals=never):
    return decide(asked, signals, work, pin, policy, known)


def word(decision):
    return decision.source, decision.reasons[0].word, decision.route, decision.model


def ruled(when, **then):
    return msgspec.structs.replace(POLICY, rules=(Rule(name="r", when=when, **then),))


def test_an_explicit_model_passes_untouched_and_unread():
    assert word(go(msgspec.structs.replace(AUTO, model="gpt"))) == ("override", "explicit_model", "", "gpt")
    assert word(go(msgspec.structs.replace(AUTO, model="nope"))) == ("override", "unknown_model", "", "")


def test_a_route_may_be_asked_for_by_name():
    asked = msgspec.structs.replace(AUTO, model="code", dialect="messages")
    assert word(go(asked)) == ("override", "route_name", "code", "claude-coder")


def test_a_thread_stays_where_it_is():
    pin = Pin(route="code", model="coder")
    assert word(go(pin=pin)) == ("sticky", "thread_pinned", "code", "coder")
    compaction = msgspec.structs.replace(AUTO, agent="compaction")
    assert word(go(compaction, pin=pin)) == ("sticky", "thread_pinned", "code", "coder"), "its answer goes on in the thread"
    title = msgspec.structs.replace(AUTO, agent="auxiliary")
    prose = Workload(input="prose", output="title", confidence=0.9)
    assert go(title, pin=pin, work=lambda: prose).model == "writer", "a title is decided for itself"
    assert go(pin=Pin(route="code", model="gone"), work=lambda: CODE).source == "classifier"


def test_the_matrix_decides_a_new_thread():
    assert word(go(work=lambda: CODE)) == ("classifier", "prose_to_code", "code", "coder")
    image = Workload(input="image", output="code", confidence=1.0)
    assert go(work=lambda: image).route == "general"
    unsure = Workload(input="prose", output="code", confidence=0.55)
    assert word(go(work=lambda: unsure)) == ("fallback", "low_confidence", "general", "writer")


def test_a_rule_overrides_an_explicit_model():
    policy = ruled(When(model=("gpt*",)), route="general")
    assert word(go(msgspec.structs.replace(AUTO, model="gpt"), policy)) == ("rule", "rule:r", "general", "writer")
    assert go(policy=ruled(When(team=frozenset(("default",))), refuse="no")).refusal == "no"


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        (When(team=frozenset(("x",))), False),
        (When(path=("/v1/chat/*",)), True),
        (When(header={b"x-env": "prod*"}), True),
        (When(header={b"x-other": "*"}), False),
        (When(hours=(22 * 60, 6 * 60)), True),
        (When(hours=(6 * 60, 22 * 60)), False),
        (When(weekdays=frozenset((1,))), True),
        (When(weekdays=frozenset((0, 2))), False),
        (When(keywords=("fizz",)), True),
        (When(keywords=("buzz",)), False),
        (When(tools=frozenset(("bash",))), True),
        (When(image=True), False),
        (When(size_over=99), True),
        (When(size_under=100), False),
        (When(output=frozenset(("code",))), True),
        (When(language=frozenset(("python",))), True),
        (When(language=frozenset(("rust", "zh"))), False),
    ],
)
def test_each_condition(when, holds):
    night = datetime(2026, 11, 24, 23, tzinfo=UTC).timestamp()  # a Tuesday
    asked = msgspec.structs.replace(AUTO, headers={b"x-env": b"production"}, now=night)
    signals = Signals(turn_text="FIZZ it\n```Python\nx\n```", tool_names=("bash",), size=100)
    decision = go(asked, ruled(when, model="spare"), work=lambda: CODE, signals=lambda: signals)
    assert (decision.source == "rule") is holds


@pytest.mark.parametrize(
    ("text", "language"), [("修复这个错误", "zh"), ("バグを直して", "ja"), ("고쳐 주세요", "ko"), ("исправь это", "ru")]
)
def test_scripts_name_languages(text, language):
    policy = ruled(When(language=frozenset((language,))), model="spare")
    assert go(policy=policy, signals=lambda: Signals(turn_text=text)).source == "rule"
    plain = Signals(turn_text="fix this")
    assert go(policy=policy, signals=lambda: plain, work=lambda: CODE).source == "classifier"


def several(*rules):
    return msgspec.structs.replace(POLICY, rules=rules)


def test_a_warning_alone_lets_others_decide():
    policy = several(
        Rule(name="a", when=When(), warn="mind the budget"),
        Rule(name="b", when=When(model=("gpt",)), route="code", warn="moved"),
        Rule(name="c", when=When(), warn="never come to"),
    )
    found = go(msgspec.structs.replace(AUTO, model="gpt"), policy)
    assert word(found) == ("rule", "rule:b", "code", "coder")
    assert found.warning == "mind the budget; moved"
    work = msgspec.structs.replace(CODE, output="prose")
    alone = go(AUTO, several(policy.rules[0]), work=lambda: work)
    assert word(alone) == ("classifier", "prose_to_prose", "general", "writer")
    assert alone.warning == "mind the budget"


def test_an_effort_comes_from_the_rule_or_else_the_route():
    policy = msgspec.structs.replace(POLICY, routes={**ROUTES, "code": msgspec.structs.replace(ROUTES["code"], effort="low")})
    assert go(policy=policy, work=lambda: CODE).effort == "low"
    assert go(policy=policy, pin=Pin(route="code", model="coder")).effort == "low"
    assert go(msgspec.structs.replace(AUTO, model="gpt"), policy).effort == "", "an explicit model keeps the client's"
    rules = Rule(name="a", when=When(), effort="high"), Rule(name="b", when=When(), route="code", effort="max")
    assert go(policy=msgspec.structs.replace(policy, rules=rules)).effort == "high", "first match wins"
    assert go(policy=msgspec.structs.replace(policy, rules=rules[1:])).effort == "max"
    asked = msgspec.structs.replace(AUTO, model="gpt")
    assert (go(asked, several(rules[0])).model, go(asked, several(rules[0])).effort) == ("gpt", "high")


def test_a_question_goes_beside_and_the_first_one_counts():
    policy = several(
        Rule(name="a", when=When(model=("gpt",)), ask="sure?"),
        Rule(name="b", when=When(), ask="really?", route="code"),
    )
    found = go(msgspec.structs.replace(AUTO, model="gpt"), policy)
    assert (found.question, found.asked_by, found.route) == ("sure?", "a", "code")
    assert (go(AUTO, policy).question, go(AUTO, policy).asked_by) == ("really?", "b")


def test_what_is_in_shadow_is_noted_and_not_done():
    policy = several(
        Rule(name="a", when=When(), refuse="no", shadow=True),
        Rule(name="b", when=When(), route="code", shadow=True),
        Rule(name="c", when=When(), route="code"),
    )
    found = go(AUTO, policy)
    assert word(found) == ("rule", "rule:c", "code", "coder")
    assert [(each.rule, each.differs(found)) for each in found.shadows] == [("a", True), ("b", False)]


def test_a_team_may_have_a_matrix_of_its_own():
    own = msgspec.structs.replace(POLICY, matrix_of={"legal": (MatrixLine(route="general"),)})
    assert word(go(AUTO, own, work=lambda: CODE))[2] == "code"
    legal = msgspec.structs.replace(AUTO, team="legal")
    assert word(go(legal, own, work=lambda: CODE)) == ("classifier", "prose_to_code", "general", "writer")


GAIN = Scales(stays=10**12, goes=10**11)
LOSS = Scales(stays=10**11, goes=10**12)
PROSE = Workload(input="prose", output="prose", confidence=0.9)
PICTURE = Workload(input="image", output="visual_description", confidence=0.99)
DEMANDING = msgspec.structs.replace(POLICY, demanding=frozenset(("code",)))


def turned(work, scales, route="code", policy=POLICY, asked=AUTO):
    """A thread whose next turn is this work."""
    model = {"code": "coder", "general": "writer"}[route]
    pin = Pin(route=route, model=model, weigh=lambda route, other, seen: scales)
    return go(asked, policy, pin, lambda: work)


def test_a_turn_of_another_kind_follows_the_sum():
    stays = turned(PICTURE, LOSS)
    assert word(stays) == ("sticky", "cache_worth_more", "code", "coder")
    assert (stays.instead, stays.instead_picos) == ("writer", 9 * 10**11)
    assert [reason.word for reason in stays.reasons] == ["cache_worth_more", "thread_pinned"]
    assert "saving about $0.9000" in stays.reasons[0].text
    assert stays.suits == "general", "what the turn was is remembered wherever it goes"
    goes = turned(PICTURE, GAIN)
    assert word(goes) == ("classifier", "saves_more", "general", "writer")
    assert (goes.instead, goes.instead_picos) == ("coder", 9 * 10**11)
    assert [reason.word for reason in goes.reasons] == ["saves_more", "image_to_visual_description"]
    assert goes.suits == "general"


def test_a_turn_that_nobody_judged_suits_no_route():
    unsure = Workload(input="prose", output="code", confidence=0.1)
    assert turned(unsure, GAIN).suits == go(work=lambda: unsure).suits == ""
    assert turned(CODE, GAIN).suits == go(work=lambda: CODE).suits == "code"
    assert go(pin=Pin(route="code", model="coder"), work=lambda: CODE).suits == "", "in the middle of a turn nothing is judged"


def test_a_thread_goes_to_a_demanding_route_at_any_price():
    assert word(turned(CODE, LOSS, "general", DEMANDING)) == ("classifier", "work_demands", "code", "coder")
    assert word(turned(CODE, LOSS, "general")) == ("sticky", "cache_worth_more", "general", "writer")
    assert turned(CODE, LOSS, "general", DEMANDING).instead_picos == -9 * 10**11


def test_nothing_is_weighed_where_nothing_would_change():
    unsure = msgspec.structs.replace(PROSE, confidence=0.5)
    for decision in (turned(CODE, None), turned(unsure, None)):
        assert word(decision) == ("sticky", "thread_pinned", "code", "coder")
        assert decision.workload is not None
        assert decision.instead == ""


def test_in_the_middle_of_a_turn_and_in_a_compaction_nothing_is_even_looked_at():
    pin = Pin(route="code", model="coder")
    assert word(go(pin=pin)) == ("sticky", "thread_pinned", "code", "coder")
    pin = Pin(route="code", model="coder", weigh=lambda route, other, seen: GAIN)
    assert word(go(msgspec.structs.replace(AUTO, agent="compaction"), pin=pin))[1] == "thread_pinned"
