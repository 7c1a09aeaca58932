"""`GET /pointsman/spend`: the ledger as JSON, as CSV, and as a FOCUS export; whatever `pointsman spend` can say."""

import io
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from msgspec import Struct

from gateway.api import spend_csv
from gateway.api.spend_csv import Table
from gateway.api.spend_json import as_json, choices_json, comparison_json, forest_json, waste_json
from gateway.api.viewer import Viewer, viewer
from gateway.house import House
from gateway.metering.ledger import Ledger
from gateway.metering.ledger_retention import kept_since
from gateway.metering.spend import By, is_of_rows, report
from gateway.metering.spend import since as spend_since
from gateway.metering.spend_choices import choices as chosen
from gateway.metering.spend_compare import compare as compared
from gateway.metering.spend_focus import focus
from gateway.metering.spend_tree import forest
from gateway.metering.spend_wasted import waste

router = APIRouter()

Form = Literal["json", "csv", "focus"]
KEPT_SINCE = "x-pointsman-kept-since"
"""Unix seconds from which on there are single requests, where older ones were deleted and this report is made of them."""
LEFT_OUT = "x-pointsman-left-out"
"""Lines of a CSV, or requests of a FOCUS export, that are not in it: beyond the bound, or without a price."""


class View(Struct, frozen=True):
    """Which report, and what in it."""

    by: By
    session: str | None
    compare: bool
    wasted: bool
    choices: bool

    @property
    def is_of_rows(self) -> bool:
        return self.compare or self.wasted or self.choices or is_of_rows(self.by)

    def problem(self, form: Form) -> str:
        """Why this cannot be asked for, empty where it can."""
        if self.session is not None and (self.by != "agent_tree" or self.compare):
            return "session goes with by=agent_tree, and without compare"
        alone = self.wasted or self.choices
        if alone and (self.compare or self.by != "team" or (self.wasted and self.choices)):
            return "wasted and choices go with no other view and not with by"
        if form == "focus" and (alone or self.compare or self.session is not None):
            return "format=focus goes with neither wasted, choices, compare nor session"
        return ""


def _view(
    by: By = "team", session: str | None = None, compare: bool = False, wasted: bool = False, choices: bool = False
) -> View:
    return View(by=by, session=session, compare=compare, wasted=wasted, choices=choices)


@router.get("/pointsman/spend")
def spend(
    request: Request,
    who: Annotated[Viewer, Depends(viewer)],
    view: Annotated[View, Depends(_view)],
    since: str = "month",
    team: str | None = None,
    form: Annotated[Form, Query(alias="format")] = "json",
) -> Response:
    """Spend by team, user, client, agent, route, model, provider, thread or session, of the viewer's team or of all.

    By agent tree, a line is a session with its agents, each with its own cost, context and time; `session` asks for one
    alone. With `compare`, lines say what the same would have cost otherwise; with `wasted`, what lost prompt caches cost by
    cause, client and team; with `choices`, why threads stayed with a model or went. `format` is `json`, `csv`, or `focus`,
    the FOCUS 1.4 dataset as a CSV.
    """
    house: House = request.app.state.house
    ledger: Ledger = request.app.state.ledger
    if who.team is not None and team not in (None, who.team):
        raise HTTPException(403, "this key shows its own team's spend")
    try:
        start = spend_since(since, house.wall())
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
    if problem := view.problem(form):
        raise HTTPException(400, problem)
    team = who.team or team
    if form == "focus":
        charges = focus(ledger, view.by, start, team, house.prices)
        answer = _file(spend_csv.focus_table(charges), "focus", charges.unpriced)
    else:
        told, table, left_out = _found(ledger, view, start, team)
        name = "wasted" if view.wasted else "choices" if view.choices else view.by
        answer = _file(table, name, left_out) if form == "csv" else JSONResponse(told)
    kept = kept_since(ledger) if form == "focus" or view.is_of_rows else None
    if kept is not None and start < kept:
        answer.headers[KEPT_SINCE] = f"{kept:.0f}"
    return answer


def _found(ledger: Ledger, view: View, start: float, team: str | None) -> tuple[dict[str, Any], Table, int]:
    """The report in both forms, and how many lines are not in it."""
    if view.wasted:
        lost = waste(ledger, start, team)
        return waste_json(lost), spend_csv.waste_table(lost), lost.left_out
    if view.choices:
        went = chosen(ledger, start, team)
        return choices_json(went), spend_csv.choices_table(went), went.left_out
    if view.compare:
        otherwise = compared(ledger, view.by, start, team)
        return comparison_json(otherwise), spend_csv.comparison_table(otherwise), otherwise.left_out
    if view.by == "agent_tree":
        trees = forest(ledger, start, team, view.session)
        return forest_json(trees), spend_csv.forest_table(trees), trees.left_out
    made = report(ledger, view.by, start, team)
    return as_json(made), spend_csv.report_table(made), made.left_out


def _file(table: Table, name: str, left_out: int) -> Response:
    """A CSV to keep."""
    out = io.StringIO(newline="")
    spend_csv.write(out, table)
    headers = {"content-disposition": f'attachment; filename="spend-{name}.csv"', LEFT_OUT: str(left_out)}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
