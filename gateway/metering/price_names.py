"""Which row of the price table a provider and a model name mean, without ever taking one model for another.

Vendors put dates and versions behind a model's name; those are taken off one after the other, and only where nothing has
the full name. A region in front (Bedrock's `eu.`) may cost more and stays. No name is matched by how it begins: `gpt-5`
says nothing about what `gpt-5-pro` costs.
"""

import re
from collections.abc import Iterator

ALIASES = {
    "amazon": "bedrock",
    "aws": "bedrock",
    "azure_ai": "azure",
    "azure_openai": "azure",
    "dashscope": "qwen",
    "fireworks-ai": "fireworks",
    "fireworks_ai": "fireworks",
    "google": "gemini",
    "google-ai-studio": "gemini",
    "google_ai_studio": "gemini",
    "google-vertex": "vertex",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "moonshotai": "moonshot",
    "together-ai": "together",
    "together_ai": "together",
    "togetherai": "together",
    "vertex_ai": "vertex",
    "vertexai": "vertex",
    "x-ai": "xai",
    "x_ai": "xai",
    "z-ai": "zai",
}
"""Other names of the table's providers, as gateways, clouds and telemetry spell them."""

_MAKERS = (
    (re.compile(r"(gpt-|o[134](-|$)|chatgpt-|codex-|text-embedding-|davinci|babbage|computer-use)"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"gemini-"), "gemini"),
    (re.compile(r"deepseek-"), "deepseek"),
    (re.compile(r"grok-"), "xai"),
    (re.compile(r"(mi(ni|x)?stral|codestral|devstral|magistral|pixtral|voxtral)"), "mistral"),
    (re.compile(r"(kimi-|moonshot-)"), "moonshot"),
    (re.compile(r"qw(en|q)"), "qwen"),
    (re.compile(r"glm-"), "zai"),
    (re.compile(r"command"), "cohere"),
)
_DATE = re.compile(r"[-@](20\d\d-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01]))$")
_VERSION = re.compile(r"(-v\d+:\d+|@default|@latest)$")
"""Bedrock's revision of a listing, and Vertex's words for the newest. `deepseek-v3` is none of these."""
_LATEST = re.compile(r"-latest$")
LATEST_IS_ALIAS = frozenset(("anthropic", "openai", "xai"))
"""Where `-latest` is the newest date of the very model; Mistral's `-latest` moves from one model to the next."""


def provider_named(name: str) -> str:
    """The table's name for a provider."""
    name = name.lower()
    return ALIASES.get(name, name)


def maker_of(model: str) -> tuple[str, str]:
    """The provider a bare model name belongs to, empty when it could be anybody's, and the name without its prefix."""
    name = model.strip().lower()
    head, slash, rest = name.partition("/")
    if slash and head != "models":
        return provider_named(head), rest
    name = name.removeprefix("models/")
    return next((maker for pattern, maker in _MAKERS if pattern.match(name)), ""), name


def spellings(provider: str, model: str) -> Iterator[str]:
    """Names to look a model up by at a provider (a table's name), the most exact first."""
    name = model.lower().removeprefix("models/")
    head, slash, rest = name.partition("/")
    yield name
    if slash and provider_named(head) == provider:
        name = rest
        yield name
    if name.startswith("ft:"):
        tuned = ":".join(name.split(":")[:2])
        if tuned != name:
            name = tuned
            yield name
    for pattern in (_VERSION, _DATE, _LATEST):
        if pattern is _LATEST and provider not in LATEST_IS_ALIAS:
            continue
        shorter = pattern.sub("", name)
        if shorter != name:
            name = shorter
            yield name
