"""Addresses in a config: an upstream's URL in its parts, and whether a host is this machine only."""

import ipaddress
import re
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

_HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*\.?")
_VISIBLE = re.compile(r"[!-~]*")
_PORTS = {"http": 80, "https": 443}


class Address(Struct, frozen=True):
    """Where an upstream is. `base_path` has no trailing slash."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    base_path: str


class AddressError(ValueError):
    """The URL cannot be used; the message says why and never holds the URL, which might hold a password."""


def parse_url(url: str) -> Address:
    """An upstream's base URL in its parts, the port being 80 or 443 where none is given. Raises `AddressError`."""
    if not _VISIBLE.fullmatch(url):  # before urlsplit, which drops line breaks in silence
        raise AddressError("must hold no spaces and no characters outside ASCII")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressError("is not a URL with a valid host and port") from None
    if parts.scheme not in _PORTS:
        raise AddressError("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise AddressError("must hold no user name or password; credentials belong in 'key'")
    if "?" in url or "#" in url:
        raise AddressError("must hold no query and no fragment")
    if not _HOST_NAME.fullmatch(host) and not _is_ip(host):
        raise AddressError("has no valid host name")
    if port == 0:
        raise AddressError("must not have port 0")
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    return Address(scheme=scheme, host=host, port=port or _PORTS[scheme], base_path=parts.path.rstrip("/"))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what is bound to the host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
