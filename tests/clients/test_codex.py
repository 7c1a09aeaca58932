"""Codex CLI: new, resumed, forked, with a sub-agent, compacted; what it shows and what the ledger has."""

import struct
import subprocess
import zlib

import pytest

from gateway.commands.connect import RECIPES
from tests.clients.conftest import events


@pytest.fixture
def codex(desk, program):
    """Runs `codex exec` configured by `pointsman connect`."""
    home = desk.home / "codex"
    home.mkdir()
    (home / "config.toml").write_text(RECIPES["codex"].text.format(base=desk.gateway.base, key="k"))

    def run(*words):
        command = (program("codex"), "exec", "--json", "--skip-git-repo-check", *words)
        return events(desk.run(*command, CODEX_HOME=str(home), POINTSMAN_KEY="k", USER="ada"))

    run.home = home
    return run


def said(told):
    return [each["item"]["text"] for each in told if each["type"] == "item.completed" and each["item"]["type"] == "agent_message"]


def png():
    """A white picture of 8 by 8."""

    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = (b"\0" + b"\xff" * 24) * 8
    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(lines)) + part(b"IEND", b"")


def test_new_resumed_and_forked(codex, desk):
    first = codex("[[say: first answer]]")
    thread = first[0]["thread_id"]
    assert said(first) == ["first answer"]
    assert said(codex("resume", thread, "[[say: second answer]]")) == ["second answer"]
    assert said(codex("fork", thread, "[[say: forked answer]]")) == ["forked answer"]
    new, resumed, forked = desk.rows("codex")
    assert (new["client_version"], new["agent"], new["thread"], new["user"]) == ("0.169.0", "main", thread, "ada")
    assert resumed["thread"] == thread
    assert resumed["source"] == "sticky"
    assert (resumed["cache_state"], resumed["cache_observed"]) == ("warm", "hit")
    assert forked["thread"] != thread
    assert {row["route"] for row in (new, resumed, forked)} == {"code"}
    assert {row["model"] for row in (new, resumed, forked)} == {"gpt-6.1-sol"}
    assert all(row["exact"] and row["picos"] and row["price_status"] == "priced" for row in (new, resumed, forked))


def test_a_sub_agent_has_a_thread_of_its_own(codex, desk):
    codex('[[tool: spawn_agent {"message": "list files"}]] [[tool: exec_command {"cmd": "sleep 1"}]]')
    rows = desk.rows("codex")
    sub = [row for row in rows if row["agent"] == "subagent"]
    main = [row for row in rows if row["agent"] == "main"]
    assert sub
    assert len({row["thread"] for row in main}) == 1
    assert {row["parent"] for row in sub} == {main[0]["thread"]}
    assert {row["session"] for row in rows} == {main[0]["session"]}


def test_a_compaction_is_seen_and_the_thread_goes_on(codex, desk):
    codex("-c", "model_auto_compact_token_limit=3000", '[[tool: exec_command {"cmd": "echo hi"}]]')
    rows = desk.rows("codex")
    assert [row["agent"] for row in rows] == ["main", "compaction", "main"]
    assert rows[0]["thread"] == rows[2]["thread"]
    assert rows[2]["cache_state"] == "broken"


def test_an_image_goes_to_the_general_model(codex, desk, tmp_path):
    picture = tmp_path / "dot.png"
    picture.write_bytes(png())
    codex("-i", str(picture), "--", "what is on the picture?")
    (row,) = desk.rows("codex")
    assert (row["input_kind"], row["output_kind"], row["route"]) == ("image", "visual_description", "general")


def test_a_catalog_teaches_codex_the_name_auto(codex, desk, program):
    known = desk.run(program("codex"), "debug", "models", CODEX_HOME=str(codex.home), POINTSMAN_KEY="k")
    (desk.home / "known.json").write_text(known)
    command = [desk.gateway.process.args[0], "-m", "gateway", "connect", "codex", "--catalog", desk.home / "known.json"]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    (codex.home / "models.json").write_text(made.stdout)
    config = (codex.home / "config.toml").read_text()
    (codex.home / "config.toml").write_text(f'model_catalog_json = "{codex.home}/models.json"\n' + config)
    told = codex("[[say: no warning]]")
    assert said(told) == ["no warning"]
    assert not [each for each in told if each.get("item", {}).get("type") == "error"]
