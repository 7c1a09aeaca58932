"""Whatever the file holds, loading gives a config or a `ConfigError`; and no secret ever shows in an error."""

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config.compile import compile_config
from gateway.config.crosscheck import crosscheck
from gateway.config.load import load, parse
from gateway.config.problems import ConfigError, Problem

EXAMPLE = Path(__file__).parents[3] / "pointsman.yaml"
SECRET = "kX9-do-not-print-7731"
WORDS = ["version", "rules", "when", "${SECRET}", "${", "${A:-b}", ": ", "- ", "\n", "  ", "[", "{", "&a ", "*a"]


def test_the_example_loads_without_any_environment() -> None:
    config = load(EXAMPLE, {})
    assert crosscheck(config) == ()
    assert compile_config(config, "v").version == "v"


def test_a_problem_reads_as_promised() -> None:
    problem = Problem("rules.0.then.route", "no route is called 'cod'; did you mean 'code'?")
    assert str(problem) == "rules.0.then.route: no route is called 'cod'; did you mean 'code'?"
    assert problem.severity == "error"


def test_a_problem_is_one_printable_line_however_wrong_the_file() -> None:
    said = str(Problem("a\x1b[2J\n" + "b" * 10_000, "no key is called '\u202e'"))
    assert said.isprintable()
    assert len(said) < 700


@pytest.mark.parametrize("name", ["absent.yaml", "", "a\0b"])
def test_a_file_that_cannot_be_read_is_a_config_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="the file cannot be read"):
        load(tmp_path / name, {})


def survives(data: bytes) -> None:
    """Load and compile; anything but a `ConfigError`, and one without secrets, fails the test."""
    said = ""
    try:
        compile_config(parse(data, {"SECRET": SECRET}), "v")
    except ConfigError as error:
        said = str(error)
    assert SECRET not in said
    assert all(line.isprintable() for line in said.split("\n"))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    survives(data)


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=30))
def test_no_text_breaks_it(parts: list[str]) -> None:
    survives("".join(parts).encode("utf-8", "surrogatepass"))


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a tree, the root left out."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def changed(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """The tree with another value at a place."""
    if not path:
        return new
    if isinstance(value, dict):
        return {key: changed(item, path[1:], new) if key == path[0] else item for key, item in value.items()}
    return [changed(item, path[1:], new) if index == path[0] else item for index, item in enumerate(value)]


EVERYTHING: dict[str, Any] = {
    "version": 1,
    "listen": {"host": "127.0.0.1", "port": 4000},
    "upstreams": {
        "openai": {
            "url": "https://api.openai.com/v1",
            "key": "k",
            "provider": "openai",
            "dialects": ["chat", "responses"],
            "on_disconnect": "drain",
            "timeouts": {"connect_s": 1, "first_byte_s": 2, "idle_s": 3},
            "max_connections": 4,
        }
    },
    "models": {"gpt-code": {"upstream": "openai", "name": "gpt-code-1"}, "gpt-*": {"upstream": "openai"}},
    "routes": {
        "code": {"model": "gpt-code", "by_dialect": {"messages": "gpt-a"}, "fallbacks": ["gpt-b"]},
        "general": {"model": "gpt-small"},
    },
    "routing": {
        "aliases": ["auto"],
        "default": "general",
        "min_confidence": 0.5,
        "matrix": [{"input": ["code", "log"], "output": "patch", "route": "code"}, {"route": "general"}],
    },
    "rules": [
        {
            "name": "everything",
            "when": {
                "team": ["payments"],
                "user": "ann",
                "client": ["codex"],
                "agent": "subagent",
                "model": ["gpt-*"],
                "tools": ["shell"],
                "image": False,
                "input": "code",
                "output": ["code"],
                "language": ["python"],
                "size_over": 1,
                "size_under": 1000,
                "keywords": ["Deploy"],
                "path": "/v1/*",
                "header": {"X-Team": "pay*"},
                "hours": "22:00-06:00",
                "weekdays": ["mon", "sun"],
            },
            "then": {"route": "code"},
            "because": "why not",
        },
        {"name": "model", "when": {"image": True}, "then": {"model": "gpt-code"}},
        {"name": "refuse", "when": {"user": ["bob", "eve"]}, "then": {"refuse": "not you"}},
    ],
    "teams": {"payments": {"keys": ["sha256:" + "ab" * 32], "models": ["gpt-*", "gpt-code"]}},
    "admin": {"keys": ["sha256:" + "cd" * 32]},
    "retries": {"attempts": 2, "backoff_s": 0.1, "max_wait_s": 1, "circuit": {"failures": 3, "open_s": 9}},
    "limits": {"body_mb": 1, "inflight": 2, "header_kb": 3},
    "streams": {"keepalive_s": 1, "drain_s": 2, "drain_mb": 3},
    "cache": {"threads": 5, "forget_days": 6},
    "ledger": {"on_error": "refuse"},
    "prices": [{"provider": "openai", "model": "gpt-code", "output": "1.25", "cache_read": 0.1}],
}
PLACES = sorted(places(EVERYTHING), key=str)
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    ["${SECRET}", "a ${SECRET} b", "${NOT_SET}", "", "*", None, True, -1, 1e300, [], {}, [[]], {"a": "${SECRET}"}]
)


def written(tree: Any) -> bytes:
    return yaml.safe_dump(tree, allow_unicode=True).encode()


def test_the_config_with_everything_is_good() -> None:
    assert crosscheck(parse(written(EVERYTHING), {})) == ()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES | st.text(max_size=8)), min_size=1, max_size=4))
def test_no_change_of_a_good_config_breaks_it(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    tree = EVERYTHING
    for path, value in changes:
        if path in set(places(tree)):
            tree = changed(tree, path, value)
    survives(written(tree))


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("form", ["${SECRET}", "x-${SECRET}:y"])
def test_a_secret_in_any_place_never_shows(path: tuple[str | int, ...], form: str) -> None:
    # A wrong word elsewhere makes sure there is an error, as several rules are only tried on good files.
    filled = changed(EVERYTHING, path, form)
    for tree in (filled, changed(filled, ("ledger", "on_error"), "x")):
        try:
            config = parse(written(tree), {"SECRET": SECRET})
            said = "".join(map(str, crosscheck(config)))
            compile_config(config, "v")
        except ConfigError as error:
            said = "".join(traceback.format_exception(error)) + repr(error) + repr(error.problems)
        assert SECRET not in said


def test_a_secret_does_not_show_in_a_printed_config() -> None:
    tree = changed(EVERYTHING, ("upstreams", "openai", "key"), "${SECRET}")
    config = parse(written(tree), {"SECRET": SECRET})
    assert config.upstreams["openai"].key.get_secret_value() == SECRET
    assert SECRET not in repr(config) + str(config)


def test_a_literal_key_is_never_shown_either() -> None:
    for path, value in ((("upstreams", "openai", "key"), [SECRET]), (("teams", "payments", "keys"), [SECRET])):
        with pytest.raises(ConfigError) as caught:
            parse(written(changed(EVERYTHING, path, value)), {})
        assert SECRET not in str(caught.value)


def test_only_two_providers_say_why_their_cache_missed() -> None:
    text = EXAMPLE.read_text("utf-8").replace("diagnostics: 0 ", "diagnostics: 0.5 ")
    config = parse(text.encode(), {})
    assert crosscheck(config) == ()
    assert compile_config(config, "v").upstreams["openai"].diagnostics == 0.5
    (problem,) = crosscheck(parse(text.replace("provider: openai ", "provider: azure ").encode(), {}))
    assert problem.path == "upstreams.openai.diagnostics"
