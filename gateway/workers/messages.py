"""What supervisor and workers say to each other: frames of MessagePack over a socket pair, in both directions."""

import asyncio
import struct

import msgspec
from msgspec import Struct

from gateway.metering.report import Report

FRAME_BYTES_MAX = 64 * 1024 * 1024
_LENGTH = struct.Struct("<I")


class Start(Struct, frozen=True, tag=True):
    """The first word to a worker: what it is to serve."""

    column: int
    workers: int
    config: str
    data: bytes
    """The config in force. The file may be broken by now, and a worker must be able to take another's place."""
    host: str | None
    port: int | None
    home: str
    drain_s: int
    simulator: str
    """Address of the built-in provider, empty where real ones stand behind."""


class Reload(Struct, frozen=True, tag=True):
    """Read the config again."""


class Accounts(Struct, frozen=True, tag=True):
    """Accounts of budgets in which somebody has counted, for those who have not: budget, team, who. In both directions."""

    accounts: list[tuple[str, str, str]]


class Tell(Struct, frozen=True, tag=True):
    """Report your metrics now."""

    number: int


class Page(Struct, frozen=True, tag=True):
    """The metrics page that was asked for."""

    number: int
    page: bytes


class Drain(Struct, frozen=True, tag=True):
    """Finish what is under way, and end."""


class Hurry(Struct, frozen=True, tag=True):
    """End now."""


class Ready(Struct, frozen=True, tag=True):
    """A worker can take connections."""


class Leaving(Struct, frozen=True, tag=True):
    """A worker takes none any more."""


class Told(Struct, frozen=True, tag=True):
    """A worker's metrics; `number` is that of the `Tell`, 0 where nobody asked."""

    number: int
    report: Report


class Ask(Struct, frozen=True, tag=True):
    """A worker is asked for the metrics page."""

    number: int


ToWorker = Start | Reload | Accounts | Tell | Page | Drain | Hurry
ToSupervisor = Ready | Accounts | Leaving | Told | Ask

_encode = msgspec.msgpack.Encoder().encode
to_worker = msgspec.msgpack.Decoder(ToWorker).decode
to_supervisor = msgspec.msgpack.Decoder(ToSupervisor).decode


def say(writer: asyncio.StreamWriter, message: Struct) -> None:
    """Send a message; what a peer that is gone would have heard is dropped."""
    if not writer.is_closing():
        data = _encode(message)
        writer.write(_LENGTH.pack(len(data)) + data)


async def hear(reader: asyncio.StreamReader) -> bytes | None:
    """The next message, None when the peer has ended."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > FRAME_BYTES_MAX:
            return None
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError):
        return None
