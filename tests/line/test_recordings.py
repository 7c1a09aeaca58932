"""Recordings of real client programs, sent again through the gateway to the simulator: what arrives upstream, byte for byte.

Each goes twice: as it was recorded, and with the model's name left to the gateway. The route then follows from what was
recorded, by hand: coding agents' turns and compactions are code, their titles and topics general, and so are pictures in the
newest turn and programs that only chat.
"""

import base64
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.line.rig import ROOT, gateway

RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "clients"
IDENTITY = json.loads((ROOT / "tests" / "golden" / "clients" / "identity.json").read_text("utf-8"))["recordings"]
CHATTERS = ("llm_chat", "openai_anthropic_sdk_python")
PICTURES = {("codex_image_input", 0), ("claude_image_tool_result", 2), ("opencode_image", 1)}
PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")
NAMES = sorted(path.stem for path in RECORDINGS.glob("*.json") if path.stem != "INDEX")
pytestmark = pytest.mark.skipif(not NAMES, reason="no recordings of clients beside the repository")


@pytest.fixture(scope="module")
def provider():
    command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--record"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        yield next(line for line in process.stdout if "base URL" in line).split()[-1]
        process.terminate()


@pytest.fixture(scope="module")
def replayed(provider, tmp_path_factory):
    config = {
        "version": 1,
        "upstreams": {
            "openai": {"url": provider, "key": "k", "provider": "openai", "dialects": ["chat", "responses"]},
            "anthropic": {"url": provider, "key": "k", "provider": "anthropic", "dialects": ["messages"]},
        },
        "models": {"gpt-*": {"upstream": "openai"}, "claude-*": {"upstream": "anthropic"}},
        "routes": {
            "code": {"model": "gpt-6.1-sol", "by_dialect": {"messages": "claude-opus-5-5"}},
            "general": {"model": "gpt-6-luna", "by_dialect": {"messages": "claude-haiku-5-5"}},
        },
        "routing": {
            "aliases": ["auto", "claude-auto"],
            "default": "general",
            "matrix": [
                {"input": "image", "route": "general"},
                {"output": ["visual_description", "title"], "route": "general"},
                {"output": ["code", "patch", "config", "review"], "route": "code"},
                {"input": ["code", "shell", "diff", "log"], "route": "code"},
                {"route": "general"},
            ],
        },
    }
    with gateway(tmp_path_factory.mktemp("replayed"), config) as started:
        yield started


def journal(provider, request_id):
    """What the provider got for a request of ours."""
    with urllib.request.urlopen(f"{provider.removesuffix('/v1')}/__sim/journal") as answer:
        entries = json.load(answer)["entries"]
    return next(each for each in reversed(entries) if ["x-pointsman-request-id", request_id] in each["headers"])


def requests(name):
    """The model requests of a recording: place, path, headers, body."""
    for place, one in enumerate(json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))["requests"]):
        path = one["path"].partition("?")[0].replace("/v1/v1/", "/v1/")
        if one["method"] == "POST" and path in PATHS and isinstance(one["body"], dict):
            kept = {key: value for key, value in one["headers"] if key.lower() not in ("host", "content-length", "content-encoding")}
            yield place, one["path"], kept, one["body"]


USAGE = b',"stream_options":{"include_usage":true}'
"""What is added where a chat stream did not ask for its usage."""


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_arrives_as_it_was_sent(replayed, provider, name):
    for place, path, headers, recorded in requests(name):
        for asked in dict.fromkeys((recorded["model"], "auto")):
            body = {**recorded, "model": asked}
            sent = json.dumps(body).encode()
            thread = {"x-pointsman-thread": f"{name}-{place}"} if asked == "auto" else {}  # decided for itself, not pinned
            reply = replayed.ask(path, sent, {**headers, **thread})
            arrived = journal(provider, reply.told)
            model = reply.headers["x-pointsman-model"]
            got = base64.b64decode(arrived["body"])
            counted = path.startswith("/v1/chat") and body.get("stream") and "stream_options" not in body
            assert (USAGE in got) is bool(counted)
            assert got.replace(USAGE, b"", 1) == sent.replace(f'"{asked}"'.encode(), f'"{model}"'.encode(), 1)
            row = replayed.row(reply)
            expected = {**IDENTITY[name], **IDENTITY[name]["requests"].get(str(place), {})}
            agent = expected.get("agent", "main")
            assert row["agent"] == agent
            assert row["client"] == expected.get("client", "unknown")
            if asked == "auto":
                general = agent == "auxiliary" or name in CHATTERS or (name, place) in PICTURES
                assert row["route"] == ("general" if general else "code"), (name, place, row["reason"])
            elif asked not in ("claude-auto", "code", "general"):
                assert (row["route"], model) == ("", asked)
