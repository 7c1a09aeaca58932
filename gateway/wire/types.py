"""The words the byte path is written in: a request head, what to send upstream, and who listens to the answer."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

Headers = Sequence[tuple[bytes, bytes]]
"""Header lines in order, names in lower case."""

Ended = Literal["complete", "cut", "timeout", "refused", "stalled"]
"""How an upstream answer ended: whole, cut after it began (or after we sent), no answer in time, no connection, or
silent for longer than the read timeout in mid-answer."""


class Head(Struct, frozen=True):
    """A request's head as it matters here. `path` carries neither query nor team prefix nor doubled `/v1`."""

    method: str
    path: str
    query: str
    headers: Headers
    first: Mapping[bytes, bytes]
    """The first value of each header, for look-up by lower-case name; not content-length, `size` says that."""
    team_hint: str = ""
    """Team named by a `/t/{team}` prefix; refines, never authenticates."""
    size: int = 0
    """Bytes of body received, also when they were too many to keep."""
    letterhead: "Letterhead | None" = None
    """Set where an equal head came before."""


class Letterhead:
    """What is the same in requests whose heads are equal."""

    __slots__ = ("head", "known", "lines")

    def __init__(self, head: Head) -> None:
        self.head = head
        """The first of them, but for its size."""
        self.lines: Headers | None = None
        """Those that go upstream, once they were picked out."""
        self.known: object = None
        """What the stations conclude from the head alone: theirs to write and to read."""

    def request(self, size: int) -> Head:
        """The head of one more."""
        return replace(self.head, size=size, letterhead=self)


class Origin(Struct, frozen=True):
    """One upstream address and how patient to be with it. Times in seconds."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    connect_s: float = 10.0
    first_byte_s: float = 600.0
    """SDKs wait 600 s for the first byte of a long thinking answer (research: clients §2.1)."""
    idle_s: float = 300.0
    """Codex gives up on a stream silent for 300 s; waiting longer than the client helps nobody."""
    max_connections: int = 4096


class Send(Struct, frozen=True):
    """One attempt: these bytes to that origin. `headers` are complete but for content-length and host."""

    origin: Origin
    method: str
    target: str
    """Path and query as the request line carries them."""
    headers: Headers
    body: bytes
    translate: "Translate | None" = None
    """Set when the upstream does not speak the caller's dialect and a translator must carry this."""


class Translate(Struct, frozen=True):
    """What the translating adapter needs to know: which dialect comes in, and what the upstream speaks."""

    dialect: Literal["chat", "responses", "messages"]
    speaks: Literal["chat", "messages"]
    model: str
    base_url: str
    key: str
    stream: bool
    provider: str = ""
    """Whose dialect the upstream's members are: OpenAI's own servers know more than those that speak like them."""


class Listener(Protocol):
    """Hears one upstream answer, in this order: started, bytes …, ended. Called on the event loop, never re-entered."""

    def upstream_started(self, status: int, headers: Headers) -> None: ...

    def upstream_bytes(self, data: bytes) -> None: ...

    def upstream_ended(self, how: Ended, detail: str) -> None:
        """Called exactly once for every opened flight that was not cancelled."""


class Flight(Protocol):
    """One attempt under way."""

    def pause(self) -> None:
        """Stop reading from the upstream; the client is slower than it is."""

    def resume(self) -> None: ...

    def cancel(self) -> None:
        """Hang up; the listener hears nothing more."""


class Carrier(Protocol):
    """Carries attempts to upstreams: the pooled HTTP client, or the translating adapter."""

    def open(self, send: Send, listener: Listener) -> Flight: ...
