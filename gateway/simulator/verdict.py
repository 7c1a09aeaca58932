"""What a prompt cache said about one request, and what it will remember once the answer begins."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from gateway.simulator.prompt import Prompt


class Verdict(Struct, frozen=True):
    """How the input tokens of one request split; the parts never overlap and sum to the whole."""

    uncached: int
    read: int = 0
    writes: Mapping[str, int] = {}
    """Tokens by kind, such as `cache_write_5m`."""
    commit: Callable[[], None] | None = None
    """Makes new entries visible and refreshes those read; to be called with the first byte of the answer."""

    @property
    def kinds(self) -> dict[str, int]:
        """Token kinds without zeroes."""
        out = {"input_uncached": self.uncached, "cache_read": self.read, **self.writes}
        return {kind: tokens for kind, tokens in out.items() if tokens}


class PromptCache(Protocol):
    """A vendor's prompt cache."""

    def look(self, prompt: Prompt, owner: str) -> Verdict:
        """Split the input of one request; `owner` is the account it belongs to. Changes nothing until committed."""

    def evict(self) -> None:
        """Forget everything."""


def totals(prompt: Prompt) -> Sequence[int]:
    """Input tokens up to and including each block."""
    out = []
    total = 0
    for one in prompt.blocks:
        total += one.tokens
        out.append(total)
    return out
