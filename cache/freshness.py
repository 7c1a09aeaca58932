"""Judges what a provider's prompt cache still holds of a thread: values in, one value out, no clock of its own.

First the reasons that need no clock are asked (first call, other model, changed prefix), then the documented
lifetime. "Warm" takes both: the prefix was compared and is the one the provider saw, and the lifetime it promises has
not run out. A timer alone says "cooling" at most, because about a third of all misses happen within the lifetime.
"""

from cache.fingerprint import Fingerprint
from cache.kept import AT_LEADS, kept, lead_tokens
from cache.providers import CacheRules, Tier
from cache.standing import Standing
from cache.types import Boundary, Freshness, State, ThreadRecord

NEAR_EXPIRY = 0.8
"""From this share of the promised lifetime on a thread cools: a person still types, and clocks differ."""
COMPACTED_BELOW = 0.7
"""A prompt that shrank below this share and changed was compacted, not edited."""


def assess(
    record: ThreadRecord | None,
    fingerprint: Fingerprint | None,
    model: str,
    rules: CacheRules | None,
    now: float,
) -> Freshness:
    """What to expect if `model` answers this prompt now. `now` is in Unix seconds.

    Without a fingerprint (no request at hand, or part of its prompt lies at the provider) the prefix counts as unseen.
    """
    if record is None or not record.requests:
        return Freshness(state="unknown", reason="first_call")
    idle_s = max(0.0, now - record.last_end)
    if record.model != model:
        return Freshness(state="cold", reason="model_changed", idle_s=idle_s, expected_read_tokens=0)
    seen = fingerprint is not None and fingerprint.whole and bool(record.boundaries)
    tokens, broken, used_at = record.cached_tokens, "", 0.0
    if seen and fingerprint is not None:
        tokens, broken, used_at = _compared(record, fingerprint, rules, now)
    if rules is None:
        if broken:
            return Freshness(state="broken", reason=broken, idle_s=idle_s)
        return Freshness(state="unknown", reason="no_rule", idle_s=idle_s)
    tier = rules.tier(record.cache_ttl_s)
    read_at = used_at or max(record.last_end, record.kept_at)
    unread_s = max(0.0, now - read_at)
    state, reason = _by_clock(unread_s, tier)
    expected = _expected(tokens, rules) if unread_s <= tier.minimum_s > 0 else _after(unread_s, tier)
    if broken:
        return Freshness(state="broken", reason=broken, idle_s=idle_s, expected_read_tokens=expected)
    if _expected(record.cached_tokens, rules) == 0:
        nothing = "below_minimum" if record.cached_tokens else "nothing_cached"
        return Freshness(state="cold", reason=nothing, idle_s=idle_s, expected_read_tokens=0)
    if state == "warm" and not seen:
        state, reason = "cooling", "prefix_unseen"
    warm_until = read_at + tier.minimum_s if tier.minimum_s else None
    return Freshness(state=state, reason=reason, idle_s=idle_s, expected_read_tokens=expected, warm_until=warm_until)


def _compared(
    record: ThreadRecord, fingerprint: Fingerprint, rules: CacheRules | None, now: float
) -> tuple[int, str, float]:
    """Tokens of what this prompt still begins with, which part of it changed, and when that was used if not last time."""
    newest = record.boundaries[-1]
    found = kept(record.boundaries, fingerprint, rules, record.cache_ttl_s, now)
    left = found.tokens if found is not None else 0
    if found is None and rules is not None and rules.breakpoints in AT_LEADS:
        left = lead_tokens(record.boundaries, fingerprint, record.standing)
    tokens = min(record.cached_tokens, left)
    if found != newest:
        used_at = found.at if found is not None and found.at < newest.at else 0.0
        return tokens, _break(newest, record.standing, fingerprint), used_at
    if rules is not None and rules.divided_by_settings and resettled(record.standing, fingerprint):
        return min(tokens, record.standing.floor), "settings_changed", 0.0
    return tokens, "", 0.0


def resettled(standing: Standing, fingerprint: Fingerprint) -> bool:
    """Whether this prompt is asked with other settings than the last one, so that its entry cannot be read."""
    then, now = standing.settings, fingerprint.settings
    return bool(then) and bool(now) and then != now


def _break(newest: Boundary, standing: Standing, fingerprint: Fingerprint) -> str:
    """Which part changed: the first in the order providers read them."""
    if fingerprint.sizes[-1] < COMPACTED_BELOW * newest.size:
        return "compacted"
    if standing.tools and fingerprint.digests[0].hex() != standing.tools:
        return "tools_changed"
    if standing.beginning and fingerprint.digests[fingerprint.lead].hex() != standing.beginning:
        return "system_changed"
    return "prefix_changed"


def _by_clock(unread_s: float, tier: Tier) -> tuple[State, str]:
    """State and reason by documented lifetime alone."""
    if unread_s <= tier.minimum_s > 0:
        near = unread_s > NEAR_EXPIRY * tier.minimum_s
        return ("cooling", "near_expiry") if near else ("warm", "within_lifetime")
    if tier.maximum_s is None:
        return "unknown", "no_promise"
    if unread_s <= tier.maximum_s:
        return "cooling", "no_promise"
    return "cold", "past_lifetime"


def _after(unread_s: float, tier: Tier) -> int | None:
    """Tokens to expect once the promise is over: nothing after the end, unknown before it."""
    return 0 if tier.maximum_s is not None and unread_s > tier.maximum_s else None


def _expected(tokens: int, rules: CacheRules) -> int:
    """What a provider would read of a prefix it holds: nothing below its minimum, and only whole blocks."""
    if tokens < rules.minimum_tokens:
        return 0
    return tokens - tokens % rules.granularity
