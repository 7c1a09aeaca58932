"""A prediction knows the past and nothing else."""

from msgspec.structs import replace

from cache.survival import Survival
from gateway.evaluation.freshness_replay import Replay, learned_from, left_out, line
from gateway.evaluation.freshness_trace import Call
from gateway.metering.prices import PriceBook

PRICES = PriceBook.load(())


def session(name: str, calls: int, pause_s: float = 20.0, began: float = 1e6) -> list[Call]:
    """A thread that grows by 1,000 tokens a call and is read in full within five minutes, else not at all."""
    made: list[Call] = []
    for number in range(calls):
        total = 20_000 + 1000 * number
        sent = began + number * pause_s
        read = total - 1000 if number and pause_s < 300 else 0
        kinds = {"cache_read": read, "cache_write_5m": total - read} if read else {"cache_write_5m": total}
        made.append(
            Call(
                session=("r", name),
                n=str(number),
                provider="anthropic",
                model="claude-opus-4-6",
                version="2",
                sent=sent,
                began=sent + 2,
                ended=sent + 5,
                person=False,
                total=total,
                read=read,
                kept=total,
                kinds=kinds,
                out=100,
            )
        )
    return made


def replayed(calls: list[Call]) -> list[dict[str, object]]:
    return [line(each) for each in Replay(Survival(), PRICES).run(calls)]


def test_no_outcome_of_a_call_or_of_later_ones_moves_its_prediction() -> None:
    calls = session("a", 30)
    other = [*calls[:20], *(replace(call, read=0, kinds={"cache_write_5m": call.total}) for call in calls[20:])]
    assert replayed(calls)[:21] == replayed(other)[:21]
    assert replayed(calls)[21] != replayed(other)[21]


def test_an_answer_that_has_not_ended_is_not_known() -> None:
    calls = session("a", 3, pause_s=4.0)
    first, second, third = Replay(Survival(), PRICES).run([replace(calls[0], ended=1e6 + 6), *calls[1:]])
    assert first.outlook is None
    assert second.outlook is None, "the first was still being answered"
    assert third.outlook is not None


def test_lines() -> None:
    first, *_, last = replayed(session("a", 40))
    assert (first["state"], first["cause"], first["p_full"]) == ("unknown", "first_call", None)
    assert last["state"] == "warm"
    assert last["expected_read"] == 20_000 + 38 * 1000
    assert 0.03 < float(str(last["expected_cost_usd"])) < 0.06


def test_expiry_is_foretold() -> None:
    taught = learned_from(session("a", 60) + session("b", 60, 900.0, 2e6), PRICES, float("inf"))
    made = Replay(Survival(taught), PRICES).run(session("c", 5, 900.0, 3e6))
    outlook = made[-1].outlook
    assert outlook is not None
    assert (outlook.state, outlook.cause, outlook.expected_read) == ("cold", "expired", 0)


def test_a_session_left_out_teaches_itself_nothing_beforehand() -> None:
    calls = session("a", 20) + session("b", 20, 900.0, 2e6)
    made = left_out(calls, PRICES, folds=2, seed=0)
    assert sorted(each.call.key for each in made) == sorted(call.key for call in calls)
    expired = next(each for each in made if each.call.session == ("r", "b") and each.call.n == "1")
    assert expired.outlook is not None
    assert expired.outlook.evidence == float("inf"), "only the vendor's word stands for it"


def test_unknown_models_are_not_foretold() -> None:
    (made,) = Replay(Survival(), PRICES).run([replace(session("a", 1)[0], model="mystery")])
    assert (made.outlook, made.usd) == (None, None)
