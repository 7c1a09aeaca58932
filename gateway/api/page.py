"""`GET /pointsman/`: the built-in page, and the style beside it."""

from pathlib import Path

from fastapi import APIRouter, Response

from gateway.api.page_facts import PageFacts
from gateway.api.page_html import render_page

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


@router.get("/pointsman/style.css", include_in_schema=False)
def style() -> Response:
    """The page's style; nothing in it is anybody's secret."""
    headers = {"cache-control": "max-age=300", "x-content-type-options": "nosniff"}
    return Response(_STYLE, media_type="text/css", headers=headers)
