"""`GET /pointsman/spend`: the ledger as JSON."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request

from gateway.api.spend_json import as_json, comparison_json, forest_json
from gateway.api.viewer import Viewer, viewer
from gateway.house import House
from gateway.metering.ledger import Ledger
from gateway.metering.spend import By, report
from gateway.metering.spend import since as spend_since
from gateway.metering.spend_compare import compare as compared
from gateway.metering.spend_tree import forest

router = APIRouter()


@router.get("/pointsman/spend")
def spend(
    request: Request,
    who: Annotated[Viewer, Depends(viewer)],
    by: By = "team",
    since: str = "month",
    compare: bool = False,
) -> dict[str, Any]:
    """Spend by team, user, client, agent, route, model, provider, thread or session, of the viewer's team or of all.

    By agent tree, a line is a session with its agents, each with its own cost, context and time. With `compare`, lines
    say what the same would have cost otherwise.
    """
    house: House = request.app.state.house
    ledger: Ledger = request.app.state.ledger
    try:
        start = spend_since(since, house.wall())
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
    if compare:
        return comparison_json(compared(ledger, by, start, who.team))
    if by == "agent_tree":
        return forest_json(forest(ledger, start, who.team))
    return as_json(report(ledger, by, start, who.team))
