"""The table finds the right generation by name, and says nothing about what it does not know."""

from urllib.parse import urlsplit

import pytest

from cache.providers import _ELSEWHERE, _OTHERS, rules_for

OLD, NEW = "openai up to gpt-5.5", "openai since gpt-5.6"


@pytest.mark.parametrize(
    ("provider", "model", "family"),
    [
        ("openai", "gpt-5.3-codex", OLD),
        ("openai", "gpt-5", OLD),
        ("openai", "gpt-5-mini", OLD),
        ("openai", "gpt-5.5", OLD),
        ("openai", "gpt-4o", OLD),
        ("openai", "gpt-4o-2024-08-06", OLD),
        ("openai", "ft:gpt-4.1-mini:acme::x", OLD),
        ("openai", "o3", OLD),
        ("openai", "o4-mini", OLD),
        ("openai", "gpt-5.6-sol", NEW),
        ("openai", "gpt-6-luna", NEW),
        ("openai", "gpt-6.1-sol", NEW),
        ("OpenAI", "openai/GPT-7", NEW),
        ("azure", "gpt-6-astra", NEW),
        ("azure_openai", "gpt-4.1", OLD),
        ("anthropic", "claude-opus-5-5", "anthropic"),
        ("bedrock", "us.anthropic.claude-opus-4-5-20251101-v1:0", "anthropic"),
        ("vertex_ai", "claude-sonnet-5-5@20260901", "anthropic"),
        ("vertex", "gemini-3.8-flash", "gemini, implicit"),
        ("openrouter", "anthropic/claude-opus-4.5", "anthropic"),
        ("openrouter", "openai/gpt-5.5", OLD),
        ("openrouter", "deepseek/deepseek-v4-flash", "deepseek"),
        ("openrouter", "x-ai/grok-4.7", "xai"),
        ("groq", "llama-4", "groq"),
        ("sglang", "anything", "vllm"),
    ],
)
def test_a_model_finds_its_family(provider: str, model: str, family: str) -> None:
    found = rules_for(provider, model)
    assert found is not None
    assert found.family == family


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4"),
        ("openai", "gpt-4-turbo"),
        ("openai", "gpt-oss-120b"),
        ("openai", "text-embedding-3-large"),
        ("openai", "claude-opus-5-5"),
        ("openai", "o3ish"),
        ("anthropic", "gpt-6-luna"),
        ("azure", "my-deployment"),
        ("openrouter", "openrouter/auto"),
        ("openrouter", "openrouter/openrouter/openrouter/auto"),
        ("acme", "gpt-6-luna"),
        ("", ""),
    ],
)
def test_the_unknown_has_no_rules(provider: str, model: str) -> None:
    assert rules_for(provider, model) is None


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-opus-4-5-20251101", 4096),
        ("claude-opus-4.6", 4096),
        ("claude-opus-4-7", 2048),
        ("claude-opus-4-8", 1024),
        ("claude-opus-4-20250514", 1024),
        ("claude-opus-5", 512),
        ("claude-sonnet-5", 1024),
        ("claude-sonnet-5-5", 512),
        ("claude-haiku-4-5", 4096),
        ("claude-fable-5-1", 512),
    ],
)
def test_claude_minimums_follow_the_model(model: str, tokens: int) -> None:
    found = rules_for("anthropic", model)
    assert found is not None
    assert found.minimum_tokens == tokens


def test_the_granted_tier_decides_and_the_default_is_first() -> None:
    claude, gpt = rules_for("anthropic", "claude-opus-5-5"), rules_for("openai", "gpt-6-luna")
    assert claude is not None
    assert gpt is not None
    assert [claude.tier(granted).minimum_s for granted in (0.0, 300.0, 3600.0, 77.0)] == [300, 300, 3600, 300]
    assert [gpt.tier(granted).minimum_s for granted in (0.0, 1800.0, 43200.0)] == [1800, 1800, 43200]


def test_a_reseller_is_cited_for_what_it_resells() -> None:
    found = rules_for("bedrock", "anthropic.claude-opus-5-5")
    assert found is not None
    assert "aws" in found.source


def test_every_row_has_a_source_and_a_sane_lifetime() -> None:
    rows = [
        rules_for("openai", "o3"),
        rules_for("openai", "gpt-6"),
        rules_for("anthropic", "claude-x"),
        *_OTHERS.values(),
    ]
    for row in rows:
        assert row is not None
        assert urlsplit(row.source).scheme == "https"
        assert row.as_of >= "2026-11"
        assert row.granularity >= 1
        assert all(tier.maximum_s is None or tier.minimum_s <= tier.maximum_s for tier in row.tiers)
    assert all(urlsplit(source).scheme == "https" for source in _ELSEWHERE.values())


@pytest.mark.parametrize(
    ("provider", "model", "least"),
    [
        ("gemini", "gemini-2.5-flash", 1024),
        ("google", "models/gemini-2.5-pro", 2048),
        ("vertex", "gemini-3.8-flash", 4096),
        ("gemini", "gemini-2.0-flash", 1024),
    ],
)
def test_geminis_minimum_depends_on_the_model(provider: str, model: str, least: int) -> None:
    found = rules_for(provider, model)
    assert found is not None
    assert found.minimum_tokens == least


NAMED = ("openai", "anthropic", "azure", "bedrock", "gemini", "deepseek", "xai", "groq", "mistral", "fireworks", "openrouter",
         "qwen", "vllm", "sglang")  # fmt: skip


@pytest.mark.parametrize("provider", NAMED)
def test_every_provider_has_rules_with_a_source_and_a_date(provider: str) -> None:
    model = {"openai": "gpt-6-sol", "azure": "gpt-6-sol", "openrouter": "openai/gpt-6-sol"}.get(provider, "claude-opus-5-5")
    found = rules_for(provider, model)
    assert found is not None
    assert urlsplit(found.source).scheme == "https"
    assert found.as_of >= "2026-11"
