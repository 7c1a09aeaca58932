"""Names of models: what may be taken off, and that no model is ever taken for another."""

import pytest

from gateway.metering.price_names import maker_of, provider_named, spellings
from gateway.metering.prices import PriceBook

AT = 1_795_564_800.0


def row(provider: str, model: str) -> str | None:
    entry = PriceBook.load(()).entry(provider, model)
    return None if entry is None else entry.name


@pytest.mark.parametrize(
    ("provider", "model", "name"),
    [
        ("openai", "gpt-5.5", "openai/gpt-5.5"),
        ("openai", "gpt-5.5-2026-04-23", "openai/gpt-5.5"),
        ("openai", "GPT-5.5", "openai/gpt-5.5"),
        ("openai", "openai/gpt-5.5", "openai/gpt-5.5"),
        ("openai", "gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13"),
        ("openai", "ft:gpt-3.5-turbo:acme::9x", "openai/ft:gpt-3.5-turbo"),
        ("anthropic", "claude-opus-5-5-20260901", "anthropic/claude-opus-5-5"),
        ("vertex_ai", "claude-opus-5-5@20260901", "vertex/claude-opus-5-5"),
        ("vertex", "claude-opus-5-5@default", "vertex/claude-opus-5-5"),
        ("google", "models/gemini-3.8-flash", "gemini/gemini-3.8-flash"),
        ("x-ai", "grok-4.7", "xai/grok-4.7"),
        ("fireworks_ai", "accounts/fireworks/models/deepseek-v4-pro", "fireworks/accounts/fireworks/models/deepseek-v4-pro"),
        ("openrouter", "anthropic/claude-opus-5.5", "openrouter/anthropic/claude-opus-5.5"),
        ("groq", "openai/gpt-oss-120b", "groq/openai/gpt-oss-120b"),
        ("azure_openai", "gpt-4o-2031-01-31", "azure/gpt-4o"),
    ],
)
def test_found(provider: str, model: str, name: str) -> None:
    assert row(provider, model) == name


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-5.5-turbo-ultra"),
        ("openai", "gpt-5.55"),
        ("openai", "gpt"),
        ("openai", "gpt-5.5-20269999"),
        ("openai", "claude-opus-5-5"),
        ("openai", "anthropic/claude-opus-5-5"),
        ("openai", "ft:gpt-5.5:acme::9x"),
        ("anthropic", "claude-opus-5-5-fast-20260901"),
        ("anthropic", "claude-opus-6"),
        ("mistral", "mistral-unheard-of-latest"),
        ("deepseek", "deepseek-v9"),
        ("bedrock", "mx.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("", ""),
        ("openai", "/"),
    ],
)
def test_not_taken_for_another(provider: str, model: str) -> None:
    assert row(provider, model) is None


def test_the_most_exact_spelling_comes_first() -> None:
    assert list(spellings("anthropic", "anthropic/claude-x-20260101-latest")) == [
        "anthropic/claude-x-20260101-latest",
        "claude-x-20260101-latest",
        "claude-x-20260101",
    ]
    assert list(spellings("bedrock", "eu.anthropic.claude-x-20260101-v1:0")) == [
        "eu.anthropic.claude-x-20260101-v1:0",
        "eu.anthropic.claude-x-20260101",
        "eu.anthropic.claude-x",
    ]


@pytest.mark.parametrize(
    ("model", "maker"),
    [
        ("gpt-6.1-sol", ("openai", "gpt-6.1-sol")),
        ("o3-mini", ("openai", "o3-mini")),
        ("Claude-Opus-5-5", ("anthropic", "claude-opus-5-5")),
        ("models/gemini-3.8-flash", ("gemini", "gemini-3.8-flash")),
        ("x-ai/grok-4.7", ("xai", "grok-4.7")),
        ("ministral-8b", ("mistral", "ministral-8b")),
        ("llama-3.3-70b", ("", "llama-3.3-70b")),
        ("o2-sensor", ("", "o2-sensor")),
    ],
)
def test_makers(model: str, maker: tuple[str, str]) -> None:
    assert maker_of(model) == maker


def test_aliases() -> None:
    assert [provider_named(name) for name in ("Vertex_AI", "google", "openai", "our-vllm")] == [
        "vertex", "gemini", "openai", "our-vllm",
    ]  # fmt: skip
