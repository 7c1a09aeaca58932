"""Two kinds of rows become one kind of call."""

import gzip
from pathlib import Path

import pytest

from gateway.evaluation.freshness_trace import NotATrace, read_trace, scored

CLAUDE = "repo,session,n,t_req,t_first,t_last,model,trigger,in_uncached,write_5m,write_1h,cache_read,out,client_version\n"
CODEX = "repo,session,n,t_req,t_usage,model,effort,trigger,input_total,cached,out,compactions_so_far,client_version\n"


def claude(number: int, read: int, written: int) -> str:
    at = 100.0 + 10 * number
    return f"r,s,{number},{at},{at + 2},{at + 3},claude-opus-4-6,tool,3,0,{written},{read},50,2.1.36\n"


def codex(number: int, total: int, cached: int, model: str = "gpt-5.5", compactions: int = 0) -> str:
    at = 100.0 + 10 * number
    return f"r,s,{number},{at},{at + 4},{model},high,user,{total},{cached},60,{compactions},0.140.0\n"


def test_claude(tmp_path: Path) -> None:
    file = tmp_path / "t.csv.gz"
    file.write_bytes(gzip.compress((CLAUDE + claude(0, 0, 9000)).encode()))
    (call,) = read_trace(file)
    assert (call.total, call.read, call.kept, call.granted_s) == (9003, 0, 9000, 3600.0)
    assert (call.sent, call.began, call.ended, call.person) == (100.0, 102.0, 103.0, False)


def test_codex(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(CODEX + codex(0, 9000, 4480))
    (call,) = read_trace(file)
    assert (call.provider, call.total, call.read, call.kept, call.granted_s) == ("openai", 9000, 4480, 9000, 0.0)
    assert call.person


def test_what_is_scored(tmp_path: Path) -> None:
    rows = [
        codex(0, 4000, 0),
        codex(1, 6000, 3968),
        codex(2, 7000, 5888),
        codex(3, 8000, 0, "gpt-5.4"),
        codex(4, 8000, 6912),
    ]
    rows += [codex(5, 9000, 7936), codex(6, 3000, 0, compactions=1)]
    file = tmp_path / "t.csv"
    file.write_text(CODEX + "".join(rows))
    assert [call.n for _, call in scored(read_trace(file))] == ["2", "5"]


@pytest.mark.parametrize("text", ["a,b\n1,2\n", CODEX + "r,s,0,soon,4,m,high,user,1,1,1,0,1\n", CLAUDE + "r,s\n"])
def test_other_files(tmp_path: Path, text: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(text)
    with pytest.raises(NotATrace):
        read_trace(file)


def test_a_file_that_is_not_compressed_as_it_says(tmp_path: Path) -> None:
    file = tmp_path / "t.csv.gz"
    file.write_text(CODEX)
    with pytest.raises((NotATrace, OSError)):
        read_trace(file)
