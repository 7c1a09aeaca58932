"""What requests to a model turn out to cost beyond the estimate made before them, so that enough is held for the next.

The estimate knows the prompt, not the answer (`gateway/metering/estimate.py`). A request's `max_tokens` is no help: coding
clients ask for 128,000 and get a few hundred, and a budget would look spent as soon as a few requests are under way.
"""

from msgspec import Struct

MODELS_MAX = 1_000
"""Models remembered; their names may come from clients where the config has patterns."""
WEIGHT = 8
"""A new observation counts an eighth."""


class Beyond(Struct, frozen=True):
    """Pico-dollars and tokens above the estimate, on average; may be negative."""

    picos: int = 0
    tokens: int = 0


class Typical:
    """Running averages by model."""

    def __init__(self) -> None:
        self._beyond: dict[str, Beyond] = {}

    def of(self, model: str) -> Beyond:
        return self._beyond.get(model, _NOTHING)

    def learn(self, model: str, picos: int, tokens: int) -> None:
        """Note by how much one request was beyond its estimate."""
        known = self._beyond.get(model)
        if known is None:
            if len(self._beyond) >= MODELS_MAX:
                self._beyond.clear()
            self._beyond[model] = Beyond(picos=picos, tokens=tokens)
            return
        self._beyond[model] = Beyond(
            picos=known.picos + (picos - known.picos) // WEIGHT, tokens=known.tokens + (tokens - known.tokens) // WEIGHT
        )


_NOTHING = Beyond()
