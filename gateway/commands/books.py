"""Which ledger a command reads."""

import os
from pathlib import Path

from gateway.metering.ledger import Ledger
from gateway.metering.ledger_face import LedgerError
from gateway.metering.ledger_postgres import Database

URL_VARIABLE = "POINTSMAN_LEDGER_URL"
CONFIG_HELP = f"whose ledger.url to read; without --config and --home, ${URL_VARIABLE} if it is set"
HOME_HELP = "where the ledger lies (default: $POINTSMAN_HOME or .pointsman)"


def opened(home: Path | None, config: Path | None = None) -> Ledger:
    """The ledger a config names; else that of a home that is named; else that of the environment, or of the usual home.

    `LedgerError` where there is none that can be read, `ConfigError` for the config.
    """
    url = os.environ.get(URL_VARIABLE, "") if home is None else ""
    if config is not None:
        from gateway.config.load import load  # most have no config to read, and no time

        url = load(config, os.environ).ledger.url.get_secret_value()
    if not url:
        return Ledger.existing((home or Path(os.environ.get("POINTSMAN_HOME") or ".pointsman")) / "ledger.db")
    try:
        return Ledger.existing(Database.parse(url))
    except ValueError as error:
        raise LedgerError(f"${URL_VARIABLE} {error}") from None
