"""`pointsman connect CLIENT`: what to put into a client's configuration so that it speaks through this gateway."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct


class Recipe(Struct, frozen=True):
    """How one client is pointed here. `file` is where `--write` puts the text; empty means it is for the shell."""

    text: str
    file: str = ""
    note: str = ""


RECIPES: Mapping[str, Recipe] = {
    "codex": Recipe(
        file="~/.codex/pointsman.config.toml",
        text="""\
model = "auto"
model_provider = "pointsman"
# model_catalog_json = "/path/to/pointsman-models.json"

[model_providers.pointsman]
name = "pointsman"
base_url = "{base}/v1"
env_key = "POINTSMAN_KEY"
wire_api = "responses"
env_http_headers = {{ "x-pointsman-user" = "USER" }}
""",
        note="Merge it into ~/.codex/config.toml. Codex ignores OPENAI_BASE_URL; the provider block is what counts.\n"
        "Codex knows no model called auto and falls back to plainer tools, with a warning. This teaches it the name:\n"
        "  codex debug models | pointsman connect codex --catalog - > ~/.codex/pointsman-models.json\n"
        "and put that path into model_catalog_json. Then: POINTSMAN_KEY={key} codex",
    ),
    "claude": Recipe(
        text="""\
export ANTHROPIC_BASE_URL={base}
export ANTHROPIC_API_KEY={key}
export ANTHROPIC_MODEL=claude-auto
""",
        note="Leave ANTHROPIC_MODEL out to keep choosing models in Claude Code itself.",
    ),
    "opencode": Recipe(
        file="opencode.json",
        text="""\
{{
  "$schema": "https://opencode.ai/config.json",
  "provider": {{
    "pointsman": {{
      "npm": "@ai-sdk/openai-compatible",
      "name": "Pointsman",
      "options": {{ "baseURL": "{base}/v1", "apiKey": "{key}" }},
      "models": {{
        "auto": {{ "name": "auto", "modalities": {{ "input": ["text", "image"], "output": ["text"] }} }}
      }}
    }}
  }},
  "model": "pointsman/auto"
}}
""",
        note="Without the modalities line opencode drops images before they reach the gateway.",
    ),
    "openai": Recipe(
        text="""\
from openai import OpenAI

client = OpenAI(base_url="{base}/v1", api_key="{key}")
print(client.chat.completions.create(model="auto", messages=[{{"role": "user", "content": "hello"}}]))
"""
    ),
    "anthropic": Recipe(
        text="""\
from anthropic import Anthropic

client = Anthropic(base_url="{base}", api_key="{key}")
message = {{"role": "user", "content": "hello"}}
print(client.messages.create(model="claude-auto", max_tokens=200, messages=[message]))
"""
    ),
    "aider": Recipe(
        text="""\
export OPENAI_API_BASE={base}/v1
export OPENAI_API_KEY={key}
aider --model openai/auto
"""
    ),
    "llm": Recipe(
        file="extra-openai-models.yaml",
        text="""\
- model_id: auto
  model_name: auto
  api_base: {base}/v1
  api_key_name: pointsman
""",
        note="The file belongs into the folder that `llm logs path` names; then `llm keys set pointsman`.",
    ),
    "curl": Recipe(
        text="""\
curl -s {base}/v1/chat/completions -H 'content-type: application/json' -H 'authorization: Bearer {key}' \\
  -d '{{"model":"auto","messages":[{{"role":"user","content":"hello"}}]}}'
"""
    ),
}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "connect",
        help="print (or write) what a client needs to use this gateway",
        description="Print the configuration of one client. Example: pointsman connect codex --url http://gw:4000",
    )
    parser.add_argument("client", choices=sorted(RECIPES))
    parser.add_argument("--url", default="http://127.0.0.1:4000", help="the gateway's address (default: %(default)s)")
    parser.add_argument("--key", default=os.environ.get("POINTSMAN_KEY", "any-key"), help="your team's key")
    parser.add_argument("--write", action="store_true", help="write the client's file instead; never overwrites one")
    parser.add_argument(
        "--catalog", metavar="FILE", help="codex: add `auto` to a catalog that `codex debug models` printed (- reads it)"
    )
    parser.add_argument("--like", metavar="MODEL", help="with --catalog: whose abilities `auto` has (default: the first)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.catalog is not None:
        return _catalog(args)
    recipe = RECIPES[args.client]
    values = {"base": args.url.rstrip("/").removesuffix("/v1"), "key": args.key}
    text = recipe.text.format(**values)
    note = recipe.note.format(**values)
    if not args.write:
        print(text, end="")
        for line in note.splitlines():
            print(f"# {line}")
        return 0
    if not recipe.file:
        print(f"{args.client} is configured by what it prints, not by a file: run it without --write")
        return 2
    path = Path(recipe.file).expanduser()
    if path.exists():
        print(f"{path} exists and is left alone; merge this by hand:\n\n{text}")
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"wrote {path}\n{note}")
    return 0


def _catalog(args: argparse.Namespace) -> int:
    """Print a Codex model catalog that has `auto`."""
    try:
        said = sys.stdin.buffer.read() if args.catalog == "-" else Path(args.catalog).read_bytes()
        print(json.dumps(with_auto(json.loads(said), args.like)))
    except (OSError, ValueError, LookupError) as error:
        print(f"pointsman connect: no catalog of Codex: {error}", file=sys.stderr)
        return 2
    return 0


def with_auto(catalog: Mapping[str, Any], like: str | None) -> dict[str, Any]:
    """The catalog with one more model first, `auto`, that can do what `like` can. LookupError where nothing is like it."""
    models = [model for model in catalog["models"] if model["slug"] != "auto"]
    pattern = next((model for model in models if like is None or model["slug"] == like), None)
    if pattern is None:
        raise LookupError(f"no model is called {like!r}; there are {', '.join(model['slug'] for model in models)}")
    told = "Pointsman chooses the model."
    auto = {**pattern, "slug": "auto", "display_name": "auto", "description": told, "upgrade": None}
    return {**catalog, "models": [auto, *models]}
