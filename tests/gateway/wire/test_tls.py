"""TLS to an upstream: who it is is checked, and a second connection takes up the session of the first."""

import asyncio
import contextlib
import os
import shutil
import ssl
import subprocess

import pytest

from gateway.wire import pool as pool_module
from gateway.wire.tls import HOSTS_MAX, client_context
from tests.gateway.wire.rig import Listener, Upstream, attempt, carried, echo, pooled, run, until

loops = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


@pytest.fixture(scope="session")
def openssl():
    if shutil.which("openssl") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "openssl"]):
            subprocess.run(command, capture_output=True, check=True)
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here and cannot be installed (apt-get install openssl)")


@pytest.fixture(scope="session")
def certificate(openssl, tmp_path_factory):
    """A certificate for `localhost` and its key, each in a file."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem",
         "-out", folder / "certificate.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "certificate.pem", folder / "key.pem"


@contextlib.asynccontextmanager
async def secured(certificate):
    """An upstream under TLS; gives it and what each of its connections says of its session."""
    reused = []

    async def script(asked):
        if asked.connection > len(reused):
            reused.append(asked.writer.get_extra_info("ssl_object").session_reused)
        await echo(asked)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    made = Upstream(script)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made, reused
    finally:
        server.close()
        await until(lambda: made.open == 0)


def at(port, host="localhost"):
    return attempt(port, scheme="https", host=host)


@loops
def test_the_second_connection_takes_up_the_session_of_the_first(monkeypatch, certificate, loop):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    async def scenario():
        async with secured(certificate) as (up, reused), pooled() as pool:
            assert (await carried(pool, at(up.port))).body == b"hi"
            monkeypatch.setattr(pool_module, "LIFE_MAX_S", -1.0)
            await carried(pool, at(up.port))
            monkeypatch.undo()
            assert (await carried(pool, at(up.port))).body == b"hi"
            assert reused == [False, True]

    run(scenario, loop)


@loops
def test_an_idle_connection_with_a_ticket_unread_is_not_stale(monkeypatch, certificate, loop):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    monkeypatch.setattr(pool_module, "LOOK_AFTER_S", 0.0)

    async def scenario():
        async with secured(certificate) as (up, _), pooled() as pool:
            for _ in range(5):
                await carried(pool, at(up.port))
            assert up.connections == 1

    run(scenario, loop)


@pytest.mark.parametrize(("host", "trusted"), [("localhost", False), ("127.0.0.1", True)])
def test_nobody_else_is_believed(monkeypatch, certificate, host, trusted):
    """A certificate nobody vouches for, or one for another name."""
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    async def scenario():
        async with secured(certificate) as (up, _), pooled() as pool:
            listener = Listener()
            pool.open(at(up.port, host), listener)
            await until(lambda: listener.ended)
            assert listener.ended == ("refused", "cannot connect (SSLCertVerificationError)")
            assert not up.asked

    run(scenario)


def test_no_more_hosts_are_remembered_than_there_may_be():
    class Spoken:
        session = object()

    context = client_context()
    for number in range(HOSTS_MAX + 5):
        context.keep(f"host-{number}", Spoken())
    assert len(context.sessions) == HOSTS_MAX
    assert "host-0" not in context.sessions
