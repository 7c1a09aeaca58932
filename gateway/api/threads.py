"""`GET /pointsman/threads`: what is remembered of threads, how fresh their caches are, and what resuming them costs now."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request

from cache.types import ThreadRecord
from cache.view import view
from gateway.api.viewer import Viewer, viewer
from gateway.foresight import resumed
from gateway.house import House
from gateway.metering.resume import ResumeCost, resume_cost
from gateway.metering.types import usd
from gateway.warning import cold_resume

router = APIRouter()
SHOWN_MAX = 500


@router.get("/pointsman/threads")
def threads(request: Request, who: Annotated[Viewer, Depends(viewer)], limit: int = 100) -> dict[str, Any]:
    """The threads that were last active, newest first."""
    house: House = request.app.state.house
    records = house.threads.recent(max(1, min(limit, SHOWN_MAX)), who.team)
    return {"threads": [shown(record, house) for record in records]}


@router.get("/pointsman/threads/{thread:path}")
def thread(
    request: Request, who: Annotated[Viewer, Depends(viewer)], thread: str, team: str = "default"
) -> dict[str, Any]:
    """One thread; `team` says whose, for viewers who may see every team's."""
    house: House = request.app.state.house
    record = house.threads.recall(thread, who.team or team)
    if record is None:
        raise HTTPException(404, "nothing is remembered of this thread")
    return shown(record, house)


def shown(record: ThreadRecord, house: House) -> dict[str, Any]:
    """A thread for a JSON writer, with four prices: its cache warm, its cache gone, compacted first, and started
    anew."""
    now = house.wall()
    freshness = resumed(record, house.forecast, now)
    cost = resume_cost(record, house.prices, now)
    cold = None
    if record.agent == "main":
        cold = cold_resume(record, freshness, house.prices, house.live.current.warnings_of(record.team), now)
    return {
        **view(record, freshness, now),
        "resume_usd": _prices(cost),
        "warning": None if cold is None else cold.sentence,
    }


def _prices(cost: ResumeCost) -> dict[str, str | None]:
    named = {
        "warm": cost.warm_picos,
        "cold": cost.cold_picos,
        "compact": cost.compact_picos,
        "fresh": cost.fresh_picos,
    }
    return {name: None if picos is None else usd(picos) for name, picos in named.items()}
