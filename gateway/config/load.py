"""A config file to a `Config`, or to everything that is wrong with it."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from gateway.config import document, wording
from gateway.config.problems import ConfigError, Problem
from gateway.config.schema import Config

__all__ = ["Config", "ConfigError", "Problem", "load", "parse", "read"]


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read a config file. Raises `ConfigError`, and nothing else, with every problem of its form.

    What needs more than the form (does that route exist?) is checked by `compile_config`.
    """
    return parse(read(path), environ)


def read(path: Path) -> bytes:
    """The bytes of a config file, one more than allowed at most. Raises `ConfigError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(document.BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable file name"
        raise ConfigError([Problem("", f"the file cannot be read: {reason}")]) from None


def parse(data: bytes, environ: Mapping[str, str]) -> Config:
    """The config in a file's bytes. Raises `ConfigError`."""
    found = document.parse(data, environ)
    problems = list(found.problems)
    config = None
    try:
        config = Config.model_validate(found.tree)
    except ValidationError as error:
        said = {problem.path for problem in problems}
        details = error.errors(include_url=False)
        invalid = wording.problems(details, Config, found.tree, found.written)
        problems += [problem for problem in invalid if problem.path not in said]
    if problems or config is None:  # outside the except: the validation error holds values, and must not be chained
        raise ConfigError(problems)
    config._written = found.written
    return config
