"""When a provider is asked why its cache missed, and what is made of its word."""

import json
from types import SimpleNamespace

import pytest

from cache.types import Boundary, Freshness, ThreadRecord
from gateway.diagnoses import question, told
from gateway.dialects.ask import read
from gateway.metering.metrics import Metrics
from gateway.metering.types import Usage

RESPONSES = {"model": "gpt-6.1-sol", "input": "x"}
MESSAGES = {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "x"}]}
INTACT = Freshness(state="warm", reason="within_lifetime")
CHANGED = Freshness(state="broken", reason="tools_changed")


def passage(body=RESPONSES, dialect="responses", provider="openai", share=1.0, freshness=INTACT, chance=0.5, **known):
    ask = read(json.dumps(body).encode(), dialect, dialect)
    record = ThreadRecord(
        thread="t", team="a", model=body["model"], upstream="up", answer_id="id_1",
        boundaries=(Boundary(digest="d", size=1, tokens=1),),
    )  # fmt: skip
    return SimpleNamespace(
        ask=ask,
        record=SimpleNamespace(**{name: known.get(name, getattr(record, name)) for name in record.__struct_fields__}),
        upstream=SimpleNamespace(name="up", provider=provider, diagnostics=share),
        attempt_now=SimpleNamespace(candidate=SimpleNamespace(model=body["model"])),
        model_name=body["model"],
        freshness=freshness,
        fingerprint=SimpleNamespace(whole=True),
        house=SimpleNamespace(chance=lambda: chance, metrics=Metrics(["a"], ["code"], ["*"], [provider])),
        asked_why="",
    )


def counted(one):
    return [line for line in one.house.metrics.render().decode().splitlines() if line.startswith("pointsman_cache_diagnoses")]


def test_it_is_asked_of_those_who_answer():
    for one in (passage(), passage(MESSAGES, "messages", "anthropic")):
        assert question(one)
        assert one.asked_why == "up"


@pytest.mark.parametrize(
    "one",
    [
        passage(share=0.5, chance=0.5),
        passage(answer_id=""),
        passage(upstream="another"),
        passage(model="gpt-6-luna"),
        passage(provider="azure"),
        passage(MESSAGES, "messages", "bedrock"),
        passage(MESSAGES, "messages", "openai"),
        passage({**RESPONSES, "model": "gpt-5.5"}),
        passage(freshness=Freshness(state="unknown", reason="first_call")),
        passage({**RESPONSES, "prompt_cache_options": {"comparison_response_id": "resp_9"}}),
        passage({**MESSAGES, "messages": [{"role": "assistant", "content": [{"signature": "abc"}]}], "system": '"signature":"'},
                "messages", "anthropic"),
    ],
)  # fmt: skip
def test_otherwise_nothing_is_asked(one):
    assert question(one) == []
    assert one.asked_why == ""


def test_a_thread_that_is_not_known_has_nothing_to_compare_with():
    one = passage()
    one.record = None
    assert question(one) == []


def test_the_providers_word_is_the_cause_and_is_held_against_ours():
    one = passage(freshness=CHANGED)
    question(one)
    assert told(one, Usage(kinds={}, diagnosis="tools_changed")) == "tools_changed"
    assert told(one, Usage(kinds={}, diagnosis="input_changed")) == "prefix_changed"
    assert told(one, Usage(kinds={}, diagnosis="unchanged")) == ""
    assert counted(one) == [
        'pointsman_cache_diagnoses_total{provider="openai",ours="tools_changed",theirs="tools_changed"} 1',
        'pointsman_cache_diagnoses_total{provider="openai",ours="tools_changed",theirs="prefix_changed"} 1',
        'pointsman_cache_diagnoses_total{provider="openai",ours="tools_changed",theirs="unchanged"} 1',
    ]


def test_a_clients_own_question_is_read():
    one = passage({**MESSAGES, "diagnostics": {"previous_message_id": "msg_9"}}, "messages", "anthropic")
    assert told(one, Usage(kinds={}, diagnosis="system_changed")) == "system_changed"


def test_an_answer_nobody_asked_for_says_nothing():
    one = passage(MESSAGES, "messages", "anthropic")
    assert told(one, Usage(kinds={}, diagnosis="unchanged")) == ""
    one.asked_why = "the upstream before"
    assert told(one, Usage(kinds={}, diagnosis="tools_changed")) == ""
    assert counted(one) == []
