"""What an intent says of a decision."""

from types import SimpleNamespace

from cache.types import Freshness, ThreadRecord
from gateway.books import intent_of
from gateway.identify import Caller
from routing.types import Decision, Reason, Workload


def test_a_request_that_moved_says_whence_why_and_what_was_the_alternative():
    decision = Decision(
        route="general", model="m", source="classifier", reasons=(Reason(word="saves_more", text=""),),
        workload=Workload(input="image", output="visual_description", confidence=0.9), instead="n", instead_picos=7,
    )  # fmt: skip
    passage = SimpleNamespace(
        id="0a", wall=1.0, caller=Caller(team="a", client="codex", thread="t"), decision=decision, endpoint="chat", dialect="chat",
        ask=SimpleNamespace(model="auto", stream=True), head=SimpleNamespace(path="/v1/chat/completions"), size=9,
        attempt_now=SimpleNamespace(candidate=SimpleNamespace(model="m")), upstream=SimpleNamespace(name="u", provider="openai"),
        freshness=Freshness(state="cold", reason="model_changed", expected_read_tokens=0), estimate=SimpleNamespace(picos=5),
        breaker="", left=ThreadRecord(thread="t", team="a", model="n", provider="openai", cached_tokens=1000),
    )  # fmt: skip
    intent = intent_of(passage)
    assert (intent.reason, intent.instead, intent.instead_picos) == ("saves_more", "n", 7)
    assert (intent.moved_from, intent.known_tokens, intent.cache_cause) == ("openai/n", 1000, "model_changed")
    assert (intent.input_kind, intent.output_kind) == ("image", "visual_description")
    passage.left, passage.ask, passage.endpoint = None, None, "other"
    alone = intent_of(passage)
    assert (alone.endpoint, alone.model_asked, alone.known_tokens, alone.moved_from) == ("/v1/chat/completions", "", 0, "")
