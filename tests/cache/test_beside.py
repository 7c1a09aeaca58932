"""Which settings divide caches, and which do not."""

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace

from cache.beside import goes_on, settings_of
from cache.fingerprint import fingerprint
from cache.freshness import assess
from cache.look import by_prefix
from cache.providers import rules_for
from cache.standing import Answered
from cache.threads import remember

NOW = 1_800_000_000.0


def digest(dialect, **members):
    return settings_of(dialect, {name: Raw(msgspec.json.encode(value)) for name, value in members.items()})


@pytest.mark.parametrize(
    ("dialect", "one", "other"),
    [
        ("responses", {"reasoning": {"effort": "low"}}, {"reasoning": {"effort": "high"}}),
        ("responses", {"text": {"verbosity": "low"}}, {"text": {"verbosity": "high"}}),
        ("responses", {"service_tier": "priority"}, {}),
        ("chat", {"reasoning_effort": "low"}, {"reasoning_effort": "high"}),
        ("chat", {"response_format": {"type": "json_object"}}, {}),
        ("messages", {"thinking": {"type": "enabled", "budget_tokens": 1}}, {"thinking": {"type": "enabled", "budget_tokens": 2}}),
        ("messages", {"output_config": {"effort": "low"}}, {"output_config": {"effort": "high"}}),
        ("messages", {"tool_choice": {"type": "auto"}}, {"tool_choice": {"type": "any"}}),
    ],
)
def test_what_divides(dialect, one, other):
    assert digest(dialect, **one) != digest(dialect, **other)


@pytest.mark.parametrize(
    ("dialect", "one", "other"),
    [
        ("responses", {"reasoning": {"effort": "low", "summary": "auto"}}, {"reasoning": {"effort": "low"}}),
        ("responses", {"tool_choice": "auto", "prompt_cache_key": "a"}, {"tool_choice": "required", "prompt_cache_key": "b"}),
        ("messages", {"thinking": {"type": "adaptive", "display": "updates"}}, {"thinking": {"type": "adaptive"}}),
        ("messages", {"max_tokens": 1, "metadata": {}}, {}),
        ("chat", {"temperature": 1}, {}),
        ("messages", {"thinking": 7}, {}),
    ],
)
def test_what_does_not(dialect, one, other):
    assert digest(dialect, **one) == digest(dialect, **other)


def test_prompts_kept_by_the_provider():
    assert goes_on("responses", {"previous_response_id": Raw(b'"r"')})
    assert not goes_on("responses", {"conversation": Raw(b"null")})
    assert not goes_on("chat", {"previous_response_id": Raw(b'"r"')})


def prompt(effort, turns):
    body = {"model": "m", "instructions": "i" * 400, "reasoning": {"effort": effort}, "input": [{"role": "user", "content": f"{n}" * 400} for n in range(turns)]}
    fields = msgspec.json.decode(msgspec.json.encode(body), type=dict[str, Raw])
    return fingerprint("responses", fields, 1, b"a")


def test_another_effort_breaks_a_warm_prompt_and_teaches_nothing_about_lifetimes():
    first = prompt("high", 3)
    answered = Answered(at=NOW, total=90_000, read=9_600, out=10, begins_turn=True, granted_s=1800.0)
    record = remember(
        None, thread="t", team="a", client="c", user="", agent="main", session="s", parent="", route="r", model="gpt-6-sol",
        served="gpt-6-sol", provider="openai", upstream="u", dialect="responses", fingerprint=first, answered=answered,
        window_number=0, now=NOW, picos=1, written=80_400,
    )  # fmt: skip
    rules = rules_for("openai", "gpt-6-sol")
    same = assess(record, prompt("high", 4), "gpt-6-sol", rules, NOW + 30)
    other = assess(record, prompt("low", 4), "gpt-6-sol", rules, NOW + 30)
    assert (same.state, same.expected_read_tokens) == ("warm", 90_000)
    assert (other.state, other.reason, other.expected_read_tokens) == ("broken", "settings_changed", 9_600)
    looked = by_prefix(record.standing, record.boundaries, prompt("low", 4), True, NOW + 30, rules)
    assert (looked.word, looked.kept) == ("edited", 9_600)
    old = replace(record, standing=replace(record.standing, settings=""))
    assert assess(old, prompt("low", 4), "gpt-6-sol", rules, NOW + 30).state == "warm", "what was not remembered is not compared"
    undivided = rules_for("vllm", "m")
    assert assess(replace(record, provider="vllm"), prompt("low", 4), "gpt-6-sol", undivided, NOW + 30).state != "broken"
