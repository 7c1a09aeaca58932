"""`GET /v1/models`: what a client may ask for, in the shape its vendor's SDK reads."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from gateway.config.compiled import Snapshot
from gateway.errors import Refusal, answer
from gateway.house import House
from gateway.keys import bearer

router = APIRouter()
CREATED = 1767225600
"""OpenAI's list wants a creation time; the gateway's names have none, so it is one constant (2026-01-01)."""


@router.get("/v1/models")
@router.get("/v1/v1/models", include_in_schema=False)
@router.get("/t/{team}/v1/models", include_in_schema=False)
@router.get("/t/{team}/v1/v1/models", include_in_schema=False)
def models(request: Request) -> Response:
    """Aliases, routes and allowed models: OpenAI's list, or Anthropic's when `anthropic-version` is sent."""
    house: House = request.app.state.house
    first = {name: value for name, value in reversed(request.headers.raw)}
    anthropic = b"anthropic-version" in first
    team = house.keys.team(bearer(first)) if house.keys.configured else "default"
    if team is None:
        refusal = Refusal.of("unknown_key", "this key belongs to no team of this gateway")
        status, lines, body = answer(refusal, "messages" if anthropic else "chat", "")
        return Response(body, status, {name.decode(): value.decode() for name, value in lines})
    names = published(house.live.current, team)
    return JSONResponse(_anthropic(names) if anthropic else _openai(names))


def published(snapshot: Snapshot, team: str) -> list[str]:
    """Every name a team may ask for: aliases first, then routes, then concrete models (patterns have no one name)."""
    policy = snapshot.policy
    names = [*sorted(policy.aliases), *policy.routes]
    names += [name for name in snapshot.models if snapshot.allows(team, name)]
    return list(dict.fromkeys(names))


def _openai(names: list[str]) -> dict[str, Any]:
    data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "pointsman"} for name in names]
    return {"object": "list", "data": data}


def _anthropic(names: list[str]) -> dict[str, Any]:
    data = [
        {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in names
    ]
    return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}

