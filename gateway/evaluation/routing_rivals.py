"""What others ship for the same question, run on the same cases: LiteLLM's two classifiers where it is installed, the
keyword signal of vLLM Semantic Router, and a regular expression as a gateway's operator would write it in ten minutes."""

import importlib
import os
import re
from collections.abc import Callable, Iterator

from gateway.evaluation.routing_cases import Case

Rival = Callable[[Case], bool]

NAIVE = re.compile(
    r"```|\bdef \w+\(|\bclass \w+|\bimport \w+|\bSELECT\b.+\bFROM\b|#include|\bfunction\b|=>|Traceback|Exception\b"
    r"|\b(?:code|python|javascript|typescript|java|golang|rust|c\+\+|sql|regex|bash|shell|script|bug|debug|refactor|compile"
    r"|api|json|yaml|html|css|docker|kubernetes|git|commit|unit test|algorithm|class|method|variable|repo(?:sitory)?)\b",
    re.IGNORECASE,
)
VLLM_KEYWORDS = re.compile(r"\b(?:code|function|debug|algorithm|refactor)\b", re.IGNORECASE)
"""The words of the signal `code_keywords` in the documentation of vLLM Semantic Router (v0.3, "Keyword Based Routing"): any
of them, in any case. The router itself is a Go program with models of its own; this is the part that needs none."""
CODE_TYPES = frozenset(("code_generation", "code_understanding", "technical_design"))


def rivals() -> Iterator[tuple[str, Rival]]:
    """Those that can be run here, with their names."""
    yield "a naive regular expression", lambda case: NAIVE.search(case.signals.turn_text) is not None
    yield "vLLM Semantic Router, code keywords", lambda case: VLLM_KEYWORDS.search(case.signals.turn_text) is not None
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else the import downloads one
    try:
        adaptive = importlib.import_module("litellm.router_strategy.adaptive_router.classifier")
        complexity = importlib.import_module("litellm.router_strategy.complexity_router.config")
    except ImportError:
        return
    yield (
        "LiteLLM adaptive router, classify_prompt",
        lambda case: str(adaptive.classify_prompt(case.signals.turn_text).value) in CODE_TYPES,
    )
    words = tuple(word.lower() for word in complexity.DEFAULT_CODE_KEYWORDS)
    spoken = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in words))
    yield "LiteLLM complexity router, code keywords", lambda case: spoken.search(case.signals.turn_text.lower()) is not None
