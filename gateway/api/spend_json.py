"""A spend report as JSON: the form of `GET /pointsman/spend` and of `pointsman spend --format json`."""

from typing import Any

from gateway.metering.spend import Line, Report
from gateway.metering.spend_choices import Choices
from gateway.metering.spend_compare import Compared, Comparison
from gateway.metering.spend_tree import Forest, Tree
from gateway.metering.spend_wasted import Waste
from gateway.metering.types import usd


def as_json(found: Report) -> dict[str, Any]:
    """A report for a JSON writer; dollars are exact decimal strings."""
    return {
        "by": found.by,
        "since": found.since,
        "lines": [_line(line) for line in found.lines],
        "total": _line(found.total),
        "left_out": found.left_out,
    }


def forest_json(found: Forest) -> dict[str, Any]:
    """Agent trees for a JSON writer, each with its agents."""
    return {
        "by": "agent_tree",
        "since": found.since,
        "lines": [_tree(tree) for tree in found.trees],
        "total": _line(found.total),
        "left_out": found.left_out,
    }


def comparison_json(found: Comparison) -> dict[str, Any]:
    """What would have been, for a JSON writer."""
    return {
        "by": found.by,
        "since": found.since,
        "lines": [_compared(line) for line in found.lines],
        "total": _compared(found.total),
        "savings": [
            {"what": each.what, "reason": each.reason, "requests": each.requests, "usd": usd(each.picos)}
            for each in found.savings
        ],
        "left_out": found.left_out,
    }


def waste_json(found: Waste) -> dict[str, Any]:
    """What lost caches cost, for a JSON writer."""
    lines = [
        {"cause": each.cause, "client": each.client, "team": each.team, "requests": each.requests}
        | {"wasted_usd": usd(each.picos), "unknown_requests": each.unknown}
        for each in found.lines
    ]
    total = {"requests": found.requests, "wasted_usd": usd(found.picos)}
    return {"since": found.since, "lines": lines, "total": total, "left_out": found.left_out}


def choices_json(found: Choices) -> dict[str, Any]:
    """Stays and moves with their reasons, for a JSON writer."""
    lines = [
        {"reason": each.reason, "moved": each.moved, "model": each.model, "instead": each.instead}
        | {"requests": each.requests, "expected_saving_usd": usd(each.expected), "unknown_requests": each.unknown}
        | {"saved_at_once_usd": usd(each.at_once)}
        for each in found.lines
    ]
    total = {"requests": found.requests, "expected_saving_usd": usd(found.expected), "saved_at_once_usd": usd(found.at_once)}
    return {"since": found.since, "lines": lines, "total": total, "left_out": found.left_out}


def _compared(line: Compared) -> dict[str, Any]:
    return {
        "name": line.name,
        "requests": line.requests,
        "usd": usd(line.picos),
        "usd_if": {name: usd(picos) for name, picos in line.otherwise.items()},
        "unknown_if": line.unknown,
        "refilled_usd": usd(line.wasted),
    }


def _tree(tree: Tree) -> dict[str, Any]:
    times = {"began": tree.began, "ended": tree.ended, "busy_s": round(tree.busy_s, 3)}
    agents = [
        {
            "thread": each.thread,
            "parent": each.parent,
            "agent": each.agent,
            "context_tokens": each.context_tokens,
            "began": each.began,
            "ended": each.ended,
            "busy_s": round(each.busy_s, 3),
            **{key: value for key, value in _line(each.line).items() if key != "name"},
        }
        for each in tree.members
    ]
    whose = {"team": tree.team, "user": tree.user, "client": tree.client}
    spent = {"orchestrator_usd": usd(tree.orchestrator_picos), "workers": tree.workers}
    return {**_line(tree.line), **whose, **spent, "context_tokens": tree.context_tokens, **times, "agents": agents}


def _line(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "usd": line.usd,
        "requests": line.requests,
        "unpriced_requests": line.unpriced,
        "estimated_requests": line.estimated,
        "tokens": line.tokens,
    }
