"""`POST /pointsman/explain`: the decision for a request, with its reasons; nothing is sent."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Request
from msgspec import Raw, Struct

from gateway.api.viewer import Viewer, viewer
from gateway.explain import NotExplainable, explain_request
from gateway.house import House
from routing.types import Dialect

router = APIRouter()


class _Question(Struct, forbid_unknown_fields=True):
    request: Raw
    dialect: Dialect = "chat"
    headers: dict[str, str] = {}
    team: str = "default"


@router.post("/pointsman/explain")
async def explain(request: Request, who: Annotated[Viewer, Depends(viewer)]) -> dict[str, Any]:
    """Body: `{"dialect", "headers", "request"}`. The request's own bytes are read as they lie in the body."""
    house: House = request.app.state.house
    limit = house.live.current.limits.body_bytes
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise HTTPException(413, "the body is too large")
    try:
        question = msgspec.json.decode(bytes(body), type=_Question)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise HTTPException(400, f"not a question this can answer: {error}") from None
    team = who.team or question.team
    try:
        return explain_request(
            house.live.current, question.dialect, question.headers, bytes(question.request), house, team
        )
    except NotExplainable as error:
        raise HTTPException(400, str(error)) from None
