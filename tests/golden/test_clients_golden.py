"""Who sent a request: shapes written by hand for every rule, and recordings of real programs where they lie beside us.

`golden/clients/shapes.json` holds whole requests and whole callers. `golden/clients/identity.json` says of each recorded
request what it must be recognised as; its words for threads are resolved over all recordings, so that "the same thread"
means the same across a resume, and "another" means another across programs.
"""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from gateway.dialects.ask import Ask, read
from gateway.dialects.endpoints import endpoint_of
from gateway.identify import Caller, ThreadRule, identify
from gateway.wire.target import head, locate
from gateway.wire.types import Head
from routing.types import AgentKind

FOLDER = Path(__file__).parent / "clients"
RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "clients"
SHAPES = json.loads((FOLDER / "shapes.json").read_text("utf-8"))
EXPECTED = json.loads((FOLDER / "identity.json").read_text("utf-8"))["recordings"]
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings of clients beside the repository")
OF_A_SOCKET = ("user-agent", "originator")
"""What is taken of a handshake for the messages after it: the rest goes stale there, and the messages repeat it."""


def request(path: str, headers: list[tuple[str, str]], body: Any) -> tuple[Head, Ask] | None:
    """A request as the pipeline sees it, None where identity is not asked for it."""
    target = locate(path.encode())
    if target is None or not isinstance(body, dict):
        return None
    data = json.dumps(body).encode()
    lines = [(name.lower().encode(), value.encode()) for name, value in headers]
    made = head("POST", target, lines, len(data))
    endpoint, dialect = endpoint_of("POST", made.path, made.first)
    return made, read(data, endpoint, dialect)


def recorded(name: str) -> dict[int, Caller]:
    """The callers of a recording's requests, by their place in it."""
    found = {}
    handshake: list[tuple[str, str]] = []
    for place, one in enumerate(json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))["requests"]):
        headers = [(key, value) for key, value in one["headers"]]
        if one.get("ws") == "handshake":
            handshake = [(key, value) for key, value in headers if key.lower() in OF_A_SOCKET]
        made = request(one["path"], handshake if one.get("ws") == "message" else headers, one["body"])
        if made is not None:
            found[place] = identify(*made, "blue")
    return found


@pytest.mark.parametrize("shape", SHAPES, ids=[shape["name"] for shape in SHAPES])
def test_a_shape_is_recognised(shape: dict[str, Any]) -> None:
    made = request(shape["path"], list(shape["headers"].items()), shape["body"])
    assert made is not None
    assert identify(*made, "blue") == msgspec.convert(shape["caller"], Caller)


def test_the_shapes_reach_every_rule_and_kind() -> None:
    callers = [msgspec.convert(shape["caller"], Caller) for shape in SHAPES]
    resolved_later = {"previous_response"}
    assert {caller.rule for caller in callers} | resolved_later == set(get_args(ThreadRule))
    assert {caller.agent for caller in callers} == set(get_args(AgentKind))


@needs_recordings
def test_every_recording_has_its_expectation() -> None:
    assert {path.stem for path in RECORDINGS.glob("*.json")} - {"INDEX"} == set(EXPECTED)


@needs_recordings
@pytest.mark.parametrize("name", EXPECTED)
def test_a_recording_is_recognised(name: str) -> None:
    expected = EXPECTED[name]
    callers = recorded(name)
    assert {str(place) for place in callers} == set(expected["requests"])
    for place, caller in callers.items():
        wanted = expected | expected["requests"][str(place)]
        assert (caller.client, caller.client_version) == (wanted["client"], wanted["version"])
        assert (caller.rule, caller.agent) == (wanted["rule"], wanted.get("agent", "main"))
        assert (caller.request_kind, caller.resume) == (wanted.get("kind", ""), wanted.get("resume", ""))
        assert caller.window_number == wanted.get("window", 0)
        assert (caller.team, caller.user) == ("blue", "")


@needs_recordings
def test_threads_are_the_same_where_they_should_be_and_nowhere_else() -> None:
    words: dict[tuple[str, str], str] = {}
    for name, expected in EXPECTED.items():
        for place, caller in recorded(name).items():
            wanted = expected["requests"][str(place)]
            for space, field in (
                ("thread", "thread"), ("thread", "parent"), ("thread", "forked_from"), ("session", "session")
            ):  # fmt: skip
                word, found = wanted.get(field, ""), getattr(caller, field)
                assert bool(word) == bool(found), (name, place, field)
                if word:
                    assert words.setdefault((space, word), found) == found, (name, place, field)
    for space in ("thread", "session"):
        ids = [found for (of, _), found in words.items() if of == space]
        assert len(ids) == len(set(ids)), "two words for one id"


@needs_recordings
def test_a_resumed_thread_stays_and_a_fork_names_its_origin() -> None:
    new, resumed, fork = (
        recorded(name)[0] for name in ("codex_turn1_new", "codex_turn2_cold_resume", "codex_fork_cold_fork")
    )
    assert new.thread == resumed.thread
    assert fork.thread != new.thread
    assert fork.forked_from == new.thread


@needs_recordings
@pytest.mark.parametrize(
    ("name", "place"), [("codex_subagent_spawn", 2), ("claude_subagent", 2), ("opencode_subagent", 2)]
)
def test_a_sub_agent_has_a_thread_of_its_own_under_the_main_one(name: str, place: int) -> None:
    callers = recorded(name)
    main, child, after = callers[place - 1], callers[place], callers[place + 1]
    assert main.thread == after.thread == child.parent
    assert child.thread not in ("", main.thread)
    assert main.session == child.session == after.session
