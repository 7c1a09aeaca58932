"""What a provider says an answer cost: OpenRouter in dollars, xAI in ticks.

OpenRouter's credits are dollars ("Usage accounting"); with a key of one's own they are its fee alone, and what the maker
bills stands beside it. xAI's tick is a ten-billionth of a dollar (API reference, `usage.cost_in_usd_ticks`).
"""

import math
from collections.abc import Mapping
from decimal import Decimal

from gateway.metering.types import PICOS_PER_USD
from gateway.metering.usage_counts import Object

PICOS_PER_TICK = PICOS_PER_USD // 10**10
USD_MAX = 10_000
"""No answer costs more; whatever says so counts something else."""
REPORTS = frozenset(("openrouter", "xai"))
"""Providers whose word counts. Others' `cost` may be an estimate of some proxy on the way."""


def reported(usage: Object) -> int | None:
    """Pico-dollars by the provider's own word; None where it gives none that can be one."""
    ticks = usage.get("cost_in_usd_ticks")
    if type(ticks) is int and 0 <= ticks <= USD_MAX * 10**10:
        return ticks * PICOS_PER_TICK
    parts = [usage.get("cost")]
    if usage.get("is_byok") is True:
        details = usage.get("cost_details")
        parts.append(details.get("upstream_inference_cost") if isinstance(details, Mapping) else None)
    found = [_picos(part) for part in parts]
    known = [each for each in found if each is not None]
    return sum(known) if len(known) == len(found) else None


def _picos(usd: object) -> int | None:
    if isinstance(usd, bool) or not isinstance(usd, int | float) or not math.isfinite(usd) or not 0 <= usd <= USD_MAX:
        return None
    return int((Decimal(str(usd)) * PICOS_PER_USD).to_integral_value())
