"""What the simulator's tests share: blocks of an exact size, and the simulator behind a real socket."""

import asyncio
import contextlib
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import uvicorn

from gateway.commands.listen import listen
from gateway.simulator.app import Simulator, create
from gateway.simulator.prompt import Prompt
from gateway.simulator.verdict import PromptCache

FRAME_BYTES = len('usr {"type":"text","text":""}')
"""What a text block holds besides its text: the role and the JSON around it."""
KEY = {"authorization": "Bearer sk-tests"}


def sized(tokens: int, tag: str = "") -> str:
    """A text that makes a block of exactly so many tokens in the Messages and Chat dialects."""
    size = tokens * 4 - FRAME_BYTES
    assert 0 <= len(tag) <= size, "too short a block for its tag"
    return tag + "." * (size - len(tag))


def part(tokens: int, tag: str = "", **members: object) -> dict[str, object]:
    """A text block of exactly so many tokens, with markers and the like beside its text."""
    return {"type": "text", "text": sized(tokens, tag), **members}


def kinds(cache: PromptCache, prompt: Prompt, owner: str = "me") -> dict[str, int]:
    """What the cache says of one request that is answered at once."""
    verdict = cache.look(prompt, owner)
    if verdict.commit is not None:
        verdict.commit()
    assert sum(verdict.kinds.values()) == prompt.total_tokens, "every token is of one kind"
    assert min(verdict.kinds.values(), default=0) >= 0
    return verdict.kinds


@contextlib.contextmanager
def serving(simulator: Simulator | None = None, **settings: Any) -> Iterator["Served"]:
    """The simulator under uvicorn on a free port of the loopback interface."""
    app = simulator or create(**settings)
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, lifespan="off", log_level="critical", access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        yield Served(app, listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
        listener.close()


class Served:
    """A running simulator and plain HTTP to it."""

    def __init__(self, app: Simulator, port: int) -> None:
        self.app = app
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    def ask(
        self, path: str, body: object = None, method: str = "", headers: Mapping[str, str] = KEY
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers by lower-case name, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method or ("GET" if raw is None else "POST"), path, raw, dict(headers))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def json(self, path: str, body: object = None, method: str = "", headers: Mapping[str, str] = KEY) -> Any:
        """The JSON of an answer that must be a good one."""
        status, _, raw = self.ask(path, body, method, headers)
        assert status == 200, raw
        return json.loads(raw)

    def bill(self) -> list[dict[str, Any]]:
        """The rows of the bill."""
        rows: list[dict[str, Any]] = self.json("/__sim/bill")["rows"]
        return rows


def plain(value: object) -> Any:
    """Structs as the JSON they become."""
    return msgspec.to_builtins(value)
