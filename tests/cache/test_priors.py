"""The shipped counts: where they come from stands in the file, and they are what the curves expect."""

import json

from cache.curve import EDGES, OUTCOMES, WHOLE
from cache.priors import BIN_MAX, FILE, counts_of, shipped, written
from cache.survival import Survival, Where

HERE = Where(family="f", granted_s=300.0, kin="k", model="m", account="a", look="intact", turn="tool", standing="large")


def test_the_file_names_source_and_licence() -> None:
    about = json.loads(FILE.read_text("utf-8"))
    assert "entireio/cli @394f81f" in about["source"]
    assert "Apache-2.0" in about["licence"]
    assert FILE.stat().st_size < 64 * 1024


def test_its_curves_have_the_shape_of_ours() -> None:
    for path, counts in shipped().items():
        assert len(counts) == OUTCOMES * (len(EDGES) + 1 if path[0] == "time" else 1)
        assert min(counts) >= 0.0
        assert max(counts) <= BIN_MAX + 0.01
        assert "a" not in path


def test_what_was_learned_is_written_and_read_again() -> None:
    survival = Survival()
    for number in range(500):
        survival.observe(HERE, 10.0, 300.0, 300.0, WHOLE, 1000.0 + number)
    counts = counts_of(survival)
    again = json.loads(written(counts, {"about": "x"}))
    assert again["about"] == "x"
    assert set(again["curves"]) == {"|".join(path) for path in counts}
    assert max(again["curves"]["prompt|intact"]) == BIN_MAX
    assert not [path for path in counts if "a" in path], "no account is shipped"
