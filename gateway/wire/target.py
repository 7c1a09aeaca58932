"""Which requests the line takes, and what their addresses mean once prefixes are taken off.

Clients build URLs differently: some append `/v1/messages` to a bare host, some want a base ending in `/v1`, some put the
whole path in the base. So `/v1/v1/…` means `/v1/…`, and `/t/{team}/…` names a team in front of either.
"""

import re
from functools import lru_cache

from msgspec import Struct

from gateway.wire.types import Head, Headers

_TEAM = re.compile(r"/t/([A-Za-z0-9._-]{1,64})(?=/v1(?:/|$))")


class Target(Struct, frozen=True):
    """A request target taken apart. `path` starts with `/v1/`."""

    path: str
    query: str
    team: str


@lru_cache(maxsize=1024)
def locate(url: bytes) -> Target | None:
    """The target of a request for the line, or None when the address is not under `/v1/`.

    Absolute-form targets and paths with dot segments or encoded slashes are not the line's: what looks like one
    path here must not be another path upstream.
    """
    try:
        text = url.decode("ascii")
    except UnicodeDecodeError:
        return None
    path, _, query = text.partition("?")
    team = ""
    if (prefix := _TEAM.match(path)) is not None:
        team = prefix[1]
        path = path[prefix.end() :]
    while path.startswith("/v1/v1/"):
        path = path[3:]
    if not path.startswith("/v1/") or len(path) > 2048 or "#" in path:
        return None
    lowered = path.lower()
    if "/../" in path + "/" or "/./" in path + "/" or "//" in path or "%2f" in lowered or "%2e" in lowered or "\\" in path:
        return None
    return Target(path=path, query=query, team=team)


def head(method: str, target: Target, headers: Headers, size: int) -> Head:
    """A `Head` from what a server adapter parsed; header names must be lower case already.

    `size` is that of the body as received; a body over the bound is dropped while it arrives, its size is kept.
    """
    first = dict(reversed(headers))
    first.pop(b"content-length", None)
    return Head(
        method=method,
        path=target.path,
        query=target.query,
        headers=headers,
        first=first,
        team_hint=target.team,
        size=size,
    )
