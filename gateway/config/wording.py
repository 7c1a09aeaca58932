"""Validation errors in the words of the config: which path, which word is wrong, what was probably meant."""

import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from gateway.config.problems import Problem, did_you_mean
from gateway.config.scalars import HINTS, MONEY_PLACES

_SECRET_KEYS = {"key", "keys"}
"""Values below these are never shown, wherever they came from: people paste secrets."""
_SHOWN_MAX = 60

_WANTED = {
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of reasonable size",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "decimal_parsing": "a number",
    "decimal_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
}
_SHAPES = {
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "mapping_type": "keys and values",
    "dict_type": "keys and values",
    "tuple_type": "a list",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_LENGTHS = {
    "too_short": ("at least", "min_length", ("entry", "entries")),
    "too_long": ("at most", "max_length", ("entry", "entries")),
    "string_too_short": ("at least", "min_length", ("character", "characters")),
    "string_too_long": ("at most", "max_length", ("character", "characters")),
}


def problems(
    errors: Iterable[ErrorDetails], model: type[BaseModel], tree: object, written: Mapping[str, str]
) -> list[Problem]:
    """One problem per validation error. `tree` is what was validated, `written` what stands where the environment was
    filled in.
    """
    listed = list(errors)
    broken = {error["loc"][:-1] for error in listed}
    out = []
    for error in listed:
        if error["type"] == "too_short" and error["loc"] in broken:
            continue  # the entries are there, they are only wrong, which is said already
        loc = tuple(part for part in error["loc"] if part != "[key]")
        place = _as_in_file(loc, tree)
        shown = written.get(".".join(map(str, place))) or _shown(error["input"], place)
        out.append(Problem(".".join(map(str, place)), _message(error, loc, model, shown)))
    return out


def _message(error: ErrorDetails, loc: tuple[int | str, ...], model: type[BaseModel], shown: str) -> str:
    kind, ctx = error["type"], error.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"no key is called '{loc[-1]}' here{did_you_mean(str(loc[-1]), _fields(model, loc[:-1]))}"
    if kind in _WANTED or kind in _SHAPES:
        return _wrong_type(kind, error["input"], shown)
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", ctx["expected"]) or [ctx["expected"]]
        named = f"'{shown}' is not" if shown else "is not"
        return f"{named} {_either(known)}{did_you_mean(shown, known)}"
    if kind in _BOUNDS or kind in _LENGTHS:
        return _out_of_bounds(kind, ctx, shown)
    if kind == "string_pattern_mismatch":
        return f"{HINTS[ctx['pattern']]}{_but(shown)}"
    if kind == "decimal_max_places":
        finest = ", which is one pico-dollar per token" if ctx["decimal_places"] == MONEY_PLACES else ""
        return f"must have at most {ctx['decimal_places']} decimals{finest}{_but(shown)}"
    return error["msg"]


def _wrong_type(kind: str, value: object, shown: str) -> str:
    if value is None:
        return "has no value; write one or take the key out"
    if kind in _SHAPES:
        return f"must be {_SHAPES[kind]}, not {_shape(value)}"
    return f"must be {_WANTED[kind]}{_but(shown)}"


def _out_of_bounds(kind: str, ctx: Mapping[str, Any], shown: str) -> str:
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        bound = int(ctx[name]) if ctx[name] == int(ctx[name]) else ctx[name]
        return f"must be {words} {bound}{_but(shown)}"
    words, name, what = _LENGTHS[kind]
    one = ctx[name] == 1
    return f"must have {words} {ctx[name]} {what[0] if one else what[1]}"


def _but(shown: str) -> str:
    return f", not '{shown}'" if shown else ""


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _as_in_file(loc: tuple[int | str, ...], tree: object) -> tuple[int | str, ...]:
    """The place without the index that was made up when a single word stood for a list of one."""
    for depth, part in enumerate(loc):
        if isinstance(tree, dict):
            tree = tree.get(part)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        elif isinstance(part, int):
            return loc[:depth]
    return loc


def _shown(value: object, place: tuple[int | str, ...]) -> str:
    """A scalar as it can be shown in a message; empty for what must or need not be shown."""
    if _SECRET_KEYS.intersection(map(str, place)) or not isinstance(value, str | int | float):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…"


def _shape(value: object) -> str:
    if isinstance(value, dict):
        return "keys and values"
    return "a list" if isinstance(value, list) else "a single value"


def _fields(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys allowed at a place, found by following the annotations."""
    annotation: Any = model
    for part in loc:
        annotation = _model_of(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(part))
            if field is None:
                return []
            annotation = field.annotation
        else:
            arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
            if not arguments:
                return []
            annotation = arguments[-1]
    annotation = _model_of(annotation)
    return list(annotation.model_fields) if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []


def _model_of(annotation: Any) -> Any:
    """The annotation without its wrappers and without None."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = next(argument for argument in get_args(annotation) if argument is not type(None))
    return annotation
