"""The small values a config is made of: names, patterns, counts, seconds, money; each with its bounds in one place."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from gateway.metering.ledger_postgres import Database

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
MODEL_NAME = r"^[^\s*\x00-\x1f\x7f]{1,256}$"
MODEL_PATTERN = r"^[^\s*\x00-\x1f\x7f]{0,255}\*?[^\s*\x00-\x1f\x7f]{0,255}$"
LINE = r"^[^\x00-\x1f\x7f]*$"
PATTERN = r"^[^*\x00-\x1f\x7f]*\*?[^*\x00-\x1f\x7f]*$"
HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
HOST = r"^[A-Za-z0-9._:%-]+$"
KEY_DIGEST = r"^sha256:[0-9a-fA-F]{64}$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
HOURS = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_NESTED = re.compile(r"(?<!\\)\((?:[^()\\]|\\.)*(?:[+*]|\{\d*,\d*\})(?:[^()\\]|\\.)*\)(?:[+*]|\{)")
"""A group with a repetition in it that is repeated: the form in which backtracking grows without bound."""

HINTS = {
    NAME: "must be 1 to 64 letters, digits, dots, dashes or underscores",
    MODEL_NAME: "must be a model name: 1 to 256 characters without spaces or '*'",
    MODEL_PATTERN: "must be a model name with at most one '*' and no spaces",
    LINE: "must be one line without control characters",
    PATTERN: "must be one line with at most one '*'",
    HEADER_NAME: "must be a header name",
    HOST: "must be a host name or an address",
    KEY_DIGEST: 'must be sha256: and 64 hex digits, as printf %s "$KEY" | sha256sum prints them',
    DAY: "must be a day such as 2026-11-25",
    HOURS: "must be two times of day such as 22:00-06:00",
}
"""What to say when a value does not fit its pattern."""


def _not_boolean(value: object) -> object:
    """YAML's true would pass for 1."""
    if isinstance(value, bool):
        raise PydanticCustomError("number", "must be a number, not true or false")
    return value


def _compiled(value: str) -> str:
    """A regular expression that can be compiled, and that no text can keep busy for long."""
    try:
        re.compile(value)
    except re.error as error:
        raise PydanticCustomError("regex", "is not a regular expression: {why}", {"why": str(error)}) from None
    if _NESTED.search(value):
        raise PydanticCustomError("regex", "repeats a group that repeats itself; some texts would take it for ever")
    return value


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # what an unknown name, a path and a folder give
        raise PydanticCustomError("zone", "must be a time zone such as Europe/Berlin, and known to this machine") from None
    return name


def _is_day(value: str) -> str:
    """The pattern lets February 30 through."""
    try:
        date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("rule", "is no day of the calendar") from None
    return value


def _database(value: SecretStr) -> SecretStr:
    """Empty, or the URL of a database; what is wrong with it is said without saying it."""
    if value.get_secret_value():
        try:
            Database.parse(value.get_secret_value())
        except ValueError as error:
            raise PydanticCustomError("url", "{why}", {"why": str(error)}) from None
    return value


def one_or_many(value: object) -> object:
    """A single word stands for a list of one."""
    return (value,) if isinstance(value, str | int | float) else value


Name = Annotated[str, Field(pattern=NAME)]
ModelName = Annotated[str, Field(pattern=MODEL_NAME)]
ModelPattern = Annotated[str, Field(pattern=MODEL_PATTERN, min_length=1)]
Line = Annotated[str, Field(pattern=LINE, min_length=1, max_length=300)]
Pattern = Annotated[str, Field(pattern=PATTERN, min_length=1, max_length=300)]
Regex = Annotated[str, Field(pattern=LINE, min_length=1, max_length=300), AfterValidator(_compiled)]
HeaderName = Annotated[str, Field(pattern=HEADER_NAME, max_length=100)]
Host = Annotated[str, Field(pattern=HOST, max_length=253)]
KeyDigest = Annotated[str, Field(pattern=KEY_DIGEST)]
Hours = Annotated[str, Field(pattern=HOURS)]

Count = Annotated[int, Field(ge=1), BeforeValidator(_not_boolean)]
Bytes = Annotated[int, Field(ge=0), BeforeValidator(_not_boolean)]
Port = Annotated[int, Field(ge=0, le=65535), BeforeValidator(_not_boolean)]
Seconds = Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False), BeforeValidator(_not_boolean)]
Ratio = Annotated[float, Field(ge=1, le=1000, allow_inf_nan=False), BeforeValidator(_not_boolean)]
Duration = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(_not_boolean)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), BeforeValidator(_not_boolean)]

MONEY_PLACES = 6
Percent = Annotated[
    Decimal,
    Field(ge=0, le=1000, decimal_places=2),
    BeforeValidator(_not_boolean),
    WithJsonSchema({"type": ["number", "string"]}),
]
Day = Annotated[str, Field(pattern=DAY), AfterValidator(_is_day)]
UsdPerMillion = Annotated[
    Decimal,
    Field(ge=0, le=1_000_000, decimal_places=MONEY_PLACES),
    BeforeValidator(_not_boolean),
    WithJsonSchema({"type": ["number", "string"]}),
]
"""USD per million tokens. Six decimals are exactly one pico-dollar per token; anything finer could not be counted."""

Usd = Annotated[
    Decimal,
    Field(ge=0, le=1_000_000, decimal_places=6),
    BeforeValidator(_not_boolean),
    WithJsonSchema({"type": ["number", "string"]}),
]
"""US dollars, exact."""
Dollars = Annotated[
    Decimal,
    Field(gt=0, le=1_000_000_000, decimal_places=6),
    BeforeValidator(_not_boolean),
    WithJsonSchema({"type": ["number", "string"]}),
]
Zone = Annotated[str, Field(max_length=64), AfterValidator(_known_zone)]
LedgerUrl = Annotated[SecretStr, AfterValidator(_database)]
