"""Whose journals these are: a name for a home, so that several can write into one database and none takes another's part."""

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gateway.metering.ledger import Place

FILE = "home.id"
NAME_BYTES = 12


def names_of(journal_folder: Path, place: Place) -> str:
    """What the names of this home's journals and segments begin with in the ledger. A file of the home needs nothing."""
    return "" if isinstance(place, Path) else f"{_name(journal_folder)}/"


def offsets(rows: Iterable[Any], names: str) -> Mapping[str, int]:
    """How far each of this home's segments has been applied, from the rows (name, offset) of all of them."""
    return {name.removeprefix(names): offset for name, offset in rows if name.startswith(names)}


def _name(journal_folder: Path) -> str:
    """Drawn when it is first asked for; it goes with the journals, and so does not come back when they are deleted."""
    file = journal_folder / FILE
    if not file.exists():
        journal_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        drawn = journal_folder / f"{FILE}.{os.urandom(4).hex()}"
        with open(os.open(drawn, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(os.urandom(NAME_BYTES).hex())
        with contextlib.suppress(FileExistsError):  # another process was faster
            os.link(drawn, file)
        drawn.unlink()
    return file.read_text()
