"""Grafana's part in a query: its variables, filled in."""

import re


def filled(text: str, range_ms: int, **chosen: str) -> str:
    """A query as Grafana would send it: variables replaced, `.*` where nothing is chosen."""
    fixed = {"__range_s": str(range_ms / 1000), "__range": f"{range_ms}ms", "__rate_interval": f"{range_ms}ms"}
    for name in ("job", "instance", "team", "route", "model"):
        fixed.setdefault(name, chosen.get(name, ".*"))
    return re.sub(r"\$(\w+)", lambda found: fixed[found[1]], text)
