"""The published schema and the reference page are what the models say today, and the schema agrees with the loader."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from gateway.config import reference, schema, schema_rules
from gateway.config.compiled import Limits

EXAMPLE = Path(__file__).parents[3] / "pointsman.yaml"


def validator() -> Any:
    found = json.loads(reference.schema_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def test_the_published_files_are_current() -> None:
    hint = "run `python -m gateway.config.reference`"
    assert reference.SCHEMA_FILE.read_text("utf-8") == reference.schema_text(), hint
    assert reference.PAGE_FILE.read_text("utf-8") == reference.page_text(), hint


def test_every_key_is_described_and_every_section_says_what_it_is() -> None:
    sections = [one for one in vars(schema).values() if isinstance(one, type) and issubclass(one, BaseModel)]
    assert len(sections) > 15
    for section in sections:
        if section.__module__ != schema.__name__:
            continue
        assert section.__doc__, section
        for name, field in section.model_fields.items():
            assert field.description, f"{section.__name__}.{name}"
            assert f"| `{name}` |" in reference.page_text()


def test_the_example_fits_the_schema_and_names_every_section() -> None:
    tree = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    validator().validate(tree)
    assert set(tree) == set(schema.Config.model_fields)


def test_the_example_shows_every_key_outside_of_rules_and_prices() -> None:
    text = EXAMPLE.read_text("utf-8")
    left_out = (schema_rules.When, schema.Price)
    for section in vars(schema).values():
        if isinstance(section, type) and issubclass(section, schema.Section) and section not in left_out:
            for name in section.model_fields:
                assert name in text, f"{section.__name__}.{name}"
    for name in schema_rules.When.model_fields:
        assert name in text, f"when.{name}"


@pytest.mark.parametrize(
    ("path", "value", "fits"),
    [
        (("listen", "port"), 5000, True),
        (("listen", "port"), "${PORT:-5000}", True),
        (("listen", "port"), "5000 or so", False),
        (("listen", "port"), 70000, False),
        (("ledger", "on_error"), "${MODE}", True),
        (("ledger", "on_error"), "server", False),
        (("routing", "matrix"), [{"input": "image", "route": "general"}], True),
        (("routing", "matrix"), [{"input": ["image", "log"], "route": "general"}], True),
        (("routing", "matrix"), [{"input": "imag", "route": "general"}], False),
        (("limits", "body_mb"), 0, False),
        (("limitz",), {}, False),
    ],
)
def test_editors_see_what_the_loader_would_say(path: tuple[str, ...], value: object, fits: bool) -> None:
    tree = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    place = tree
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert validator().is_valid(tree) is fits


def test_defaults_agree_with_the_compiled_ones() -> None:
    assert schema.Limits().body_mb * 1024 * 1024 == Limits().body_bytes
