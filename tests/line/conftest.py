"""One gateway in front of scripted upstreams, shared by the tests of this folder."""

import hashlib

import pytest

from tests.line.rig import Upstream, gateway
from tests.postgres import postgres

__all__ = ["config", "postgres"]

KEYS = {"payments": "sk-payments-1", "search": "sk-search-1"}


def config(openai: Upstream, anthropic: Upstream, chat: Upstream) -> dict:
    """Three upstreams: OpenAI's three dialects, Anthropic's, and one that speaks nothing but chat completions."""
    return {
        "version": 1,
        "upstreams": {
            "openai": {
                "url": openai.url,
                "key": "sk-of-the-company",
                "provider": "openai",
                "dialects": ["chat", "responses", "embeddings", "completions"],
                "timeouts": {"connect_s": 2, "first_byte_s": 5, "idle_s": 6},
            },
            "anthropic": {
                "url": anthropic.url,
                "key": "sk-ant-of-the-company",
                "provider": "anthropic",
                "dialects": ["messages"],
                "timeouts": {"connect_s": 2, "first_byte_s": 5, "idle_s": 6},
            },
            "chatonly": {"url": chat.url, "key": "k", "provider": "vllm", "dialects": ["chat"]},
            "nowhere": {"url": "http://127.0.0.1:9/v1", "key": "k", "provider": "openai", "dialects": ["chat", "responses"]},
        },
        "models": {
            "gpt-6.1-sol": {"upstream": "openai"},
            "gpt-6-luna": {"upstream": "openai"},
            "claude-opus-5-5": {"upstream": "anthropic"},
            "claude-haiku-5-5": {"upstream": "anthropic"},
            "local": {"upstream": "chatonly", "name": "qwen-coder"},
            "lost": {"upstream": "nowhere"},
            "gpt-*": {"upstream": "openai"},
            "claude-*": {"upstream": "anthropic"},
            "text-embedding-*": {"upstream": "openai"},
        },
        "routes": {
            "code": {"model": "gpt-6.1-sol", "by_dialect": {"messages": "claude-opus-5-5"}},
            "general": {"model": "gpt-6-luna", "by_dialect": {"messages": "claude-haiku-5-5"}},
        },
        "routing": {
            "aliases": ["auto", "claude-auto"],
            "default": "general",
            "matrix": [
                {"input": "image", "route": "general"},
                {"output": ["code", "patch", "config", "review"], "route": "code"},
                {"input": ["code", "shell", "diff", "log"], "route": "code"},
                {"route": "general"},
            ],
        },
        "teams": {
            name: {"keys": ["sha256:" + hashlib.sha256(key.encode()).hexdigest()]} for name, key in KEYS.items()
        },
        "retries": {"attempts": 2, "backoff_s": 0.05},
        "streams": {"keepalive_s": 1},
    }


@pytest.fixture(scope="session")
def upstreams():
    made = Upstream(), Upstream(), Upstream()
    yield made
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def running(upstreams, tmp_path_factory):
    """A gateway with keys; a test says what the upstreams answer."""
    with gateway(tmp_path_factory.mktemp("line"), config(*upstreams)) as started:
        yield started


@pytest.fixture
def openai(upstreams):
    return _fresh(upstreams[0])


@pytest.fixture
def anthropic(upstreams):
    return _fresh(upstreams[1])


@pytest.fixture
def chatonly(upstreams):
    return _fresh(upstreams[2])


def _fresh(upstream: Upstream) -> Upstream:
    upstream.arrived.clear()
    upstream.hung_up.clear()
    upstream.says(b"")
    return upstream


@pytest.fixture
def key():
    return {"authorization": f"Bearer {KEYS['payments']}"}
