"""The section of a config about pings that keep prompt caches warm."""

from decimal import Decimal

from pydantic import Field

from gateway.config.scalars import Count, Name, Usd
from gateway.config.schema_base import Section


class KeepWarm(Section):
    """Pings that keep the prompt cache of a resting thread warm while somebody is likely to come back to it."""

    enabled: bool = Field(
        default=False,
        description="Send them. The last request of each thread is then held in memory, never on disk, until the ping is no "
        "longer worth it.",
    )
    cap_usd_per_day: Usd = Field(
        default=Decimal("1"),
        description="Most that all pings of a day (UTC) may cost, in dollars; held for each is the most it can cost.",
    )
    min_tokens: Count = Field(default=20_000, description="Cached tokens below which a thread is not worth it.")
    memory_mb: Count = Field(
        default=64, le=4096, description="MiB of requests held at most by each worker; the oldest give way."
    )
    teams: tuple[Name, ...] | None = Field(default=None, description="Only threads of these teams; left out, of all.")
