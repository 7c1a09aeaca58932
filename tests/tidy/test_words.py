"""What no committed file may hold: addresses of package indexes, paths of somebody's machine, keys, other people's marks."""

import re

import pytest

from tests.tidy.tree import ROOT, committed, text

INDEXES = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "crates" + ".io", "conda." + "anaconda")
PLACES = re.compile(r"(?<![\w.$}~-])/(?:" + "|".join(("root", "work", "home", "Users", "mnt", "private")) + r")/\w")
KEYS = re.compile(r"\b(?:sk-ant-api\d\d-|sk-proj-|AKIA|ghp_|xox[bp]-)[A-Za-z0-9_-]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY")
UNSETTLED = re.compile(r"^(?:<{7}|>{7}) \S", re.MULTILINE)
BINARY = (".png", ".woff2", ".gz", ".zst")
FILE_BYTES_MAX = 1024 * 1024
"""A clone stays small; data that is larger is made or fetched."""


@pytest.mark.parametrize("name", [name for name in committed() if not name.endswith(BINARY)])
def test_committed_words(name: str) -> None:
    content = text(name)
    assert not [host for host in INDEXES if host in content], "an index address"
    assert not PLACES.search(content), "a path of one machine"
    assert not KEYS.search(content), "a key"
    assert not UNSETTLED.search(content), "a merge that was not settled"


@pytest.mark.parametrize("name", committed())
def test_committed_files_are_small_and_tidy(name: str) -> None:
    size = (ROOT / name).stat().st_size
    assert size <= FILE_BYTES_MAX
    if not name.endswith((*BINARY, ".json", ".sse", ".txt")) and size:
        content = text(name)
        assert content.endswith("\n")
        assert not re.search(r"[ \t]$", content, re.MULTILINE), "space at the end of a line"
        assert "\r" not in content
