"""A PostgreSQL database as the ledger's place: its URL, and a connection with SQLite's face.

The driver, pg8000, is Python alone and, like TLS, is imported only where a ledger lies in PostgreSQL. Writers take one lock
for their transactions, all gateways' of a database: so no two can wait for each other's sums for ever, rows are numbered in
the order in which they are seen, and what one has read of the sums holds until it commits.
"""

import contextlib
import ipaddress
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from msgspec import Struct

from gateway.metering import ledger_postgres_schema as schema
from gateway.metering.ledger_face import Away, LedgerError, Unbookable
from gateway.metering.ledger_postgres_sql import many, translated

if TYPE_CHECKING:
    from pg8000.native import Connection as Driver

PORT = 5432
CONNECT_S = 5.0
"""For a connection, and then for each answer until the session has begun."""
ANSWER_S = 60.0
"""A server that is silent for so long is taken for gone."""
IDLE_MS = 60_000
"""After so long the server ends a transaction whose writer is silent, as after a cut line: others wait for its lock."""
WRITERS_LOCK = 0x706F696E74736D6E
"""A number other programs in the same database are not likely to lock."""
SSL_MODES = ("disable", "require", "verify-full")
_OPTIONS = ("host", "sslmode", "sslrootcert")
_NUMERIC_OID = 1700
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_REFUSED = ("22", "23", "54")
"""Classes of SQLSTATE that lie in what was to be written: data, constraints, limits (PostgreSQL 15, appendix A)."""
_encode = msgspec.json.Encoder().encode


class Database(Struct, frozen=True):
    """Where the ledger lies, from a URL. Shown without its password."""

    url: str
    user: str
    password: str
    host: str
    port: int
    name: str
    ssl_mode: str
    ssl_roots: str = ""

    @classmethod
    def parse(cls, url: str) -> "Database":
        """`postgresql://user:password@host:port/name?sslmode=…`, or with `?host=/folder` for a Unix socket. ValueError."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORT
        except ValueError:
            raise ValueError("is no URL with a host and a port") from None  # the cause would show the password
        options = dict(parse_qsl(parts.query))
        if parts.scheme not in ("postgresql", "postgres"):
            raise ValueError("must begin with postgresql://")
        if unknown := set(options) - set(_OPTIONS):
            raise ValueError(f"has the unknown option {min(unknown)}; there are {', '.join(_OPTIONS)}")
        name = unquote(parts.path.removeprefix("/"))
        host = options.get("host") or unquote(parts.hostname or "")
        if not name or not host or not parts.username:
            raise ValueError("must name a user, a host and a database: postgresql://user:password@host/database")
        ssl_mode = options.get("sslmode") or ("disable" if _is_here(host) else "verify-full")
        if ssl_mode not in SSL_MODES:
            raise ValueError(f"has an unknown sslmode; there are {', '.join(SSL_MODES)}")
        return cls(
            url=url,
            user=unquote(parts.username),
            password=unquote(parts.password or ""),
            host=host,
            port=port,
            name=name,
            ssl_mode=ssl_mode,
            ssl_roots=options.get("sslrootcert", ""),
        )

    def __str__(self) -> str:
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.name}"

    __repr__ = __str__

    def connect(self) -> "PostgresConnection":
        """A connection that may write, with the tables there and up to date. `Away`, or another `LedgerError`."""
        connection = PostgresConnection(self)
        try:
            schema.bring_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def reader(self) -> "PostgresConnection":
        """A connection that only reads. `Away`."""
        return PostgresConnection(self, read_only=True)


def _is_here(host: str) -> bool:
    """Whether nobody can listen between."""
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Found(list[tuple[Any, ...]]):
    """The rows of an answer, and how many a statement wrote."""

    def __init__(self, rows: Iterable[Sequence[Any]], names: Sequence[str], rowcount: int) -> None:
        super().__init__(map(tuple, rows))
        self.names = names
        self.rowcount = rowcount

    def fetchone(self) -> tuple[Any, ...] | None:
        return self[0] if self else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self

    def by_name(self) -> list[dict[str, Any]]:
        return [dict(zip(self.names, row, strict=True)) for row in self]


class PostgresConnection:
    """One session. Every method raises `Away` when it has ended, `Unbookable` for a value, `LedgerError` for the rest."""

    def __init__(self, database: Database, read_only: bool = False) -> None:
        self.database = database
        self.lost = False
        """Whether it can be of no more use."""
        self.answered = False
        """Whether it has been of use before."""
        self.in_transaction = False
        with self._errors_translated():
            self._driver = _open(database, read_only)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Found:
        """A statement with `?` for its values."""
        if statement.startswith("BEGIN"):
            self._run("BEGIN")
            self.in_transaction = True
            return self._run("SELECT pg_advisory_xact_lock($1)", [WRITERS_LOCK])
        found = self._run(translated(statement), [_storable(each) for each in parameters])
        if statement in ("COMMIT", "ROLLBACK"):
            self.in_transaction = False
        return found

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> Found:
        """An insert for each of these rows, all in one."""
        made = many(statement)
        given = [dict(zip(made.columns, row, strict=True)) for row in rows]
        if not given:
            return Found((), (), 0)
        encoded = _encode(given)
        if rb"\u0000" in encoded:
            encoded = _encode([{name: _storable(value) for name, value in row.items()} for row in given])
        return self._run(made.text, [encoded.decode()])

    def __del__(self) -> None:
        """As SQLite's, it ends with whoever holds it."""
        self.close()

    def close(self) -> None:
        """End the session; what is not committed is undone."""
        self.lost = True
        with contextlib.suppress(Exception):  # the other end may have gone first, in whatever way
            self._driver.close()

    def _run(self, text: str, values: Sequence[Any] = ()) -> Found:
        with self._errors_translated():
            answer = self._driver.execute_unnamed(text, values) if values else self._driver.execute_simple(text)
            self.answered = True
            names = [column["name"] for column in answer.columns or ()]
            return Found(answer.rows or (), names, answer.row_count)

    @contextlib.contextmanager
    def _errors_translated(self) -> Iterator[None]:
        """The driver's errors in the ledger's words. What is no word of the server's is the end of the session."""
        if self.lost:
            raise Away(f"the connection to {self.database} is closed")
        from pg8000.native import DatabaseError

        try:
            yield
        except Exception as error:  # of the driver, the socket, TLS, or of half a message that was taken apart
            said = error.args[0] if isinstance(error, DatabaseError) and isinstance(error.args[0], dict) else None
            if said is not None and said.get("S") != "FATAL":
                kind = Unbookable if said.get("C", "").startswith(_REFUSED) else LedgerError
                raise kind(f"{self.database}: {said.get('M')} ({said.get('C')})") from error
            self.lost, self.in_transaction = True, False
            reason = said.get("M") if said is not None else f"{type(error).__name__}: {error}"
            raise Away(f"{self.database} cannot be reached: {reason}") from error
        except BaseException:
            self.lost, self.in_transaction = True, False
            raise


def _open(database: Database, read_only: bool) -> "Driver":
    from pg8000.native import Connection

    line = _line(database)
    try:
        if database.ssl_mode != "disable":
            line = _encrypted(line, database)
        driver = Connection(
            database.user,
            password=database.password or None,
            database=database.name,
            sock=line,
            ssl_context=False,  # it is encrypted already, or is not to be
            application_name="pointsman",
            startup_params={
                "search_path": schema.SCHEMA,
                "default_transaction_read_only": "on" if read_only else "off",
                "synchronous_commit": "on",
                "idle_in_transaction_session_timeout": str(IDLE_MS),
            },
        )
    except BaseException:
        line.close()
        raise
    line.settimeout(ANSWER_S)
    driver.register_in_adapter(_NUMERIC_OID, int)  # only sums of whole numbers are of this type
    return driver


def _line(database: Database) -> socket.socket:
    """A connected socket whose other end is asked now and then whether it is there."""
    if database.host.startswith("/"):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(CONNECT_S)
            line.connect(f"{database.host}/.s.PGSQL.{database.port}")
        except BaseException:
            line.close()
            raise
        return line
    line = socket.create_connection((database.host, database.port), CONNECT_S)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _encrypted(line: socket.socket, database: Database) -> socket.socket:
    """The line under TLS, which a server is asked for in the clear (PostgreSQL's protocol, SSLRequest)."""
    import ssl

    context = ssl.create_default_context(cafile=database.ssl_roots or None)
    if database.ssl_mode == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    line.sendall(_SSL_REQUEST)
    if line.recv(1) != b"S":  # no more than this byte may be read in the clear
        raise ConnectionError("the server refuses TLS")
    return context.wrap_socket(line, server_hostname=database.host)


def _storable(value: Any) -> Any:
    """The value, without the one character that no text of PostgreSQL holds."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value
