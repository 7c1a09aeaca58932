"""What is printed when the gateway listens: a line that works when it is pasted, with a key where one is wanted."""

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.commands.serve import _announce
from gateway.config.compile import compile_config
from gateway.config.load import parse

CONFIG = """\
version: 1
upstreams: {openai: {url: https://api.openai.com/v1, key: k, provider: openai, dialects: [chat]}}
models: {gpt-6-luna: {upstream: openai}}
routes: {code: {model: gpt-6-luna}, general: {model: gpt-6-luna}}
routing: {aliases: [auto], default: general, matrix: [{route: general}]}
"""
TEAMS = f'teams: {{everyone: {{keys: ["sha256:{"0" * 64}"]}}}}\n'


@pytest.mark.parametrize(("config", "wanted"), [(CONFIG, False), (CONFIG + TEAMS, True)], ids=["open", "keyed"])
def test_the_example_has_a_key_where_one_is_wanted(config: str, wanted: bool, capsys: Any) -> None:
    snapshot = compile_config(parse(config.encode(), {}), "0")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _announce(SimpleNamespace(current=snapshot), listener, False)  # type: ignore[arg-type]
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "try it" in line]
    assert ("authorization: Bearer $KEY" in line) == wanted
