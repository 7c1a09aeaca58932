"""TLS to upstreams, with sessions taken up again: a second connection to a host spares both sides the expensive part of the
handshake (RFC 8446 §2.2).

asyncio makes a TLS connection without asking for a session to resume; it does ask the context to wrap it, and there the
session is put in.
"""

import ssl

HOSTS_MAX = 1024
"""Hosts whose newest session is kept; a config names a handful."""


class ResumingContext(ssl.SSLContext):
    """A client's context that remembers the newest session of each host name."""

    sessions: dict[str, ssl.SSLSession]

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        if session is None and isinstance(server_hostname, str):
            session = self.sessions.get(server_hostname)
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def keep(self, host: str, connection: ssl.SSLObject) -> None:
        """Remember a connection's session; call after its first answer, when the server's tickets have come."""
        session = connection.session
        if session is None:
            return
        self.sessions.pop(host, None)
        self.sessions[host] = session
        if len(self.sessions) > HOSTS_MAX:
            del self.sessions[next(iter(self.sessions))]


def client_context() -> ResumingContext:
    """A context that verifies names and certificates against the system's authorities (`SSL_CERT_FILE` overrides them)."""
    context = ResumingContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sessions = {}
    context.load_default_certs()
    return context
