"""The ledger's writer learns from a file what to compare with, and does without where there is none."""

import os
from pathlib import Path

from gateway.config.live import Live
from gateway.metering.roads import NAME, RoadsFile, roads_of, write_roads
from gateway.metering.whatif import NOTHING_KNOWN, Road, Roads
from tests.gateway.metering.records import intent
from tests.gateway.metering.test_whatif import KINDS, ROADS, settled

EXAMPLE = Path(__file__).parents[3] / "pointsman.yaml"


def test_what_a_config_says():
    roads = roads_of(Live.open(EXAMPLE, {}).current)
    assert roads.code["chat"] == Road("openai", "gpt-6.1-sol")
    assert roads.general["messages"] == Road("anthropic", "claude-haiku-5-5")


def test_a_new_file_is_read_and_a_broken_one_claims_nothing(tmp_path):
    file, meant, event = RoadsFile(tmp_path), intent("a", endpoint="responses"), settled(KINDS)
    assert file.reckon()(meant, event) == NOTHING_KNOWN
    write_roads(tmp_path, ROADS)
    assert file.reckon()(meant, event).general is not None
    assert (os.stat(tmp_path / NAME).st_mode & 0o777, os.listdir(tmp_path)) == (0o600, [NAME])
    write_roads(tmp_path, Roads())
    assert file.reckon()(meant, event).general is None
    (tmp_path / NAME).write_bytes(b"{broken")
    assert file.reckon()(meant, event) == NOTHING_KNOWN
    write_roads(tmp_path, Roads(prices=({"provider": "openai", "model": "gpt-6.1-sol", "output": "no number"},)))
    assert file.reckon()(meant, event) == NOTHING_KNOWN
