"""A listening socket takes connections before anybody serves them."""

import socket

import pytest

from gateway.commands.listen import listen


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_who_connects_early_waits(host: str) -> None:
    try:
        listener = listen(host, 0)
    except OSError:
        assert host == "::1", "no loopback interface"
        pytest.skip("this machine has no IPv6")
    with listener, socket.create_connection((host, listener.getsockname()[1]), timeout=5) as early:
        early.sendall(b"hello")
        assert not listener.getblocking()
        listener.settimeout(5)
        with listener.accept()[0] as served:
            assert served.recv(5) == b"hello"


def test_a_taken_address_is_named() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{port}: Address already in use"):
            listen("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(OSError, match=r"cannot listen on 203\.0\.113\.7:0"):
        listen("203.0.113.7", 0)
