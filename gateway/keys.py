"""Team keys: only their digests are known here, and nothing about them leaks by how long an answer takes.

Keys are long random strings, so one sha256 is the right digest: there is no dictionary to try. A key is looked up by the
first bytes of its digest, which nobody can steer towards a stored one, and then compared whole in constant time.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping

from gateway.config.compiled import Team

SHELF_BYTES = 8
"""Of a digest, to find it by: enough that two keys hardly ever share a shelf."""


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
        self._shelves: dict[bytes, list[tuple[bytes, str]]] = {}
        for team in teams.values():
            for stored in team.digests:
                self._shelves.setdefault(stored[:SHELF_BYTES], []).append((stored, team.name))
        self._admins = tuple(admins)
        self.configured = bool(self._shelves)
        """Whether any team key exists; without one, everything is team `default`."""

    def team(self, key: bytes) -> str | None:
        """The team this key belongs to, None for a key of nobody."""
        shown = digest(key)
        for stored, team in self._shelves.get(shown[:SHELF_BYTES], ()):
            if hmac.compare_digest(stored, shown):
                return team
        return None

    def is_admin(self, key: bytes) -> bool:
        """Whether this key may see every team's numbers."""
        shown = digest(key)
        return any([hmac.compare_digest(stored, shown) for stored in self._admins])
