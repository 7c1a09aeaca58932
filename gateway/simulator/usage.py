"""Usage as each vendor writes it, from the simulator's token kinds.

Fields as in the API references of November 2026. OpenAI counts cached and written tokens inside the input; Anthropic's
three input counts add up. Models before GPT-5.6 know no cache writes.
"""

from collections.abc import Mapping

_WRITES = ("cache_write_30m", "cache_write_12h")
_INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details")


def chat(kinds: Mapping[str, int], paid_writes: bool) -> dict[str, object]:
    """`usage` of a Chat Completions answer."""
    fresh, read, written, output, reasoning = _parts(kinds)
    details: dict[str, object] = {"cached_tokens": read, "audio_tokens": 0}
    if paid_writes:
        details["cache_write_tokens"] = written
    return {
        "prompt_tokens": fresh + read + written,
        "completion_tokens": output,
        "total_tokens": fresh + read + written + output,
        "prompt_tokens_details": details,
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def responses(kinds: Mapping[str, int], paid_writes: bool) -> dict[str, object]:
    """`usage` of a Responses answer."""
    fresh, read, written, output, reasoning = _parts(kinds)
    details: dict[str, object] = {"cached_tokens": read}
    if paid_writes:
        details["cache_write_tokens"] = written
        details["cache_write_tokens_details"] = {
            "ttl_30m_tokens": kinds.get("cache_write_30m", 0),
            "ttl_12h_tokens": kinds.get("cache_write_12h", 0),
        }
    return {
        "input_tokens": fresh + read + written,
        "input_tokens_details": details,
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": fresh + read + written + output,
    }


def messages(kinds: Mapping[str, int], output: int, thinking: int = 0) -> dict[str, object]:
    """`usage` of a Messages answer; `output` is what was generated so far, of which `thinking` was reasoning."""
    five, hour = kinds.get("cache_write_5m", 0), kinds.get("cache_write_1h", 0)
    counts: dict[str, object] = {
        "input_tokens": kinds.get("input_uncached", 0),
        "cache_creation_input_tokens": five + hour,
        "cache_read_input_tokens": kinds.get("cache_read", 0),
        "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour},
        "output_tokens": output,
        "service_tier": "standard",
    }
    if thinking:
        counts["output_tokens_details"] = {"thinking_tokens": thinking}
    return counts


def without_cache(counts: Mapping[str, object]) -> dict[str, object]:
    """The same usage with every word about the input's caches left out, as some deployments send it."""
    return {name: value for name, value in counts.items() if "cache" not in name and name not in _INPUT_DETAILS}


def _parts(kinds: Mapping[str, int]) -> tuple[int, int, int, int, int]:
    written = sum(kinds.get(kind, 0) for kind in _WRITES)
    reasoning = kinds.get("reasoning", 0)
    return (
        kinds.get("input_uncached", 0),
        kinds.get("cache_read", 0),
        written,
        kinds.get("output", 0) + reasoning,
        reasoning,
    )
