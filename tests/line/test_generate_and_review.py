"""The code model makes a picture by calling a tool, the general model looks at it, many rounds, through a running gateway."""

import subprocess
import sys

import pytest

from benchmarks.review_loop import config, one_thread, table, two_threads
from tests.line.rig import ROOT, gateway, wait_for

ROUNDS = 6


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The loops, and the ledger's rows by their ids."""
    command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--profile", "anthropic"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        provider = next(line for line in process.stdout if "base URL" in line).split()[-1]
        with gateway(tmp_path_factory.mktemp("review"), config(provider)) as running:
            loops = {
                "two": two_threads(running.base, ROUNDS),
                "one": one_thread(running.base, ROUNDS),
                "alone": one_thread(running.base, ROUNDS, "code"),
            }
            rows = wait_for(lambda: found if len(found := running.rows()) >= 9 * ROUNDS else None)
        process.terminate()
    return loops, {row["id"]: row for row in rows}


def test_nobody_is_moved(played):
    loops, rows = played
    for each in loops["two"]:
        assert [rows[one]["route"] for one in (each.paint, each.look, each.review)] == ["code", "code", "general"]
    painter = {rows[one]["thread"] for each in loops["two"] for one in (each.paint, each.look)}
    reviewer = {rows[each.review]["thread"] for each in loops["two"]}
    assert (len(painter), len(reviewer)) == (1, 1)
    assert painter != reviewer
    first, *later = loops["two"]
    assert rows[first.paint]["source"] == "classifier"
    assert rows[first.review]["reason"].startswith("image_to")
    assert {rows[one]["source"] for each in later for one in (each.paint, each.look, each.review)} == {"sticky"}


def test_each_keeps_its_cache_and_its_cost_is_in_the_books(played):
    loops, rows = played
    for each in loops["two"][1:]:
        for one in (each.paint, each.look, each.review):
            row = rows[one]
            assert row["cache_read"] > 10 * row["input_uncached"], "only what is new is paid for in full"
            assert row["price_status"] == "priced"
    told = table(rows, loops)
    assert len(told) == 2 + 3 * (3 + 1)
    cost = {name: sum(rows[one]["picos"] for each in loop for one in (each.paint, each.look, each.review))
            for name, loop in loops.items()}  # fmt: skip
    assert cost["two"] < cost["one"] < cost["alone"], "whoever shares a thread reads what the other was told"


def test_a_named_route_is_respected_in_the_middle_of_a_thread(played):
    loops, rows = played
    for each in loops["one"]:
        assert [rows[one]["route"] for one in (each.paint, each.look, each.review)] == ["code", "code", "general"]
        assert {rows[one]["source"] for one in (each.paint, each.look, each.review)} == {"override"}
