"""Usage as Anthropic Messages writes it: the input excludes what was cached, and the parts add up.

Fields by the API reference of November 2026. Where `iterations` is present (server-side compaction, fallbacks, advisors)
the top-level counts leave some of it out, and the bill is the sum over its entries, each at its own model's price.
"""

from msgspec.structs import replace

from gateway.metering.types import Usage
from gateway.metering.usage_counts import Impossible, Object, count, part, word, writes

ITERATIONS_MAX = 10_000
"""Sampling iterations in one answer; a loop of server tools makes dozens."""


def messages_usage(usage: Object, model: str = "", response_id: object = "") -> Usage | None:
    """Disjoint kinds of one usage object; None when it reports nothing. Nothing raises, see `openai_usage`."""
    tier = _tier(usage)
    try:
        fees = _fees(usage)
        parts = _iterations(usage, model, tier)
    except Impossible as no:
        return Usage(kinds={}, model=model, tier=tier, response_id=word(response_id), exact=False, problem=no.problem)
    if not parts:
        whole = _counts(usage, model, tier)
        return None if whole is None else replace(whole, fees=fees, response_id=word(response_id))
    kinds: dict[str, int] = {}
    for each in parts:
        for kind, tokens in each.kinds.items():
            kinds[kind] = kinds.get(kind, 0) + tokens
    problem = next((each.problem for each in parts if each.problem), "")
    return Usage(
        kinds=kinds,
        model=model,
        tier=tier,
        fees=fees,
        response_id=word(response_id),
        exact=not problem,
        problem=problem,
        parts=parts,
    )


def _counts(usage: Object, model: str, tier: str) -> Usage | None:
    problem = ""
    kinds: dict[str, int] = {}
    reported = False
    try:
        given = count(usage.get("input_tokens"))
        read, written = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
        tiers = part(usage, "cache_creation")
        reported = given is not None or read is not None or written is not None
        if given is None:
            problem = "input_missing"
        kinds = {"input_uncached": given or 0, "cache_read": read or 0, **_written(written, tiers)}
    except Impossible as no:
        problem, reported = no.problem, True
    try:
        made = count(usage.get("output_tokens"))
        thought = count(part(usage, "output_tokens_details").get("thinking_tokens")) or 0
        if made is None:
            problem = problem or "output_missing"
        elif thought > made:
            raise Impossible("reasoning_exceeds_output")
        kinds |= {"output": (made or 0) - thought, "reasoning": thought}
        reported = reported or made is not None
    except Impossible as no:
        problem, reported = no.problem, True
    if not reported:
        return None
    kinds = {kind: tokens for kind, tokens in kinds.items() if tokens > 0}
    return Usage(kinds=kinds, model=model, tier=tier, exact=not problem, problem=problem)


def _written(written: int | None, tiers: Object) -> dict[str, int]:
    named = {
        "cache_write_5m": count(tiers.get("ephemeral_5m_input_tokens")),
        "cache_write_1h": count(tiers.get("ephemeral_1h_input_tokens")),
        "cache_write_30m": count(tiers.get("ttl_30m_tokens")),  # OpenAI's, in an answer that was translated
        "cache_write_12h": count(tiers.get("ttl_12h_tokens")),
    }
    return writes(written, named, "cache_write_5m")


def _iterations(usage: Object, model: str, tier: str) -> tuple[Usage, ...]:
    """The share of each iteration, empty when the answer was made in one go."""
    entries = usage.get("iterations")
    if entries is None or entries == []:
        return ()
    if not isinstance(entries, list) or len(entries) > ITERATIONS_MAX:
        raise Impossible("not_a_list")
    found: list[Usage] = []
    for entry in entries:
        if not isinstance(entry, dict):
            raise Impossible("not_an_object")
        share = _counts(entry, word(entry.get("model")) or model, tier)
        if share is not None:
            found.append(share)
    return tuple(found)


def _fees(usage: Object) -> dict[str, int]:
    """Web searches are billed per call; fetches are free and code execution is billed by the hour, elsewhere."""
    searches = count(part(usage, "server_tool_use").get("web_search_requests"))
    return {"web_search": searches} if searches else {}


def _tier(usage: Object) -> str:
    """What the price depends on besides the model: service tier, `fast`, and inference kept in the US."""
    names = [word(usage.get("service_tier")), word(usage.get("speed"))]
    if usage.get("inference_geo") == "us":
        names.append("us")
    return "+".join(name for name in names if name and name != "standard")
