"""Liveness, readiness, metrics, and the quick answers clients knock for before they start."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from gateway.house import House
from gateway.metering.metrics import CONTENT_TYPE

router = APIRouter()


@router.get("/healthz")
def healthz() -> PlainTextResponse:
    """The process is alive."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """Whether new requests should be sent here; 503 while draining."""
    house: House = request.app.state.house
    ready = not house.draining
    return JSONResponse({"ready": ready, "config": house.live.current.version}, 200 if ready else 503)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Prometheus text exposition, of all workers where there are several."""
    page: bytes = await request.app.state.metrics_page()
    return Response(page, media_type=None, headers={"content-type": CONTENT_TYPE})


@router.head("/", include_in_schema=False)
@router.head("/api/hello", include_in_schema=False)
@router.get("/api/hello", include_in_schema=False)
def hello() -> PlainTextResponse:
    """Claude Code asks `HEAD /` or `HEAD /api/hello` to warm its connection; any fast answer will do."""
    return PlainTextResponse("ok\n")


@router.get("/v1/responses", include_in_schema=False)
@router.get("/v1/v1/responses", include_in_schema=False)
@router.get("/t/{team}/v1/responses", include_in_schema=False)
@router.get("/t/{team}/v1/v1/responses", include_in_schema=False)
def websocket_not_served() -> Response:
    """426: Codex falls back to HTTP at once; any other refusal costs it six reconnects (6.6 s measured)."""
    return PlainTextResponse("use HTTP: the WebSocket transport is not served\n", 426, {"upgrade": "HTTP/1.1"})
