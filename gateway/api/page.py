"""`GET /pointsman/`: the built-in page, and the style beside it."""

import hashlib
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.api.page_facts import PageFacts
from gateway.api.page_gather import gather
from gateway.api.page_html import REFRESH_S, render_page
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
_STYLE_AT = f"style.css?{hashlib.sha256(_STYLE).hexdigest()[:8]}"


@router.get("/pointsman/", include_in_schema=False)
def page(request: Request, who: Annotated[Viewer, Depends(viewer)], live: bool = False) -> Response:
    """The page, for the viewer's team or for everyone; `live`, it loads itself anew, which is left to whoever looks."""
    state = request.app.state
    base_url = str(request.base_url).rstrip("/")
    facts = gather(state.house, state.page_sums, who.team, base_url, request.app.version, state.simulated, live)
    again = {"refresh": str(REFRESH_S)} if live else {}
    return Response(render_page(facts, _STYLE_AT), headers={**PAGE_HEADERS, **again})


@router.get("/pointsman", include_in_schema=False)
def page_with_a_slash() -> Response:
    """What the page names beside itself is found from the address with the slash only."""
    return Response(status_code=307, headers={"location": "pointsman/"})


@router.get("/pointsman/style.css", include_in_schema=False)
def style() -> Response:
    """The page's style, which the page asks for by its digest; nothing in it is anybody's secret."""
    headers = {"cache-control": "max-age=86400", "x-content-type-options": "nosniff"}
    return Response(_STYLE, media_type="text/css", headers=headers)
