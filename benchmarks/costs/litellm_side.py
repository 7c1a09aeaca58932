"""The question put to LiteLLM: its own classes read the answer, its own `completion_cost` prices it.

Each shape goes the way LiteLLM itself goes with it: streams through `stream_chunk_builder`, Messages through the usage of
its Anthropic client, batches through `batch_cost_calculator`. Its prices are those of its package, not of its repository.
"""

import os
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any
from unittest import mock

from benchmarks.costs.shapes import Asked

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # read when it is imported: otherwise it fetches a newer map

import litellm
from litellm.cost_calculator import batch_cost_calculator, get_response_cost_from_hidden_params
from litellm.litellm_core_utils.llm_cost_calc import utils as reckoning
from litellm.llms.anthropic.chat.handler import ModelResponseIterator
from litellm.llms.anthropic.chat.transformation import AnthropicConfig
from litellm.llms.bedrock.chat.converse_transformation import AmazonConverseConfig
from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import VertexGeminiConfig
from litellm.llms.xai.common_utils import xai_reported_cost_in_usd
from litellm.responses.utils import ResponseAPILoggingUtils
from litellm.types.llms.openai import ResponsesAPIResponse
from litellm.types.utils import (
    EmbeddingResponse,
    ImageResponse,
    ModelResponse,
    ModelResponseStream,
    TranscriptionResponse,
    Usage,
)

litellm.suppress_debug_info = True
_IS_OFF_PEAK = reckoning._is_off_peak  # it takes the hour from the clock; here it is the case that tells the hour
NAMES = {"vertex": "vertex_ai", "together": "together_ai", "qwen": "dashscope"}


def installed() -> str:
    """The version that is asked."""
    return version("litellm")


def cost(question: Asked) -> Decimal | None:
    """Its dollars; None where it says that it has no price. Raises where it refuses."""
    if not question.answer:
        return None
    moment = datetime.fromisoformat(question.at).replace(tzinfo=UTC)
    with mock.patch.object(reckoning, "_is_off_peak", lambda hours, _=None: _IS_OFF_PEAK(hours, moment)):
        return _cost(question)


def _cost(question: Asked) -> Decimal | None:
    provider = NAMES.get(question.provider, question.provider)
    response = _told(_response(question), question)
    if (word := get_response_cost_from_hidden_params(getattr(response, "_hidden_params", {}))) is not None:
        return _decimal(word)
    if question.tier == "batch":
        usage = response.usage
        if not isinstance(usage, Usage):
            usage = ResponseAPILoggingUtils._transform_response_api_usage_to_chat_usage(usage)
        return _decimal(sum(batch_cost_calculator(usage, question.model, provider)))
    price = litellm.completion_cost(
        completion_response=response,
        model=question.model,
        custom_llm_provider=provider,
        call_type=_CALLS.get(question.shape),
        service_tier=question.tier or None,
    )
    return _decimal(price)


_CALLS: dict[str, Any] = {
    "responses": "responses",
    "embeddings": "embedding",
    "images": "image_generation",
    "transcription": "transcription",
}


def _decimal(price: float | None) -> Decimal | None:
    return None if price is None else Decimal(repr(price))


def _told(response: Any, question: Asked) -> Any:
    """The provider's own word where LiteLLM's client of that provider keeps it."""
    usage = question.answer.get("usage")
    if not isinstance(usage, dict) or question.shape != "chat":
        return response
    if question.provider == "openrouter" and usage.get("cost") is not None:
        response._hidden_params["additional_headers"] = {"llm_provider-x-litellm-response-cost": float(usage["cost"])}
    ticks = xai_reported_cost_in_usd(usage.get("cost_in_usd_ticks"))
    if question.provider == "xai" and ticks is not None:
        response.usage = response.usage.model_copy(update={"cost": ticks})
    return response


def _response(question: Asked) -> Any:
    """The answer as LiteLLM's own classes hold it."""
    answer, model = question.answer, question.model
    if question.events and question.shape in ("chat", "messages"):
        return _streamed(question)
    if question.shape == "chat":
        tier = {"service_tier": answer["service_tier"]} if answer.get("service_tier") else {}
        return ModelResponse(model=model, usage=Usage(**answer["usage"]), **tier)
    if question.shape == "responses":
        return ResponsesAPIResponse(**{"id": "r", "created_at": 0, "output": [], "model": model, **answer})
    return _other(question, answer.get("usage"))


def _streamed(question: Asked) -> Any:
    if question.shape == "chat":
        events = [{**event, **(event.get("x_groq") or {})} for event in question.events]
        return litellm.stream_chunk_builder([ModelResponseStream(**event) for event in events])
    reader = ModelResponseIterator(None, sync_stream=True)
    chunks = [reader.chunk_parser(event) for event in question.events if event.get("type") != "ping"]
    return _named(litellm.stream_chunk_builder(chunks), question.model)


def _other(question: Asked, usage: Any) -> Any:
    answer, model = question.answer, question.model
    if question.shape == "embeddings":
        return EmbeddingResponse(model=model, data=[], usage=Usage(**usage))
    if question.shape == "images":
        return ImageResponse(created=0, data=answer.get("data", [{"b64_json": ""}]), usage=usage)
    if question.shape == "transcription":
        response = TranscriptionResponse(text="")
        response.usage = usage
        return response
    readers = {
        "messages": lambda: AnthropicConfig().calculate_usage(usage, None, answer, usage.get("speed")),
        "gemini": lambda: VertexGeminiConfig._calculate_usage(answer),
        "converse": lambda: AmazonConverseConfig().transform_usage(usage),
        "realtime": lambda: ResponseAPILoggingUtils._transform_response_api_usage_to_chat_usage(usage),
    }
    return ModelResponse(model=model, usage=readers[question.shape]())


def _named(response: Any, model: str) -> Any:
    response.model = model
    return response
