"""What a recorded session costs if its turns go to two models in any order: documented lifetimes, list prices.

A prompt is read up to where it agrees with the last one the same model saw, if that was within the lifetime; the rest is
written. The lifetime runs anew from every request. Both models are taken to count tokens alike and to answer with the same.
"""

from msgspec import Struct

from cache.providers import Tier, rules_for
from gateway.evaluation.policies_trace import Sent, Session, shared
from gateway.metering.estimate import new_input
from gateway.metering.prices import PriceBook, Rates

CODE, GENERAL = 0, 1


class Rival(Struct, frozen=True):
    """A model and whose it is."""

    provider: str
    model: str


class Pair(Struct, frozen=True):
    """The model for code, and the one for the rest."""

    code: Rival
    general: Rival

    @property
    def name(self) -> str:
        return f"{self.code.model} / {self.general.model}"


PAIRS = (
    Pair(code=Rival("anthropic", "claude-opus-5-5"), general=Rival("anthropic", "claude-haiku-5-5")),
    Pair(code=Rival("anthropic", "claude-opus-5-5"), general=Rival("anthropic", "claude-sonnet-5-5")),
    Pair(code=Rival("openai", "gpt-6.1-sol"), general=Rival("openai", "gpt-6-luna")),
)


class World:
    """One session under one pair of models."""

    def __init__(self, session: Session, pair: Pair, prices: PriceBook, at: float) -> None:
        self.session = session
        self.turns = session.turns
        self._rivals = (pair.code, pair.general)
        self._prices = prices
        self._at = at
        self.tiers = tuple(_tier(rival) for rival in self._rivals)
        self._costs: dict[tuple[int, int, int], float] = {}

    def rates(self, model: int, tokens: int) -> Rates:
        """Prices for a prompt of so many tokens."""
        rival = self._rivals[model]
        rates = self._prices.rates(rival.provider, rival.model, tokens, self._at)
        assert rates is not None, "the pairs are models with a price"
        return rates

    def held(self, model: int, sent: Sent, last: int, after_s: float = 0.0) -> int:
        """Tokens of a prompt that this model's cache holds, whose last turn there was `last` (-1: none)."""
        return self._held(model, sent, self.turns[last][-1], after_s) if last >= 0 else 0

    def cost(self, turn: int, model: int, last: int) -> float:
        """Pico-dollars of a whole turn on a model."""
        key = (turn, model, last)
        if key not in self._costs:
            before = self.turns[last][-1] if last >= 0 else None
            total = 0.0
            for sent in self.turns[turn]:
                total += self._request(model, sent, before)
                before = sent
            self._costs[key] = total
        return self._costs[key]

    def _request(self, model: int, sent: Sent, before: Sent | None) -> float:
        held = self._held(model, sent, before, 0.0) if before is not None else 0
        return self.input_cost(model, sent, held) + sent.output * self.rates(model, sent.tokens).kinds["output"]

    def input_cost(self, model: int, sent: Sent, held: int) -> float:
        """Pico-dollars of a prompt of which the cache holds so much."""
        rates = self.rates(model, sent.tokens)
        return held * rates.kinds["cache_read"] + (sent.tokens - held) * rates.kinds[self.writes(rates, sent.tokens)]

    def writes(self, rates: Rates, tokens: int) -> str:
        """The kind that is billed for what the cache does not hold; markers are set, as Claude Code sets them."""
        return "cache_write_5m" if "cache_write_5m" in rates.kinds else new_input(rates, tokens, None)

    def _held(self, model: int, sent: Sent, before: Sent, after_s: float) -> int:
        if sent.at + after_s - before.at > self.tiers[model].minimum_s:
            return 0
        return min(sent.tokens, self.session.block * shared(sent.blocks, before.blocks))


def _tier(rival: Rival) -> Tier:
    rules = rules_for(rival.provider, rival.model)
    assert rules is not None, "the pairs are models whose cache rules are known"
    return rules.tiers[0]
