"""A thread between two models, played against the simulator: every stay and every move has its reason and its counterfactual in
the ledger, and the reports add up to it.
"""

import json
from itertools import pairwise

import pytest

from routing.stay import STAYS
from tests.simulation.office import office
from tests.simulation.stories import FILES, said

CODE = "Fix the failing test in tests/test_parser.py: TypeError in parse()\n```python\ndef parse(x):\n    return x + 1\n```"
PICTURE = [
    {"type": "text", "text": "What is shown here?"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
]
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("bash", "edit", "read_file")]
TALK = (CODE + "\n" + FILES, PICTURE, PICTURE, CODE, PICTURE, CODE)
"""What a person says, turn by turn."""
AFTER_PAUSE = 4
"""The turn before which every cache went."""
MATRIX = [
    {"input": "image", "route": "general"},
    {"output": ["code", "patch", "config", "review"], "route": "code"},
    {"route": "general"},
]
SESSION = {"x-session-id": "ses_9", "user-agent": "opencode/1.18.33"}


@pytest.fixture(scope="module", params=["gpt-6-luna", "gpt-6.1-terra"])
def played(request, tmp_path_factory):
    """The rows of six turns, the last two of them after a pause in which every cache went, and what was reported."""
    routing = {"demanding": ["code"], "matrix": MATRIX, "aliases": ["auto"]}
    with office(tmp_path_factory.mktemp("office"), {}, general=request.param, **routing) as day:
        talk, rows = [], []
        for number, words in enumerate(TALK):
            if number == AFTER_PAUSE:
                day.passes(3 * 3600)
            talk.append(words)
            reply = day.ask("/v1/chat/completions", {"model": "auto", "tools": TOOLS, "messages": said(*talk)}, SESSION)
            rows.append(day.running.row(reply))
            talk.append("done")
        told = json.loads(day.command("spend", "--choices", "--format", "json"))
        compared = json.loads(day.command("spend", "--compare", "--format", "json"))
        page = day.running.ask("/pointsman/spend?compare=true").json
    return request.param, rows, told, compared, page


def test_every_turn_that_suited_another_model_has_a_reason_and_what_the_other_would_have_cost(played):
    general, rows, *_ = played
    for before, row, words in zip(rows, rows[1:], TALK[1:], strict=False):
        suited = "gpt-6.1-sol" if words is CODE else general
        if suited == before["model"]:
            assert row["instead"] == "", "nothing was weighed: the work was its model's own"
            continue
        stayed = row["model"] == before["model"]
        assert (row["reason"] in STAYS) is stayed
        assert row["instead"] == (suited if stayed else before["model"])
        assert row["instead_picos"] is not None
        if words is not CODE:
            assert row["instead_picos"] >= 0, "money was the reason"
        else:
            assert row["reason"] == "work_demands"


def test_who_moved_has_what_staying_would_have_cost_and_who_stayed_was_not_moved(played):
    _, rows, *_ = played
    for before, row in pairwise(rows):
        moved = row["model"] != before["model"]
        assert row["moved_from"] == (f"openai/{before['model']}" if moved else "")
        assert (row["if_stayed"] != row["picos"]) is moved


def test_the_cheap_model_is_gone_to_and_that_at_half_the_price_is_not_while_the_cache_is_warm(played):
    general, rows, *_ = played
    word, model = ("saves_more", general) if general == "gpt-6-luna" else ("cache_worth_more", "gpt-6.1-sol")
    assert (rows[1]["reason"], rows[1]["model"]) == (word, model)
    assert (rows[AFTER_PAUSE]["reason"], rows[AFTER_PAUSE]["model"]) == (
        ("cold_anyway", general) if general == "gpt-6-luna" else ("return_costs_more", "gpt-6.1-sol")
    )


def test_reports_add_up_to_the_ledger(played):
    _, rows, told, compared, page = played
    weighed = [row for row in rows if row["instead"] or row["moved_from"]]
    assert told["total"]["requests"] == len(weighed) == sum(line["requests"] for line in told["lines"])
    assert float(told["total"]["expected_saving_usd"]) == pytest.approx(sum(row["instead_picos"] for row in weighed) / 1e12)
    at_once = sum(row["if_stayed"] - row["picos"] for row in rows)
    assert float(told["total"]["saved_at_once_usd"]) == pytest.approx(at_once / 1e12)
    stayed = float(compared["total"]["usd_if"]["stayed"]) - float(compared["total"]["usd"])
    assert stayed == pytest.approx(at_once / 1e12)
    assert page["total"]["usd_if"]["stayed"] == compared["total"]["usd_if"]["stayed"]
