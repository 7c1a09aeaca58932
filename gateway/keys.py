"""Team keys: only their digests are known here, and nothing about them leaks by how long an answer takes.

Keys are long random strings, so one sha256 is the right digest: there is no dictionary to try. A key is looked up by the
first bytes of its digest, which nobody can steer towards a stored one, and then compared whole in constant time.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping

from msgspec import Struct

from gateway.config.compiled import Team

SHELF_BYTES = 8
"""Of a digest, to find it by: enough that two keys hardly ever share a shelf."""
ID_DIGITS = 12
"""Of a digest, to name the key by in the ledger and in budgets; whoever wrote the config finds it there."""


class Owner(Struct, frozen=True):
    """Whose a key is, and which of theirs."""

    team: str
    key_id: str


def digest(key: bytes) -> bytes:
    """The sha256 of a key, as the config stores it."""
    return hashlib.sha256(key).digest()


def bearer(first: Mapping[bytes, bytes]) -> bytes:
    """The key a request carries: `Authorization: Bearer`, else `x-api-key`; empty when it carries none."""
    scheme, _, key = first.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer" and key.strip():
        return key.strip()
    return first.get(b"x-api-key", b"").strip()


class KeyRing:
    """Which key belongs to which team."""

    def __init__(self, teams: Mapping[str, Team], admins: Iterable[bytes] = ()) -> None:
        self._shelves: dict[bytes, list[tuple[bytes, Owner]]] = {}
        for team in teams.values():
            for stored in team.digests:
                owner = Owner(team=team.name, key_id=stored.hex()[:ID_DIGITS])
                self._shelves.setdefault(stored[:SHELF_BYTES], []).append((stored, owner))
        self._admins = tuple(admins)
        self.configured = bool(self._shelves)
        """Whether any team key exists; without one, everything is team `default`."""

    def owner(self, key: bytes) -> Owner | None:
        """The team this key belongs to, and its name there; None for a key of nobody."""
        shown = digest(key)
        for stored, owner in self._shelves.get(shown[:SHELF_BYTES], ()):
            if hmac.compare_digest(stored, shown):
                return owner
        return None

    def team(self, key: bytes) -> str | None:
        """The team this key belongs to, None for a key of nobody."""
        owner = self.owner(key)
        return owner.team if owner is not None else None

    def is_admin(self, key: bytes) -> bool:
        """Whether this key may see every team's numbers."""
        shown = digest(key)
        return any([hmac.compare_digest(stored, shown) for stored in self._admins])
