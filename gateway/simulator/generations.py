"""Which prompt cache a model has, told by the profile or by its name."""

import re
from random import Random
from typing import Literal

from gateway.simulator.cache_anthropic import AnthropicCache
from gateway.simulator.cache_breakpoints import AFTERLIFE_S, BreakpointCache
from gateway.simulator.cache_machines import MachineCache, Retention
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
