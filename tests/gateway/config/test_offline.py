"""Without any provider key, every upstream becomes the simulator and nothing else changes."""

from gateway.config.compile import compile_config
from gateway.config.load import parse
from gateway.config.offline import needs_simulator, overlay_simulator

TEXT = b"""
version: 1
upstreams:
  openai: {url: "https://api.openai.com/v1", key: "${A:-}", provider: openai, dialects: [chat]}
  claude:
    {url: "https://api.anthropic.com/v1", key: "${B:-}", provider: anthropic, dialects: [messages], max_connections: 3}
models: {"gpt-*": {upstream: openai}}
routes: {general: {model: gpt-small}}
routing: {default: general}
"""


def test_one_key_is_enough_to_go_out() -> None:
    assert needs_simulator(parse(TEXT, {})) is True
    assert needs_simulator(parse(TEXT, {"A": "", "B": ""})) is True
    assert needs_simulator(parse(TEXT, {"B": "sk"})) is False


def test_only_address_and_key_change() -> None:
    config = parse(TEXT, {})
    plain = compile_config(config, "v").upstreams
    offline = compile_config(overlay_simulator(config, "http://127.0.0.1:4010/v1"), "v").upstreams
    assert {upstream.base_url for upstream in offline.values()} == {"http://127.0.0.1:4010/v1"}
    assert offline["openai"].headers == ((b"authorization", b"Bearer sk-simulator"),)
    assert offline["claude"].headers == ((b"x-api-key", b"sk-simulator"),)
    for name in plain:
        assert (plain[name].provider, plain[name].dialects) == (offline[name].provider, offline[name].dialects)
        assert plain[name].origin.max_connections == offline[name].origin.max_connections
    assert config.upstreams["openai"].url == "https://api.openai.com/v1"
