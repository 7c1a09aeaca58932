"""Debian's Chromium without a window, spoken to over two pipes: what a person would see, and how soon.

Protocol: https://chromedevtools.github.io/devtools-protocol/ ; over pipes, messages end in a zero byte.
"""

import base64
import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ANSWER_S = 30.0


class Screen(NamedTuple):
    """What the page is looked at with."""

    width: int
    height: int
    scale: float = 1.0
    phone: bool = False
    dark: bool = False
    scripts: bool = True


DESKTOP = Screen(1280, 900)
PHONE = Screen(390, 844, scale=2.0, phone=True)


class Browser:
    """One tab."""

    def __init__(self, process: "subprocess.Popen[bytes]", send: int, receive: int) -> None:
        self._process = process
        self._send = send
        self._receive = receive
        self._buffer = b""
        self._number = 0
        self._session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")
        self.complaints: list[str] = []
        """What the console holds against the page since it was opened."""

    def call(self, method: str, **parameters: Any) -> Any:
        """One command and its result; events that come first are looked through for complaints."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, f"{method}: {told['error']}"
                return told["result"]

    def open(self, url: str, screen: Screen = DESKTOP, headers: dict[str, str] | None = None) -> None:
        """Show a page and wait until it is loaded."""
        self.complaints = []
        self.call("Emulation.setDeviceMetricsOverride", width=screen.width, height=screen.height,
                  deviceScaleFactor=screen.scale, mobile=screen.phone)  # fmt: skip
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if screen.dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        self.call("Emulation.setScriptExecutionDisabled", value=not screen.scripts)
        self.call("Network.setExtraHTTPHeaders", headers=headers or {})
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + ANSWER_S
        while self.run("document.readyState + location.href") != f"complete{url}":
            assert time.monotonic() < deadline, f"{url} does not load"
            time.sleep(0.02)

    def run(self, expression: str) -> Any:
        """The value of an expression, waited for where it is a promise. It works where the page may run nothing, too."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def picture(self, whole: bool = True) -> bytes:
        """The page as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])

    def press(self, key: str) -> None:
        """Press and release a key, such as Tab or Enter."""
        codes = {"Tab": 9, "Enter": 13}
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key], **text)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._send, json.dumps({"id": 0, "method": "Browser.close"}).encode() + b"\0")
        self._process.wait(10)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            more = os.read(self._receive, 1 << 20)
            assert more, "the browser has gone"
            self._buffer += more
        raw, _, self._buffer = self._buffer.partition(b"\0")
        told: dict[str, Any] = json.loads(raw)
        if told.get("method") == "Log.entryAdded" and told["params"]["entry"]["level"] == "error":
            self.complaints.append(told["params"]["entry"]["text"])
        return told


@contextlib.contextmanager
def browser(chromium: Path) -> Iterator[Browser]:
    """A browser with a profile of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        command = [
            str(chromium), "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--disable-gpu",
            "--no-first-run", "--disable-extensions", "--disable-background-networking", "--hide-scrollbars",
            "--disable-component-update", "--disable-dev-shm-usage",
        ]  # fmt: skip
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # it refuses to run as root with one

        # It reads from 3 and writes to 4, by its own rule; a shell puts the pipes there.
        there = ["bash", "-c", f'exec "$@" 3<&{in_read} 4>&{out_write}', "bash", *command]
        process = subprocess.Popen(
            there, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(in_read, out_write),
        )  # fmt: skip
        os.close(in_read)
        os.close(out_write)
        try:
            yield (tab := Browser(process, in_write, out_read))
            tab.close()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(10)
            for end in (in_write, out_read):
                os.close(end)
