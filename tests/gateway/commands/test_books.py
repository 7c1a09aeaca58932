"""Which ledger a command reads: what it is told, before what lies about."""

from contextlib import closing
from pathlib import Path

import pytest

from gateway.commands.books import URL_VARIABLE, opened
from gateway.config.problems import ConfigError
from gateway.metering.ledger import LedgerError, connect
from tests.postgres import Server
from tests.tidy.tree import ROOT


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the usual home in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    monkeypatch.delenv("POINTSMAN_HOME", raising=False)
    for home in (".pointsman", "other"):
        (tmp_path / home).mkdir()
        connect(tmp_path / home / "ledger.db").close()
    return tmp_path


def place(home: Path | None = None, config: Path | None = None) -> object:
    with closing(opened(home, config)) as ledger:
        return ledger.place


def test_a_home_goes_before_the_environment(here: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place() == Path(".pointsman/ledger.db")
    monkeypatch.setenv("POINTSMAN_HOME", "other")
    assert place() == Path("other/ledger.db")
    database = postgres.database()
    connect(database).close()
    monkeypatch.setenv(URL_VARIABLE, database.url)
    assert place() == database
    assert place(Path("other")) == Path("other/ledger.db")


def test_a_config_goes_before_all(here: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place(config=ROOT / "pointsman.yaml") == Path(".pointsman/ledger.db")
    database = postgres.database()
    connect(database).close()
    monkeypatch.setenv(URL_VARIABLE, database.url)
    assert place(Path("other"), ROOT / "pointsman.yaml") == database
    with pytest.raises(ConfigError):
        place(config=here / "none.yaml")


def test_what_is_no_ledger_says_so(here: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, "postgresql://me:s3cret@localhost")
    with pytest.raises(LedgerError, match="POINTSMAN_LEDGER_URL must name a user, a host and a database"):
        place()
    monkeypatch.setenv(URL_VARIABLE, postgres.database().url)
    with pytest.raises(LedgerError, match="no ledger in this database yet"):
        place()
