"""Bills from files: JSON pages as the admin APIs answer them, one, a list, or one a line; or OpenAI's CSV export of usage.

The columns of the export have the names of the API's members.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.reconcile.pages import NotABill, add_page
from gateway.reconcile.types import Bill

BYTES_MAX = 256 * 1024 * 1024
"""A year of a thousand keys by the day is a tenth of it."""
_NUMBERS = ("_tokens", "num_model_requests", "start_time", "end_time")


def add_file(bill: Bill, path: Path) -> None:
    """Add what a file says. `NotABill` when it is none, `OSError` when it cannot be read."""
    if path.stat().st_size > BYTES_MAX:
        raise NotABill(f"{path} is larger than {BYTES_MAX // 1024**2} MiB")
    text = path.read_text("utf-8-sig")
    try:
        for page in _pages(text):
            add_page(bill, page)
    except NotABill as error:
        raise NotABill(f"{path}: {error}") from error


def _pages(text: str) -> Iterator[Any]:
    if not text.lstrip().startswith(("{", "[")):
        yield _from_csv(text)
        return
    try:
        whole = json.loads(text)
    except ValueError:
        try:
            whole = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise NotABill(f"is no JSON: {error}") from None
    yield from whole if isinstance(whole, list) else [whole]


def _from_csv(text: str) -> Any:
    """A page of one bucket per row."""
    rows = csv.DictReader(io.StringIO(text))
    if not {"start_time", "model", "input_tokens"} <= set(rows.fieldnames or ()):
        raise NotABill("is neither JSON nor a CSV with start_time, model and input_tokens")
    return {"data": [{"start_time": row["start_time"], "results": [_result(row)]} for row in rows]}


def _result(row: dict[str, str]) -> dict[str, Any]:
    try:
        return {name: int(float(value)) if name.endswith(_NUMBERS) else value for name, value in row.items() if value}
    except ValueError as error:
        raise NotABill(f"{error}") from None
