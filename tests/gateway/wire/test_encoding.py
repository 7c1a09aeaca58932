"""Compressed request bodies: every encoding, every way to be wrong, and no way to become huge."""

import contextlib
import gzip
import tracemalloc
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.encoding import NotDecodable, TooLarge, decode


def zstd(body: bytes) -> bytes:
    """As a streaming client makes it: the frame does not say how long the body is."""
    maker = zstandard.ZstdCompressor().compressobj()
    return maker.compress(body) + maker.flush()


def raw_deflate(body: bytes) -> bytes:
    return zlib.compress(body)[2:-4]


ENCODERS = {
    b"gzip": gzip.compress,
    b"x-gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"zstd": zstd,
    b"ZSTD ": zstandard.compress,
}
each = pytest.mark.parametrize(("name", "encode"), ENCODERS.items(), ids=[name.decode() for name in ENCODERS])


@each
@given(body=st.binary(max_size=3000))
def test_there_and_back(name, encode, body):
    assert decode(encode(body), name, 3000) == body


@given(body=st.binary(max_size=3000))
def test_raw_deflate_too(body):
    assert decode(raw_deflate(body), b"deflate", 3000) == body


@pytest.mark.parametrize("name", [b"identity", b"", b" Identity "])
def test_no_encoding_is_the_same_object(name):
    body = b"{}"
    assert decode(body, name, 1) is body


@each
def test_a_bomb_stays_small(name, encode):
    bomb = encode(bytes(100_000_000))
    tracemalloc.start()
    with pytest.raises(TooLarge):
        decode(bomb, name, 1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


@each
def test_exactly_the_bound_is_fine(name, encode):
    assert len(decode(encode(bytes(1_000_000)), name, 1_000_000)) == 1_000_000
    with pytest.raises(TooLarge):
        decode(encode(bytes(1_000_001)), name, 1_000_000)


@pytest.mark.parametrize("name", [b"gzip", b"deflate", b"br", b"zstd"])
@given(body=st.binary(min_size=1, max_size=200))
def test_anything_else_is_refused_and_nothing_else_is_raised(name, body):
    with contextlib.suppress(NotDecodable, TooLarge):
        assert len(decode(body, name, 100_000)) <= 100_000


@pytest.mark.parametrize("name", [b"gzip", b"deflate", b"br"])
def test_half_a_body_is_refused(name):
    body = ENCODERS[name](bytes(range(256)) * 20)
    with pytest.raises(NotDecodable):
        decode(body[: len(body) // 2], name, 100_000)


def test_a_zstd_window_beyond_the_standard_is_refused():
    wide = zstandard.ZstdCompressionParameters.from_level(3, window_log=26)
    maker = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    with pytest.raises(NotDecodable):
        decode(maker.compress(bytes(1000)) + maker.flush(), b"zstd", 10_000)


@pytest.mark.parametrize("name", [b"compress", b"gzip, br", b"\xff" * 100])
def test_unknown_encodings_are_named(name):
    with pytest.raises(NotDecodable, match="not supported"):
        decode(b"x", name, 10)
