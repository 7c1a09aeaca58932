"""Who is told of an alert: a stand-in for Slack's webhook and a mail server with STARTTLS and a password, on loopback."""

import base64
import contextlib
import email
import email.policy
import json
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

USER, PASSWORD = "pointsman@example.com", "the password of the mail server"


class Told(NamedTuple):
    """One message as a person would see it."""

    title: str
    text: str
    to: str


class Inbox:
    """What arrived, by either way."""

    def __init__(self) -> None:
        self.slack: list[Told] = []
        self.mail: list[Told] = []

    def wait(self, what: Callable[[], bool], seconds: float = 60) -> None:
        """Until that is so, or long enough; whoever waits looks for himself afterwards."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not what():
            time.sleep(0.1)


@contextlib.contextmanager
def slack(inbox: Inbox) -> Iterator[str]:
    """Takes posts as an incoming webhook does; gives its URL."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted = json.loads(self.rfile.read(int(self.headers["content-length"])))
            (shown,) = posted["attachments"]
            inbox.slack.append(Told(shown["title"], shown["text"], posted["channel"]))
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    with _running(ThreadingHTTPServer(("127.0.0.1", 0), Hook)) as port:
        yield f"http://127.0.0.1:{port}/services/T0/B0/secret"


@contextlib.contextmanager
def mail(inbox: Inbox, certificate: Path, key: Path) -> Iterator[str]:
    """Takes mail of whoever encrypts and knows the password; gives its address."""
    with _running(_MailServer(inbox, certificate, key)) as port:
        yield f"127.0.0.1:{port}"


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, inbox: Inbox, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.inbox = inbox
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)


class _Session(socketserver.StreamRequestHandler):
    server: _MailServer
    secured = False
    known = False

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word, _, rest = line.partition(" ")
            if word == "QUIT":
                self._say("221 bye")
                return
            self._answer(word, rest)

    def _answer(self, word: str, rest: str) -> None:
        if word == "EHLO":
            self._say("250-here\r\n250 AUTH PLAIN" if self.secured else "250-here\r\n250 STARTTLS")
        elif word == "STARTTLS":
            self._say("220 go on")
            self._secure()
        elif word == "AUTH":
            claimed = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
            self.known = self.secured and claimed == ["", USER, PASSWORD]
            self._say("235 known" if self.known else "535 unknown")
        elif not self.known:
            self._say("530 who are you")
        elif word == "DATA":
            self._say("354 go on")
            self.server.inbox.mail.append(_read(b"".join(iter(self.rfile.readline, b".\r\n"))))
            self._say("250 taken")
        else:
            self._say("250 fine")

    def _secure(self) -> None:
        self.rfile.close()
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb")
        self.secured = True

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def finish(self) -> None:
        super().finish()
        self.request.close()


def _read(raw: bytes) -> Told:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    body = message.get_body(("html", "plain"))
    return Told(str(message["subject"]), body.get_content() if body else "", str(message["to"]))


@contextlib.contextmanager
def _running(server: socketserver.TCPServer) -> Iterator[int]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
