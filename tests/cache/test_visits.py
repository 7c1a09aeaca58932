"""A thread that goes to another model and comes back finds what its cache there still holds."""

import msgspec
from msgspec.structs import replace

from cache.fingerprint import fingerprint
from cache.freshness import assess
from cache.providers import rules_for
from cache.standing import Answered
from cache.threads import VERSION, remember
from cache.types import ThreadRecord
from cache.visits import VISITS_MAX, visits_after, with_model

NOW = 1_800_000_000.0
CODE, TALK, SPARE, OTHER = "claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-5-5", "claude-fable-5-2"


def prompt(turns: int):
    talk = [{"role": "user", "content": f"{turn} " + "x" * 400} for turn in range(turns)]
    fields = msgspec.json.decode(msgspec.json.encode({"messages": talk}), type=dict[str, msgspec.Raw])
    return fingerprint("messages", fields, 1, b"a")


def answered(record: ThreadRecord | None, model: str, turns: int, at: float) -> ThreadRecord:
    total = 10_000 * turns
    return remember(
        record, thread="t", team="a", client="c", user="", agent="main", session="s", parent="", route="r", model=model,
        served=model, provider="anthropic", upstream="u", dialect="messages", fingerprint=prompt(turns),
        answered=Answered(at=at, total=total, read=0, out=10, begins_turn=True, granted_s=300.0), window_number=0, now=at,
        picos=5, written=total,
    )  # fmt: skip


def test_it_comes_back_to_a_warm_cache():
    record = answered(answered(None, CODE, 3, NOW), TALK, 4, NOW + 60)
    assert (record.model, record.requests, record.picos, record.first_tokens) == (TALK, 2, 10, 30_000)
    back = with_model(record, CODE)
    found = assess(back, prompt(5), CODE, rules_for("anthropic", CODE), NOW + 90)
    assert (found.state, found.expected_read_tokens) == ("warm", 30_000)
    assert assess(back, prompt(5), CODE, rules_for("anthropic", CODE), NOW + 400).state == "cold"
    assert back.standing.requests == 1
    assert with_model(back, TALK) == record, "nothing is lost on the way"


def test_after_the_return_both_are_known_again():
    away = answered(answered(None, CODE, 3, NOW), TALK, 4, NOW + 60)
    back = answered(away, CODE, 5, NOW + 90)
    assert back.standing.requests == 2
    assert [visit.model for visit in back.visits] == [TALK]
    assert back.boundaries[0].tokens == 30_000, "what the model saw before counts"


def test_a_model_that_never_answered_has_nothing():
    record = answered(None, CODE, 3, NOW)
    assert with_model(record, TALK) is record
    assert assess(record, prompt(4), TALK, rules_for("anthropic", TALK), NOW + 5).reason == "model_changed"


def test_few_are_kept_and_none_twice():
    record = None
    for number, model in enumerate((CODE, TALK, CODE, SPARE, OTHER, CODE)):
        record = answered(record, model, number + 1, NOW + number)
    assert record is not None
    assert record.model == CODE
    assert [visit.model for visit in record.visits] == [OTHER, SPARE]
    assert len(record.visits) == VISITS_MAX
    assert visits_after(ThreadRecord(thread="t", team="a"), CODE) == ()


def test_a_record_of_before_has_none_and_can_be_read():
    record = answered(None, CODE, 3, NOW)
    old = msgspec.to_builtins(record)
    del old["visits"], old["warned_at"]
    data = VERSION + msgspec.msgpack.encode(old)
    assert msgspec.msgpack.decode(data[1:], type=ThreadRecord) == replace(record, visits=())
    assert len(msgspec.msgpack.encode(answered(answered(record, TALK, 4, NOW), SPARE, 5, NOW))) < 4096


def test_a_ping_of_one_models_cache_is_none_of_the_others():
    kept = replace(answered(None, CODE, 3, NOW), kept_at=NOW + 285)
    record = answered(kept, TALK, 4, NOW + 400)
    assert with_model(kept, TALK).kept_at == NOW + 285, "never there: as it is"
    back = with_model(record, CODE)
    assert (back.kept_at, back.last_end) == (0.0, NOW + 285)
    assert assess(back, prompt(5), CODE, rules_for("anthropic", CODE), NOW + 500).state in ("warm", "cooling")


def test_each_model_has_its_own_last_answer():
    record = replace(answered(None, CODE, 3, NOW), answer_id="of_code")
    record = replace(answered(record, TALK, 4, NOW + 60), answer_id="of_talk")
    assert [with_model(record, model).answer_id for model in (CODE, TALK)] == ["of_code", "of_talk"]
