"""The control room under `/__sim/`: move the clock, break things, read the bill. For whoever runs the simulator."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from gateway.simulator.faults import from_mapping
from gateway.simulator.prices import repriced
from gateway.simulator.prompt import mapping
from gateway.simulator.provider import Call, Provider

Body = Mapping[str, object]
Told = dict[str, object]


def answer(provider: Provider, call: Call) -> tuple[int, Told]:
    """Status and JSON for one request to the control room."""
    name = f"{call.method} {call.path.removeprefix('/__sim/')}"
    handler = _HANDLERS.get(name)
    if handler is None:
        return 404, {"error": f"there is no {name}", "there_are": sorted(_HANDLERS)}
    try:
        body = mapping(msgspec.json.decode(call.body)) if call.body else {}
        return 200, handler(provider, body)
    except (ValueError, TypeError, OverflowError) as error:
        return 400, {"error": str(error)}


def _number(body: Body, name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number")
    return value


def _whole(body: Body, name: str) -> int:
    value = _number(body, name)
    if value != int(value):
        raise ValueError(f"{name} must be a whole number")
    return int(value)


def _bill(provider: Provider, _: Body) -> Told:
    bill = provider.bill
    return {
        "requests": bill.count,
        "picos": bill.picos,
        "usd": f"{Decimal(bill.picos).scaleb(-12):f}",
        "unpriced": bill.unpriced,
        "unreported": bill.unreported,
        "open": provider.open,
        "rows": list(bill.rows),
    }


def _clear_bill(provider: Provider, _: Body) -> Told:
    provider.bill.clear()
    return {"requests": 0}


def _advance(provider: Provider, body: Body) -> Told:
    provider.clock.advance(_number(body, "seconds"))
    return {"now": provider.clock.now()}


def _evict(provider: Provider, _: Body) -> Told:
    provider.cache.evict()
    return {"evicted": True}


def _overflow(provider: Provider, body: Body) -> Told:
    """The next requests find their machine busy and land on another, where nothing of theirs is cached."""
    requests = _whole(body, "requests") if "requests" in body else 1
    if requests < 0:
        raise ValueError("requests is not negative")
    provider.cache.machines.overflow = requests
    return {"overflowing": requests}


def _seed(provider: Provider, body: Body) -> Told:
    provider.reseed(_whole(body, "seed"))
    return {"seed": body["seed"]}


def _reset(provider: Provider, _: Body) -> Told:
    provider.reset()
    return {"reset": True}


def _pace(provider: Provider, body: Body) -> Told:
    provider.set_pace(_number(body, "seconds_per_token"))
    return {"seconds_per_token": provider.pace_s}


def _price(provider: Provider, body: Body) -> Told:
    """From now on a model costs something else; without `usd_per_million` it costs what is listed again."""
    model = str(body.get("model"))
    said = mapping(body.get("usd_per_million") or {})
    price = provider.prices[model] = repriced(model, {kind: _number(said, kind) for kind in said})
    return {"model": model, "picos_per_token": dict(price.per_token)}


def _flip_ttl(provider: Provider, body: Body) -> Told:
    """From now on an hour asked for is granted as five minutes, as Anthropic has been seen to do."""
    provider.cache.anthropic.grants_hours = not body.get("on", True)
    return {"grants_hours": provider.cache.anthropic.grants_hours}


def _fail(provider: Provider, body: Body) -> Told:
    provider.faults.add(from_mapping(body))
    return {"waiting": True}


def _mend(provider: Provider, _: Body) -> Told:
    provider.faults.clear()
    return {"waiting": False}


def _log(provider: Provider, _: Body) -> Told:
    return {"entries": list(provider.log.entries)}


def _clear_log(provider: Provider, _: Body) -> Told:
    provider.log.clear()
    return {"entries": []}


def _record(provider: Provider, body: Body) -> Told:
    provider.log.recording = bool(body.get("on", True))
    return {"recording": provider.log.recording}


_HANDLERS: Mapping[str, Callable[[Provider, Body], Told]] = {
    "GET bill": _bill,
    "DELETE bill": _clear_bill,
    "POST advance": _advance,
    "POST evict": _evict,
    "POST overflow": _overflow,
    "POST reset": _reset,
    "POST seed": _seed,
    "POST pace": _pace,
    "POST price": _price,
    "POST flip_ttl": _flip_ttl,
    "POST fail": _fail,
    "DELETE fail": _mend,
    "GET journal": _log,
    "DELETE journal": _clear_log,
    "POST record": _record,
}
