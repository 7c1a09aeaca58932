"""The order of precedence: rules, then an explicit model, then the thread's own past, then what the work looks like."""

from collections.abc import Callable

from msgspec.structs import replace

from routing.matrix import route_for
from routing.policy import Policy, Rule
from routing.rules import matches
from routing.stay import choose, told
from routing.types import Asked, Decision, Pin, Reason, Route, Signals, Source, Workload

PINNED_AGENTS = frozenset(("main", "subagent", "compaction"))
"""A title has no past worth keeping: it is decided for itself. A compaction that runs in its thread has the thread's
prompt, and what comes back may be readable only by the model that made it; one beside its thread begins without a pin."""


def decide(
    asked: Asked,
    signals: Callable[[], Signals],
    workload: Callable[[], Workload],
    pin: Pin | None,
    policy: Policy,
    known: Callable[[str], bool],
) -> Decision:
    """Where a request goes, and why.

    `signals` and `workload` are asked for only when something depends on them: explicit and pinned requests cost
    nothing more. `known` says whether a model name is configured. An unknown explicit model gives a decision without a
    model and the reason `unknown_model`: the caller makes the error of it. Rules are tried in order until one decides; those
    that only warn, and those in shadow, are noted on the way.
    """
    if not policy.rules:
        return _unruled(asked, workload, pin, policy, known)
    shadows: list[Decision] = []
    fitting: list[Rule] = []
    decision = None
    for rule in policy.rules:
        if not matches(rule.when, asked, signals, workload):
            continue
        if rule.shadow:
            shadows.append(_by_rule(rule, asked, policy))
            continue
        fitting.append(rule)
        if rule.decides:
            decision = _by_rule(rule, asked, policy)
            break
    return _beside(decision or _unruled(asked, workload, pin, policy, known), fitting, shadows)


def _beside(decision: Decision, fitting: list[Rule], shadows: list[Decision]) -> Decision:
    """The decision with what the rules on the way to it want beside: of several efforts or questions the first."""
    if not shadows and not any([rule.warn or rule.effort or rule.ask for rule in fitting]):
        return decision
    asks = next((rule for rule in fitting if rule.ask), None)
    return replace(
        decision,
        shadows=tuple(shadows),
        warning="; ".join([rule.warn for rule in fitting if rule.warn]),
        effort=next((rule.effort for rule in fitting if rule.effort), decision.effort),
        question=asks.ask if asks is not None else "",
        asked_by=asks.name if asks is not None else "",
    )


def _unruled(
    asked: Asked,
    workload: Callable[[], Workload],
    pin: Pin | None,
    policy: Policy,
    known: Callable[[str], bool],
) -> Decision:
    """What is decided where no rule does."""
    if asked.model in policy.routes:
        route = policy.routes[asked.model]
        return _to(route, asked, "override", "route_name", f"the client asked for route {route.name}")
    if asked.model not in policy.aliases:
        word, model = ("explicit_model", asked.model) if known(asked.model) else ("unknown_model", "")
        reason = Reason(word=word, text=f"the client asked for {asked.model}")
        return Decision(route="", model=model, source="override", reasons=(reason,))
    if pin is not None and asked.agent in PINNED_AGENTS and pin.route in policy.routes and known(pin.model):
        return _in_thread(pin, asked, workload, policy, known)
    return _by_workload(workload(), asked, policy)


def _in_thread(
    pin: Pin, asked: Asked, workload: Callable[[], Workload], policy: Policy, known: Callable[[str], bool]
) -> Decision:
    """A thread goes on with its model, unless its next turn is another route's work and the sum, or the work, says to go."""
    stays = Decision(
        route=pin.route,
        model=pin.model,
        source="sticky",
        reasons=(Reason(word="thread_pinned", text=f"this thread has been on {pin.model}"),),
        fallbacks=policy.routes[pin.route].fallbacks,
        effort=policy.routes[pin.route].effort,
    )
    if pin.weigh is None or asked.agent == "compaction":
        return stays
    work = workload()
    fitting = route_for(work, policy, asked.team)
    if fitting is None or work.confidence < policy.min_confidence:
        return replace(stays, workload=work)
    stays = replace(stays, workload=work, suits=fitting)
    if fitting == pin.route:
        return stays
    model = policy.routes[fitting].model_for(asked.dialect)
    if model == pin.model or not known(model):
        return stays
    choice = choose(pin.weigh(fitting, model, work), fitting in policy.demanding)
    reason = Reason(word=choice.word, text=told(choice, pin.model, model))
    if not choice.goes:
        return replace(stays, reasons=(reason, *stays.reasons), instead=model, instead_picos=choice.saved)
    goes = _by_workload(work, asked, policy)
    return replace(goes, reasons=(reason, *goes.reasons), instead=pin.model, instead_picos=choice.saved)


def _by_rule(rule: Rule, asked: Asked, policy: Policy) -> Decision:
    reason = Reason(word=f"rule:{rule.name}", text=rule.because or f"rule {rule.name} matched")
    if rule.route:
        route = policy.routes[rule.route]
        return Decision(
            route=route.name,
            model=route.model_for(asked.dialect),
            source="rule",
            reasons=(reason,),
            fallbacks=route.fallbacks,
            effort=rule.effort or route.effort,
            rule=rule.name,
        )
    return Decision(
        route="",
        model=rule.model,
        source="rule",
        reasons=(reason,),
        effort=rule.effort,
        refusal=rule.refuse,
        rule=rule.name,
    )


def _by_workload(work: Workload, asked: Asked, policy: Policy) -> Decision:
    fitting = route_for(work, policy, asked.team)
    if fitting is None or work.confidence < policy.min_confidence:
        text = f"not sure enough ({work.confidence:.2f}) that this is {work.input} to {work.output}"
        return _to(policy.routes[policy.default], asked, "fallback", "low_confidence", text, work)
    text = f"{work.input} in, {work.output} out"
    decision = _to(policy.routes[fitting], asked, "classifier", f"{work.input}_to_{work.output}", text, work)
    return replace(decision, suits=fitting)


def _to(
    route: Route, asked: Asked, source: Source, word: str, text: str, work: Workload | None = None
) -> Decision:
    return Decision(
        route=route.name,
        model=route.model_for(asked.dialect),
        source=source,
        reasons=(Reason(word=word, text=text),),
        fallbacks=route.fallbacks,
        effort=route.effort,
        workload=work,
    )
