"""`GET /pointsman/`: the built-in page, and the style beside it."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.api.page_facts import PageFacts
from gateway.api.page_html import render_page
from gateway.api.page_ledger import gather
from gateway.api.viewer import Viewer, viewer

__all__ = ["PAGE_HEADERS", "PageFacts", "render_page", "router"]

router = APIRouter()

PAGE_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""What the page is sent with: nothing may run on it, and nobody may frame, sniff or keep it."""

_STYLE = Path(__file__).with_name("style.css").read_bytes()


@router.get("/pointsman/", include_in_schema=False)
@router.get("/pointsman", include_in_schema=False)
def page(request: Request, who: Annotated[Viewer, Depends(viewer)]) -> Response:
    """The page, for the viewer's team or for everyone."""
    state = request.app.state
    base_url = str(request.base_url).rstrip("/")
    facts = gather(state.house, state.ledger, who.team, base_url, request.app.version, state.simulated)
    return Response(render_page(facts), headers=PAGE_HEADERS)


@router.get("/pointsman/style.css", include_in_schema=False)
def style() -> Response:
    """The page's style; nothing in it is anybody's secret."""
    headers = {"cache-control": "max-age=300", "x-content-type-options": "nosniff"}
    return Response(_STYLE, media_type="text/css", headers=headers)
