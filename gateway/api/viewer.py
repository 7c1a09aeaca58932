"""Who may look: with team keys configured, a key is needed here too, as Bearer, `x-api-key` or the password of Basic.

A team's key shows that team's own numbers; an admin key, or no keys at all on loopback, shows everyone's.
"""

import base64
import binascii

from fastapi import HTTPException, Request
from msgspec import Struct

from gateway.house import House
from gateway.keys import bearer


class Viewer(Struct, frozen=True):
    """Whose numbers may be shown; `team` None means everyone's."""

    team: str | None


def viewer(request: Request) -> Viewer:
    """The viewer of a request; 401 with a Basic challenge, so that a browser asks for the key."""
    house: House = request.app.state.house
    if not house.keys.configured:
        return Viewer(team=None)
    key = _key(request)
    if house.keys.is_admin(key):
        return Viewer(team=None)
    team = house.keys.team(key)
    if team is None:
        raise HTTPException(401, "a key of this gateway is needed", {"www-authenticate": 'Basic realm="pointsman"'})
    return Viewer(team=team)


def _key(request: Request) -> bytes:
    first = {name: value for name, value in reversed(request.headers.raw)}
    scheme, _, rest = first.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"basic":
        return bearer(first)
    try:
        return base64.b64decode(rest, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
