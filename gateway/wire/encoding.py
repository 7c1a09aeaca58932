"""Request bodies that arrive compressed: decoded within a bound, so that a small body cannot become a huge one."""

import gzip
import io
import zlib
from typing import Protocol

import brotli
import zstandard


class TooLarge(ValueError):
    """The decoded body would exceed the bound."""


class NotDecodable(ValueError):
    """The body is not what its Content-Encoding says, or the encoding is not one we know."""


class Reader(Protocol):
    """Something that decodes as it is read."""

    def read(self, size: int, /) -> bytes: ...


_STEP = 256 * 1024
ZSTD_WINDOW_MAX = 8 * 1024 * 1024
"""The largest window a zstd content encoding may ask for (RFC 9659 §3); the library would allocate 128 MB."""


def decode(body: bytes, encoding: bytes, limit: int) -> bytes:
    """Undo one Content-Encoding (gzip, deflate, br, zstd, identity); at most `limit` bytes come out."""
    name = encoding.strip().lower()
    if name in (b"", b"identity"):
        return body
    try:
        if name in (b"gzip", b"x-gzip"):
            return _drain(gzip.GzipFile(fileobj=io.BytesIO(body)), limit)
        if name == b"deflate":
            return _inflate(body, limit)
        if name == b"zstd":
            decoder = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_MAX)
            return _drain(decoder.stream_reader(body, read_across_frames=True), limit)
        if name == b"br":
            return _brotli(body, limit)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, brotli.error) as error:
        raise NotDecodable(f"the body is not valid {name.decode('ascii', 'replace')}") from error
    raise NotDecodable(f"content-encoding {name.decode('ascii', 'replace')[:40]!r} is not supported: use gzip, br or zstd")


def _drain(reader: Reader, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := reader.read(_STEP):
        size += len(part)
        if size > limit:
            raise TooLarge
        parts.append(part)
    return b"".join(parts)


def _inflate(body: bytes, limit: int) -> bytes:
    """`deflate` means zlib by the RFC and raw deflate by custom; both are told apart by the first byte."""
    raw = not body or body[0] & 0x0F != 8
    decoder = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS)
    out = decoder.decompress(body, limit + 1)
    if len(out) > limit:
        raise TooLarge
    if not decoder.eof:
        raise NotDecodable("the deflate body ends early")
    return out


def _brotli(body: bytes, limit: int) -> bytes:
    decoder = brotli.Decompressor()
    parts = [decoder.process(body, output_buffer_limit=_STEP)]
    size = len(parts[0])
    while not decoder.is_finished():
        if size > limit:
            raise TooLarge
        part = decoder.process(b"", output_buffer_limit=_STEP)
        if not part:
            raise NotDecodable("the brotli body ends early")
        parts.append(part)
        size += len(part)
    if size > limit:
        raise TooLarge
    return b"".join(parts)
