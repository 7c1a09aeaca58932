"""Sessions as they were recorded, and kinds as they are drawn."""

import gzip
from itertools import pairwise

import pytest

from gateway.evaluation.policies_trace import MIXES, NotSessions, kinds, read_sessions, shared
from tests.gateway.evaluation.sessions import written


def test_turns_begin_with_text_and_side_threads_are_left_out(tmp_path):
    path = written(tmp_path, turns=3)
    (session,) = read_sessions(path)
    assert (session.name, session.block, [len(turn) for turn in session.turns]) == ("t1", 64, [2, 2, 2])
    packed = tmp_path / "s.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_sessions(packed) == [session]


def test_a_session_recorded_twice_counts_once(tmp_path):
    shorter = written(tmp_path, turns=5).read_text().replace('"t1"', '"t2"')
    path = written(tmp_path, turns=6)
    path.write_text(shorter + path.read_text())
    (session,) = read_sessions(path)
    assert (session.name, len(session.turns)) == ("t1", 6)


def test_of_counts_prompts_are_taken_to_go_on_until_they_are_rebuilt(tmp_path):
    path = tmp_path / "calls.csv"
    lines = ["session,n,t_req,trigger,in_uncached,write_5m,write_1h,cache_read,out"]
    for n, (trigger, total) in enumerate([("user", 1000), ("tool", 1500), ("user", 1800), ("user", 1200), ("tool", 1300)]):
        lines.append(f"a,{n},{n * 10},{trigger},10,{total - 10},0,0,5")
    path.write_text("\n".join(lines))
    (session,) = read_sessions(path)
    assert [len(turn) for turn in session.turns] == [2, 1, 2]
    flat = [sent for turn in session.turns for sent in turn]
    assert [sent.tokens for sent in flat] == [1000, 1500, 1800, 1200, 1300]
    assert [shared(one.blocks, two.blocks) for one, two in pairwise(flat)] == [1000, 1500, 1000, 1200]


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"trace":"t","bs":64,"rows":[{"t":0}]}'])
def test_other_files_are_told_apart(tmp_path, text):
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(NotSessions):
        read_sessions(path)


@pytest.mark.parametrize(
    ("one", "other", "blocks"),
    [
        (((1, 10),), ((1, 12),), 10),
        (((1, 10), (50, 5)), ((1, 4), (5, 20)), 10),
        (((1, 10), (50, 5)), ((1, 10), (51, 5)), 10),
        (((2, 10),), ((1, 10),), 0),
        ((), ((1, 1),), 0),
    ],
)
def test_prompts_agree_from_their_beginning(one, other, blocks):
    assert shared(one, other) == shared(other, one) == blocks


def test_kinds_repeat_with_their_seed(tmp_path):
    (session,) = read_sessions(written(tmp_path, turns=400))
    for mix in MIXES:
        drawn = kinds(session, mix, 3)
        assert drawn == kinds(session, mix, 3) != kinds(session, mix, 4)
        assert abs(drawn.count(False) / 400 - mix.general) < 0.15
