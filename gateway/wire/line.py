"""What the server adapters need to know of the house: what drives the line, its bounds, and which requests are its own."""

from gateway.wire.drive import Wires
from gateway.wire.exchange import Stations
from gateway.wire.letterhead import Letterheads
from gateway.wire.target import Target

METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE"))
"""What may go upstream. Not TRACE: it would echo the company's key to the client (RFC 9110 §9.3.8)."""
HEADER_BYTES_MAX = 64 * 1024
"""Bound on a request's head where the config says nothing."""


class Line:
    """The way from an adapter to the stations, and how much it lets in."""

    __slots__ = ("body_bytes_max", "header_bytes_max", "letterheads", "stations", "wires")

    def __init__(
        self, stations: Stations, wires: Wires, body_bytes_max: int, header_bytes_max: int = HEADER_BYTES_MAX
    ) -> None:
        self.stations = stations
        self.wires = wires
        self.body_bytes_max = body_bytes_max
        self.header_bytes_max = header_bytes_max
        self.letterheads = Letterheads()


def takes(method: bytes, target: Target) -> bool:
    """Whether the line takes this request; the model list is made by the app."""
    return method in METHODS and not (method in (b"GET", b"HEAD") and target.path == "/v1/models")
