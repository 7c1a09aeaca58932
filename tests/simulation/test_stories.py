"""The three stories hold: what the user is told is what is paid, and panels, ledger and metrics agree."""

import re

import pytest

from tests.dashboards.conftest import prometheus
from tests.line.rig import ROOT
from tests.simulation.stories import STORIES
from tests.simulation.tell import PAGE, page

__all__ = ["prometheus"]
pytestmark = pytest.mark.timeout(700)  # Prometheus may have to be installed first


@pytest.fixture(scope="module")
def told(prometheus, tmp_path_factory):
    return {name: story(tmp_path_factory.mktemp(name), prometheus) for name, story in STORIES.items()}


def test_codex_the_next_morning(told):
    story = told["codex"]
    warm, cold = story.rows["evening"], story.rows["morning"]
    assert story.headers("evening") == {"x-pointsman-cache": "warm"}
    assert (story.headers("morning")["x-pointsman-cache"], cold["cache_observed"]) == ("cold", "miss")
    assert warm["cache_read"] > 100_000 > cold["cache_read"]
    shown = story.replies["morning"].body.decode().split('"delta":"', 1)[1].split('"', 1)[0]
    assert shown.startswith("[Pointsman notice ")
    assert "Idle for 16 h: about" in shown
    assert cold["picos"] > 5 * warm["picos"]
    assert cold["wasted_cause"] == "past_lifetime"
    assert 0 < cold["wasted_picos"] < cold["picos"]
    assert story.metrics == {"stale_resumes": 1, "warnings": 1}
    told_usd = float(story.headers("morning")["x-pointsman-resume-usd"].split("go_on=")[1].split(",")[0])
    assert told_usd == pytest.approx(story.usd("morning"), rel=0.1), "what was told is what was paid"


def test_claude_code_after_a_long_lunch(told):
    story = told["claude"]
    asked = story.replies["asked"]
    assert (asked.status, asked.json["error"]["type"]) == (429, "billing_error")
    message = asked.json["error"]["message"]
    assert "Idle for 70 min" in message
    assert "Send it again to go on" in message
    assert story.rows["resumed"]["cache_read"] == 0
    assert story.usd("anew") < story.usd("resumed") / 5, "what the refusal offered"


def test_opencode_with_the_date_in_its_system_prompt(told):
    story = told["opencode"]
    midnight = story.rows["midnight"]
    assert story.rows["same day"]["cache_read"] > 100_000
    headers = story.headers("midnight")
    assert headers["x-pointsman-cache"] == "broken"
    assert "Idle for 20 min and its system prompt changed" in headers["x-pointsman-warning"]
    assert midnight["cache_read"] < 10_000, "twenty minutes are within the lifetime; the date is not"
    assert (midnight["wasted_cause"], midnight["wasted_picos"] > 10**11) == ("system_changed", True)
    assert story.printed["pointsman lint-prompts"].startswith("date_in_system     opencode of default: $0.")
    assert story.metrics["wasted"] == pytest.approx(midnight["wasted_picos"] / 1e12)
    assert story.rows["moved"]["cache_read"] > 100_000, "the same midnight with the date where it breaks nothing"


@pytest.mark.parametrize(
    ("name", "moment", "client", "foretold"),
    [("codex", "morning", "codex", "cold"), ("claude", "resumed", "claude-code", "cold"), ("opencode", "midnight", "opencode", "broken")],
)
def test_grafana_shows_what_the_ledger_has(told, name, moment, client, foretold):
    story = told[name]
    row, wasted = story.rows[moment], story.rows[moment]["wasted_picos"] / 1e12
    panels = story.panels
    assert panels["Cost of lost caches"] == {f"{row['wasted_cause']} {client}": pytest.approx(wasted, rel=1e-6)}
    assert panels["Wasted by reason"][row["wasted_cause"]] == pytest.approx(wasted, rel=1e-6)
    assert panels["Lost share of spend"] == {"": pytest.approx(row["wasted_picos"] / row["picos"], rel=1e-6)}
    assert panels["Foretold and seen"] == {f"miss {foretold}": 1.0}
    assert sum(panels["Stale resumes"].values()) == (0 if foretold == "broken" else 1)


def test_the_readme_tells_what_the_page_does():
    text, page_ = (ROOT / "README.md").read_text("utf-8"), " ".join(PAGE.read_text("utf-8").split())
    capture = text.split("x-pointsman-cache: cold\n", 1)[1].split("Teams may have it", 1)[0]
    warning, rest = capture.split("\n\n", 1)
    told_lines = [" ".join(warning.split()), *(line for line in rest.splitlines() if line.startswith(("| ", "codex", "wasted")))]
    assert len(told_lines) >= 7
    for line in told_lines:
        assert " ".join(line.split()) in page_ or line.startswith("| Grafana"), line


def test_the_page_tells_it_as_it_is(told):
    """Digits aside: dates and the hour of the day are in some of them."""

    def plain(text: str) -> list[str]:
        return re.sub(r"\b[0-9a-f]{16,}\b|[\d.,]+", "#", text).split()

    assert plain(PAGE.read_text("utf-8")) == plain(page(told))
