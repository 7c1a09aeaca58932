"""What a single verdict does not show: whether it holds through an agent's task, and what it costs in a long request."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gateway.evaluation.routing_cases import Case, seen
from gateway.evaluation.routing_score import Verdict
from routing.classify import classify
from routing.types import Dialect, Workload

SIZES = (1_000, 10_000, 100_000, 1_000_000)
"""Bytes of the bodies that are timed."""
TIMED = 200
"""Cases that are grown to each size."""
FILLER = "The river runs past the mill, under the bridge and on to the sea; nobody counts the days it takes. "


def flips(cases: Sequence[Case], verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many tasks an agent works at in several requests, and in how many of them the verdict changes on the way.

    A task is all requests that carry one thread name, or the steps inside one request: what it was after each of its
    tool results since a person spoke last. An image among those steps changes the verdict rightly and is not counted.
    """
    threads: Mapping[str, set[bool]] = defaultdict(set)
    lengths: Mapping[str, list[int]] = defaultdict(list)
    for case, verdict in zip(cases, verdicts, strict=True):
        if case.thread and not case.signals.image:
            threads[case.thread].add(verdict.code)
            lengths[case.thread].append(1)
    several = [name for name, steps in lengths.items() if len(steps) > 1]
    tasks, flipped = len(several), sum(len(threads[name]) > 1 for name in several)
    for case in cases:
        found = {is_code(work) for work in _steps(case)}
        tasks += bool(found)
        flipped += len(found) > 1
    return {"tasks": tasks, "flipped": flipped}


def _steps(case: Case) -> Iterator[Workload]:
    """The verdicts at every step since a person spoke last; nothing where there is a single step."""
    name = "input" if case.dialect == "responses" else "messages"
    body = json.loads(case.body)
    turns = body.get(name)
    if case.signals.image or not isinstance(turns, list):
        return
    ends = [at for at, turn in enumerate(turns, 1) if _is_result(turn)]
    spoken = max((at for at, turn in enumerate(turns, 1) if _is_spoken(turn)), default=0)
    after = [at for at in ends if at > spoken]
    for at in [spoken, *after] if spoken and after else ():
        signals, caller = seen(case.dialect, json.dumps({**body, name: turns[:at]}).encode())
        yield classify(signals, caller.agent, caller.client, caller.request_kind)


def _is_result(turn: Any) -> bool:
    if not isinstance(turn, dict):
        return False
    content = turn.get("content")
    parts = content if isinstance(content, list) else ()
    return (
        turn.get("role") == "tool"
        or str(turn.get("type", "")).endswith("_output")
        or any(isinstance(part, dict) and part.get("type") == "tool_result" for part in parts)
    )


def _is_spoken(turn: Any) -> bool:
    return isinstance(turn, dict) and turn.get("role") == "user" and not _is_result(turn)


def latency(cases: Sequence[Case]) -> dict[str, Any]:
    """Microseconds from signals to verdict and from bytes to verdict, for bodies that an older conversation makes long.

    Processor time of this thread: what else runs on the machine does not count.
    """
    chosen = timed(cases)
    found = {}
    for size in SIZES:
        bodies = [(case.dialect, grown(case, size)) for case in chosen]
        decide, whole = [], []
        for dialect, body in bodies:
            began = time.thread_time()
            signals, caller = seen(dialect, body)
            read = time.thread_time()
            classify(signals, caller.agent, caller.client, caller.request_kind)
            ended = time.thread_time()
            decide.append((ended - read) * 1e6)
            whole.append((ended - began) * 1e6)
        found[str(size)] = {"classify_us": quantiles(decide), "with_reading_us": quantiles(whole)}
    return found


def timed(cases: Sequence[Case]) -> Sequence[Case]:
    """Those whose decision is timed, from all over the file."""
    return cases[:: max(1, len(cases) // TIMED)][:TIMED]


def rival_us(cases: Sequence[Case], rival: Callable[[Case], bool]) -> dict[str, float]:
    """Microseconds of processor time that a rival takes for the same cases, their newest turn at hand."""
    taken = []
    for case in timed(cases):
        began = time.thread_time()
        rival(case)
        taken.append((time.thread_time() - began) * 1e6)
    return quantiles(taken)


def grown(case: Case, size: int) -> bytes:
    """A case's body with as much older conversation before its turns as makes it so long."""
    body = json.loads(case.body)
    name = "input" if case.dialect == "responses" else "messages"
    turns = body.get(name)
    if isinstance(turns, str):
        turns = [{"role": "user", "content": turns}]
    lacking = size - len(case.body)
    each = FILLER * 40
    older: list[dict[str, str]] = []
    while turns and lacking > 0:
        older += [{"role": "user", "content": each}, {"role": "assistant", "content": each}]
        lacking -= 2 * len(each)
    systems = [turn for turn in turns or () if isinstance(turn, dict) and turn.get("role") == "system"]
    others = [turn for turn in turns or () if turn not in systems]
    return json.dumps({**body, name: [*systems, *older, *others]}).encode()


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """Median and the 99th of a hundred."""
    ordered = sorted(values)
    if not ordered:
        return {}
    return {"p50": round(ordered[len(ordered) // 2], 1), "p99": round(ordered[int(len(ordered) * 0.99)], 1)}


def is_code(work: Workload) -> bool:
    """Whether the evidence adds up to code: the verdict that a matrix of the two routes follows."""
    return work.score > 0


def decided(dialect: Dialect, body: bytes) -> Verdict:
    """The verdict on one body."""
    signals, caller = seen(dialect, body)
    work = classify(signals, caller.agent, caller.client, caller.request_kind)
    return Verdict(code=is_code(work), confidence=work.confidence)
