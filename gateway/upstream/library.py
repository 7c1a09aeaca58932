"""The parts of LiteLLM that are used, and everything else it would do switched off.

Imported when the first request needs it: 2 to 3 s and some 160 MB. Only what the pinned version offers is named here, so an
upgrade is this file, its tests, and docs/reference/translation.md.
"""

import logging
import os
import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from gateway.upstream.translate import Fields, Shape

_ENVIRONMENT = {
    "LITELLM_MODE": "PRODUCTION",  # else it reads a .env file from the working directory
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it downloads one
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",  # likewise
    "LITELLM_ANTHROPIC_DISABLE_URL_SUFFIX": "True",  # the address we give is the whole address
    "LITELLM_LOG": "CRITICAL",
}
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
"""Their messages quote what upstreams say, which may quote a prompt."""
_CALLBACKS = "callbacks success_callback failure_callback _async_success_callback _async_failure_callback".split()
_NOISY = r"(litellm|pydantic|openai|aiohttp|httpx|importlib)\b"
_PASSES_THROUGH = "litellm.llms.anthropic.pass_through.adapters.transformation"
_BRIDGE = "litellm.responses.litellm_completion_transformation.transformation"


class Library:
    """LiteLLM as far as it is used: two translations of requests into chat, and one call."""

    def __init__(self) -> None:
        os.environ.update(_ENVIRONMENT)
        quieten()
        litellm: Any = import_module("litellm")
        litellm.telemetry = False
        litellm.suppress_debug_info = True
        litellm.drop_params = True
        litellm.num_retries = 0
        litellm.disable_streaming_logging = True
        litellm.turn_off_message_logging = True
        for name in _CALLBACKS:
            setattr(litellm, name, [])
        for logger in _LOGGERS:
            logging.getLogger(logger).disabled = True
        self._litellm = litellm
        self._messages = import_module(_PASSES_THROUGH).AnthropicAdapter()
        self._responses = import_module(_BRIDGE).LiteLLMCompletionResponsesConfig
        self._timeout = import_module("httpx").Timeout
        self._close = import_module("litellm.llms.custom_httpx.async_client_cleanup").close_litellm_async_clients

    def as_chat(self, shape: Shape, asked: Fields, called: Fields) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """The request as chat says it, and the original names of tools whose names were too long for it."""
        provider = called["custom_llm_provider"]
        if shape == "responses":
            body = {name: value for name, value in asked.items() if name != "input"}
            made = self._responses.transform_responses_api_request_to_chat_completion_request(
                model=called["model"],
                input=asked["input"],
                responses_api_request=body,
                custom_llm_provider=provider,
            )
            return made, {}
        if shape == "messages":
            request, names = self._messages.translate_completion_input_params_with_tool_mapping(
                {**asked, "model": called["model"]}, custom_llm_provider=provider
            )
            return request, names
        return asked, {}

    async def complete(self, request: Fields, called: Fields, first_byte_s: float, connect_s: float) -> Any:
        """One call of the upstream: chat's whole answer, or the provider's own stream of chat chunks.

        Not LiteLLM's wrapper around that stream, which makes up a reason to stop and a usage where the upstream gave none,
        and takes half a millisecond for every chunk.
        """
        said = await self._litellm.acompletion(
            **request, **called, timeout=self._timeout(first_byte_s, connect=connect_s)
        )
        return said.completion_stream if request.get("stream") else said

    async def close(self) -> None:
        """Close the connections to upstreams that are kept open."""
        await self._close()


def quieten() -> None:
    """Keep LiteLLM's warnings, which concern its own code, out of this process's log."""
    warnings.filterwarnings("ignore", module=_NOISY)
