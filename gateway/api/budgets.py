"""`GET /pointsman/budgets`: how far every budget is used."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from gateway.api.viewer import Viewer, viewer
from gateway.budgets.state import accounts, as_json
from gateway.house import House

router = APIRouter()


@router.get("/pointsman/budgets")
def budgets(request: Request, who: Annotated[Viewer, Depends(viewer)]) -> dict[str, Any]:
    """The accounts of the viewer's team or of all, fullest first; those that have spent something."""
    house: House = request.app.state.house
    return {"accounts": [as_json(each) for each in accounts(house.budgets, house.wall(), who.team)]}
