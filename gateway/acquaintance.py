"""What the stations conclude from a head alone, so that equal heads are understood once.

It hangs on the head's letterhead (`gateway/wire/letterhead.py`) and holds under the configuration it was made under. With it
are kept the choices that follow from who asks for which model and from nothing else: an explicit model, a route's name, a
rule about callers. What a text, a thread or a clock decides is decided anew each time.
"""

from msgspec import Struct

from gateway.config.compiled import Snapshot
from gateway.dialects.ask import Ask
from gateway.errors import Refusal, Refused
from gateway.identify import Caller, named
from gateway.keys import KeyRing, Owner, bearer
from gateway.upstream.plan import Candidate
from gateway.wire.types import Head
from routing.policy import When
from routing.types import Decision

CHOICES_MAX = 8
"""Kept per acquaintance: one program asks for few models, and names one user or very many."""
_WHO = frozenset(("team", "user", "client", "agent", "model", "dialect", "path", "header"))
"""Conditions of a rule that a head, the model asked for and the caller's names answer."""


def owner_of(head: Head, snapshot: Snapshot, keys: KeyRing) -> Owner:
    """The team that pays for a request, and its key. Raises `Refused` where the key is nobody's, or another team's."""
    if not keys.configured:
        return Owner(team=head.team_hint if head.team_hint in snapshot.teams else "default", key_id="")
    owner = keys.owner(bearer(head.first))
    if owner is None:
        raise Refused(Refusal.of("unknown_key", "this key belongs to no team of this gateway"))
    if head.team_hint and head.team_hint != owner.team:
        raise Refused(Refusal.of("not_allowed", f"this key does not belong to team {head.team_hint!r}"))
    return owner


class Choice(Struct, frozen=True):
    """A decision, and who may carry it out; nobody where that is still to be seen."""

    decision: Decision
    candidates: tuple[Candidate, ...] = ()


class Acquaintance:
    """A head's owner, the names in it, and what was chosen for those who sent it."""

    __slots__ = ("_choices", "_keys", "_repeats", "_snapshot", "named", "owner")

    def __init__(self, head: Head, owner: Owner, snapshot: Snapshot, keys: KeyRing) -> None:
        self.owner = owner
        self.named = named(head.first)
        self._snapshot = snapshot
        self._keys = keys
        self._choices: dict[tuple[str, str, str], Choice] = {}
        self._repeats = head.letterhead is not None and all([_asks_who(rule.when) for rule in snapshot.policy.rules])

    def holds(self, snapshot: Snapshot, keys: KeyRing) -> bool:
        """Whether this is still so under the present configuration."""
        return self._snapshot is snapshot and self._keys is keys

    def choice(self, ask: Ask, caller: Caller) -> Choice | None:
        """What was chosen for this caller and this model, if that follows from nothing else."""
        return self._choices.get((ask.model, caller.user, caller.agent))

    def keep(self, ask: Ask, caller: Caller, choice: Choice) -> None:
        """Remember a choice that nothing else could change."""
        if not self._repeats or choice.decision.source not in ("override", "rule"):
            return
        if len(self._choices) >= CHOICES_MAX:
            self._choices.clear()
        self._choices[ask.model, caller.user, caller.agent] = choice


def _asks_who(when: When) -> bool:
    return all([getattr(when, name) is None for name in When.__struct_fields__ if name not in _WHO])
