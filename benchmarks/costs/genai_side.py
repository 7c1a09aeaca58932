"""The question put to genai-prices: its own reading of the answer (`extract_usage`), its own price."""

from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version

import genai_prices
from genai_prices.data import providers

from benchmarks.costs.shapes import Asked

NAMES = {"gemini": "google", "xai": "x-ai", "bedrock": "aws", "vertex": "google", "moonshot": "moonshotai"}
FLAVORS = {
    "chat": ("chat", "default"),
    "responses": ("responses", "chat", "default"),
    "messages": ("default", "anthropic"),
    "gemini": ("default",),
    "converse": ("default",),
    "embeddings": ("embeddings", "chat"),
    "images": ("images",),
    "transcription": ("chat",),
    "realtime": ("realtime",),
}
"""What it calls the shapes, which differs by provider: the first that it knows is taken."""


def installed() -> str:
    """The version that is asked."""
    return version("genai-prices")


def cost(question: Asked) -> Decimal | None:
    """Its dollars; None where it says that it has no price. Raises where it refuses."""
    if not question.answer:
        return None
    provider = NAMES.get(question.provider, question.provider)
    if question.shape == "messages" and question.provider == "bedrock":
        flavors: tuple[str, ...] = ("anthropic",)
    elif question.provider == "vertex":
        flavors = ("anthropic",)
    else:
        flavors = FLAVORS[question.shape]
    answer = {**question.answer, "model": question.model, "modelVersion": question.model}
    if question.shape == "realtime":
        answer = {"type": "response.done", "response": answer, "model": question.model}
    known = {each.api_flavor for source in providers if source.id == provider for each in source.extractors or ()}
    flavor = next((each for each in flavors if each in known), flavors[0])
    found = genai_prices.extract_usage(answer, provider_id=provider, api_flavor=flavor)
    price = genai_prices.calc_price(
        found.usage,
        question.model,
        provider_id=provider,
        genai_request_timestamp=datetime.fromisoformat(question.at).replace(tzinfo=UTC),
        price_context=_context(question),
    )
    return price.total_price


def _context(question: Asked) -> dict[str, str] | None:
    context = {}
    if question.tier == "batch":
        context["processing"] = "batch"
    elif question.tier:
        context["service_tier"] = question.tier
    usage = question.answer.get("usage")
    if isinstance(usage, dict) and usage.get("speed") == "fast":
        context["speed"] = "fast"
    return context or None
