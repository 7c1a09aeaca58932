"""YAML text to plain values: strict where YAML is lax, bounded, and with the environment filled in.

The values are those of YAML 1.2's core schema, so `no`, `on` and `22:00` stay words. A key given twice, a tag and a key
that is no scalar are problems. `${NAME}` and `${NAME:-default}` are replaced in values only, after the text was parsed,
so what the environment holds can never become structure.
"""

import re
from collections.abc import Mapping

import yaml
from msgspec import Struct

from gateway.config.problems import ConfigError, Problem

BYTES_MAX = 1024 * 1024
"""A config of a thousand teams is a tenth of this; the bound keeps a wrong file from stalling a reload."""
NODES_MAX = 100_000
"""Values after aliases were followed: a few lines of nested aliases would otherwise be billions."""
DEPTH_MAX = 32

_REFERENCE = re.compile(r"\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\})?")
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18}|[0-9]{1,18})(?:[eE][-+]?[0-9]{1,3})?")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]


class Document(Struct, frozen=True):
    """A parsed file. `written` holds, for every path that took something from the environment, what stands there."""

    tree: Value
    written: Mapping[str, str]
    problems: tuple[Problem, ...]


class _Loader(yaml.SafeLoader):
    """Composes nodes only; plain scalars stay text here and are resolved below."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own protocol


def parse(data: bytes, environ: Mapping[str, str]) -> Document:
    """Read a config file's bytes. Raises `ConfigError` when there is no document to speak of."""
    if len(data) > BYTES_MAX:
        raise ConfigError([Problem("", f"the file is larger than {BYTES_MAX // 1024} KiB")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(f"line {line}", "is not valid UTF-8")]) from None
    node = _compose(text)
    if node is None:
        raise ConfigError([Problem("", "the file is empty")])
    unfolding = _Unfolding(environ)
    tree = unfolding.value(node, "", 0)
    return Document(tree=tree, written=unfolding.written, problems=tuple(unfolding.problems))


def _compose(text: str) -> yaml.Node | None:
    """The node graph of the only document in the text."""
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError([Problem(place, f"not valid YAML: {said}")]) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
        raise ConfigError([Problem(place, "not valid YAML: a control character")]) from None
    except RecursionError:
        raise ConfigError([Problem("", "nested too deeply")]) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML lets the int() and chr() of malformed escapes and directives escape
        raise ConfigError([Problem("", "not valid YAML: a malformed escape or directive")]) from None


class _Unfolding:
    """Turns nodes into values and notes problems on the way."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.written: dict[str, str] = {}
        self.problems: list[Problem] = []
        self._nodes = 0

    def value(self, node: yaml.Node, path: str, depth: int) -> Value:
        """The value of a node, its aliases followed."""
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise ConfigError([Problem("", f"more than {NODES_MAX} values once aliases are followed")])
        if depth > DEPTH_MAX:
            raise ConfigError([Problem("", f"nested more than {DEPTH_MAX} deep")])
        if node.tag not in _PLAIN_TAGS:
            self.problems.append(Problem(path, "tags such as !!str and !name are not used here"))
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, _below(path, str(index)), depth + 1) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> Value:
        found: dict[str, Value] = {}
        lines: dict[str, int] = {}
        for key, item in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or not _is_text(key.value):
                self.problems.append(Problem(path, f"line {line} has a key that is not a word"))
                continue
            where = _below(path, key.value)
            if key.value in found:
                self.problems.append(
                    Problem(where, f"the key '{key.value}' is given twice, in line {lines[key.value]} and {line}")
                )
            lines.setdefault(key.value, line)
            found[key.value] = self.value(item, where, depth + 1)
        return found

    def _scalar(self, node: yaml.ScalarNode, path: str) -> Value:
        text = str(node.value)
        if not _is_text(text):
            self.problems.append(Problem(path, "is not valid Unicode"))
            return None
        if "${" in text:
            return self._fill(text, path)
        return text if node.style is not None else _plain(text)

    def _fill(self, text: str, path: str) -> str:
        """Put the environment in; the outcome is text and is never looked at again."""

        def replacement(match: re.Match[str]) -> str:
            name = match[1]
            if name is None:
                self.problems.append(Problem(path, "'${' must begin ${NAME} or ${NAME:-default}"))
                return ""
            value = self.environ.get(name, "")
            if match[2] is not None:
                value = value or match[3]
            elif name not in self.environ:
                self.problems.append(
                    Problem(path, f"the environment variable {name} is not set; ${{{name}:-}} would allow that")
                )
            if not _is_text(value):
                self.problems.append(Problem(path, f"the environment variable {name} is not valid Unicode"))
                return ""
            return value

        self.written[path] = _REFERENCE.sub(lambda match: f"${{{match[1] or ''}}}", text)
        return _REFERENCE.sub(replacement, text)


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _plain(text: str) -> Value:
    """What an unquoted scalar means: nothing, true, false, a decimal number, or its own text."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return text


def _is_text(value: object) -> bool:
    """No lone surrogates, which could neither be printed nor sent."""
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)
