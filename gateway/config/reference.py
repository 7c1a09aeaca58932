"""The published forms of the schema: a JSON Schema for editors, and the reference page.

`python -m gateway.config.reference` writes both into the source tree; a test holds them against the models.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.config.schema import Config

_ROOT = Path(__file__).parents[2]
SCHEMA_FILE = Path(__file__).with_name("schema.json")
PAGE_FILE = _ROOT / "docs" / "reference" / "config.md"

_INTRODUCTION = """\
# Configuration

One YAML file, `pointsman.yaml`, says everything. This page is generated from the schema; do not edit it. The file that
comes with Pointsman is the example of every key.

- Check a file with `pointsman check FILE`. Unknown keys are errors, and every error names the path and the wrong word.
- `${NAME}` takes a value from the environment, `${NAME:-default}` has a default for a variable that is unset or empty.
  Both work in values, not in keys. Inside `{…}` and `[…]` they need quotes: `{key: "${NAME}"}`.
- YAML is read by the rules of version 1.2: only `true` and `false` are boolean, numbers are decimal. A key given
  twice is an error, and so are tags.
- A running gateway reads the file again when it changes and on SIGHUP. A broken file changes nothing; `listen` needs
  a restart.
- Editors complete and check the file with `gateway/config/schema.json`.
"""
_ENVIRONMENT = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"}


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) of a config file as it is written, environment references included."""
    schema = Config.model_json_schema()
    root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "pointsman.yaml"}
    definitions = {name: _with_environment(part) for name, part in schema.pop("$defs").items()}
    definitions["Environment"] = _ENVIRONMENT | {"description": "A value from the environment."}
    whole = root | _with_environment(schema) | root | {"$defs": definitions}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def page_text() -> str:
    """The reference page: a table of keys for every section, in the order of the file."""
    schema = Config.model_json_schema()
    lines = [_INTRODUCTION, "## Top level", "", *_table(schema, schema["$defs"])]
    for path, name in _sections(schema, schema["$defs"], ""):
        section = schema["$defs"][name]
        lines += ["", f"## `{path}`", "", _one_line(section["description"]), "", *_table(section, schema["$defs"])]
    return "\n".join(lines) + "\n"


def _with_environment(part: Any) -> Any:
    """The schema with a reference to the environment allowed wherever a plain value of a certain form is wanted."""
    if isinstance(part, list):
        return [_with_environment(item) for item in part]
    if not isinstance(part, dict):
        return part
    if _is_plain(part):
        outside = {key: part[key] for key in ("title", "description", "default") if key in part}
        inside = {key: value for key, value in part.items() if key not in outside}
        return outside | {"anyOf": [inside, {"$ref": "#/$defs/Environment"}]}
    # the keys of a mapping are never filled in, and what describes values is not itself a schema
    left_alone = ("propertyNames", "default", "required")
    return {key: value if key in left_alone else _with_environment(value) for key, value in part.items()}


def _is_plain(part: Mapping[str, Any]) -> bool:
    """Whether a schema is about one value of a form that a reference to the environment does not have."""
    kind = part.get("type")
    if kind == "string":
        return "pattern" in part or "enum" in part
    return isinstance(kind, list) or kind in ("integer", "number", "boolean")


def _sections(schema: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Every nested section once, by the path of its keys."""
    for key, part in schema["properties"].items():
        reference, step = _reference(part)
        if reference:
            where = f"{path}{key}{step}"
            yield where, reference
            yield from _sections(definitions[reference], definitions, f"{where}.")


def _reference(part: Mapping[str, Any]) -> tuple[str, str]:
    """The section a key holds, and how its path goes on: directly, per name, or per entry."""
    if "$ref" in part:
        return part["$ref"].rpartition("/")[2], ""
    for value in _mapped(part):
        if "$ref" in value:
            return value["$ref"].rpartition("/")[2], ".NAME"
    if "$ref" in part.get("items", {}):
        return part["items"]["$ref"].rpartition("/")[2], "[]"
    return "", ""


def _mapped(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Schemas of the values of a mapping."""
    extra = part.get("additionalProperties")
    return [*part.get("patternProperties", {}).values(), *([extra] if isinstance(extra, dict) else [])]


def _table(section: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    required = section.get("required", [])
    rows = ["| key | value | default | |", "|---|---|---|---|"]
    for key, part in section["properties"].items():
        default = "required" if key in required else _default(part)
        reference, _ = _reference(part)  # a description equal to the section's own is left out of the schema
        what = _one_line(part.get("description") or definitions[reference]["description"])
        rows.append(f"| `{key}` | {_kind(part, definitions)} | {default} | {what} |")
    return rows


def _default(part: Mapping[str, Any]) -> str:
    default = part.get("default")
    if default is None or isinstance(default, dict) or default == "":
        return ""
    return f"`{json.dumps(default)}`"


def _kind(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """The form of a value in a few words."""
    if "$ref" in part:
        return "section"
    if "anyOf" in part:
        kinds = [_kind(one, definitions) for one in part["anyOf"] if one.get("type") not in ("null", "array")]
        several = any(one.get("type") == "array" for one in part["anyOf"])
        return " or ".join(kinds) + (", or a list" if several else "")
    if "enum" in part:
        return ", ".join(f"`{word}`" for word in part["enum"])
    if "const" in part:
        return f"`{part['const']}`"
    if isinstance(part.get("type"), list):
        return "number"
    if part["type"] == "array":
        return "list of sections" if "$ref" in part["items"] else f"list of {_kind(part['items'], definitions)}"
    if part["type"] == "object":
        return "sections by name" if _reference(part)[0] else "text by name"
    return {"integer": "whole number", "number": "number", "boolean": "`true`, `false`", "string": "text"}[part["type"]]


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    PAGE_FILE.parent.mkdir(parents=True, exist_ok=True)
    PAGE_FILE.write_text(page_text(), encoding="utf-8")
