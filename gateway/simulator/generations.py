"""Which prompt cache a model has, told by the profile or by its name."""

import math
import re
from random import Random
from typing import Literal

from gateway.simulator.cache_anthropic import AnthropicCache
from gateway.simulator.cache_breakpoints import AFTERLIFE_S, BreakpointCache
from gateway.simulator.cache_machines import RETENTION_S, MachineCache, Retention
from gateway.simulator.clock import Clock

Profile = Literal["mixed", "openai-5.5", "openai-6", "anthropic"]
PROFILES: tuple[Profile, ...] = ("mixed", "openai-5.5", "openai-6", "anthropic")

_GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?")
_FIRST_WITH_BREAKPOINTS = (5, 6)
_OLD_FAMILIES = ("o1", "o3", "o4", "chatgpt-", "codex-", "text-", "davinci", "babbage")


class Caches:
    """The prompt caches of all vendors the simulator plays."""

    def __init__(
        self,
        clock: Clock,
        seed: int,
        *,
        slack_s: float = 30.0,
        afterlife_s: float = AFTERLIFE_S,
        retention: Retention = "observed",
    ) -> None:
        if retention != "observed" and retention not in RETENTION_S:
            raise ValueError(f"unknown retention {retention!r}; there are observed, {', '.join(RETENTION_S)}")
        if not (0 <= slack_s < math.inf and 0 <= afterlife_s < math.inf):
            raise ValueError("slack_s and afterlife_s are seconds, and not negative")
        random = Random(seed)
        self.anthropic = AnthropicCache(clock, random, slack_s)
        self.breakpoints = BreakpointCache(clock, random, afterlife_s)
        self.machines = MachineCache(clock, random, retention)
        self._random = random

    def evict(self) -> None:
        """Forget everything in all of them."""
        for cache in (self.anthropic, self.breakpoints, self.machines):
            cache.evict()

    def reseed(self, seed: int) -> None:
        """Start the caches' chances over from this seed."""
        self._random.seed(seed)


def serves(profile: Profile, path: str) -> bool:
    """Whether the vendor of this profile has anything at this path; everybody's vendor has everything."""
    if profile == "mixed":
        return True
    messages = path.startswith("/v1/messages")
    shared = path.startswith(("/v1/models", "/v1/organization")) or path in ("/v1/files", "/v1/batches")
    return shared or (messages or path == "/v1/chat/completions" if profile == "anthropic" else not messages)


def has_breakpoints(model: str, profile: Profile) -> bool:
    """Whether an OpenAI model follows the rules since GPT-5.6; a name nobody knows does."""
    if profile == "openai-5.5":
        return False
    if profile == "openai-6":
        return True
    found = _GPT.match(model)
    if found is not None:
        return (int(found[1]), int(found[2] or 0)) >= _FIRST_WITH_BREAKPOINTS
    return not model.startswith(_OLD_FAMILIES)
