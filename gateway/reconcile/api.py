"""Bills from the vendors' admin APIs, with an admin key of the config; the only requests this program makes for itself."""

import http.client
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from gateway.config.address import parse_url
from gateway.reconcile.pages import DAY_S, NotABill, add_page
from gateway.reconcile.types import Bill

WAIT_S = 60.0
PAGES_MAX = 1_000
"""Of one report; 31 days a page are eighty years."""
PAGE_BYTES_MAX = 256 * 1024 * 1024
_GROUPS = {
    "/organization/usage/completions": ("api_key_id", "model", "service_tier"),
    "/organization/usage/embeddings": ("api_key_id", "model"),
    "/organization/costs": ("api_key_id", "line_item"),
    "/organizations/usage_report/messages": ("api_key_id", "model", "service_tier"),
    "/organizations/cost_report": ("description",),
}


class Account(Struct, frozen=True):
    """Whose bill is asked for, and with which key."""

    base_url: str
    provider: str
    admin_key: str


class NotTold(RuntimeError):
    """The provider did not answer with a report; the message says what it did."""


def add_account(bill: Bill, account: Account, first_day: int, last_day: int) -> None:
    """Add what the provider's reports say of these days, both included. `NotTold` where it does not tell."""
    anthropic = account.provider == "anthropic"
    for path in _GROUPS:
        if path.startswith("/organizations/") is anthropic:
            for page in _pages(account, path, first_day, last_day + 1, anthropic):
                try:
                    add_page(bill, page)
                except NotABill as error:
                    raise NotTold(f"{path}: {error}") from error


def _pages(account: Account, path: str, start: int, end: int, anthropic: bool) -> Iterator[Any]:
    names = ("starting_at", "ending_at") if anthropic else ("start_time", "end_time")
    bounds = [_moment(day) if anthropic else str(day * DAY_S) for day in (start, end)]
    query = [*zip(names, bounds, strict=True), ("bucket_width", "1d"), ("limit", "31")]
    query += [("group_by[]", name) for name in _GROUPS[path]]
    page: str | None = None
    for _ in range(PAGES_MAX):
        told = _ask(account, path, query + ([("page", page)] if page else []), anthropic)
        yield told
        page = told.get("next_page") if isinstance(told, dict) and told.get("has_more") else None
        if page is None:
            return
    raise NotTold(f"{path} has no end")


def _ask(account: Account, path: str, query: list[tuple[str, str]], anthropic: bool) -> Any:
    address = parse_url(account.base_url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.host, address.port, timeout=WAIT_S)
    try:
        connection.request("GET", f"{address.base_path}{path}?{urlencode(query)}", headers=_headers(account, anthropic))
        answer = connection.getresponse()
        body = answer.read(PAGE_BYTES_MAX)
    except (OSError, http.client.HTTPException) as error:
        raise NotTold(f"{address.host}: {type(error).__name__}: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise NotTold(f"{path} answered {answer.status}")
    try:
        return json.loads(body)
    except ValueError as error:
        raise NotTold(f"{path} answered no JSON") from error


def _headers(account: Account, anthropic: bool) -> Mapping[str, str]:
    if anthropic:
        return {"x-api-key": account.admin_key, "anthropic-version": "2023-06-01"}
    return {"authorization": f"Bearer {account.admin_key}"}


def _moment(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
