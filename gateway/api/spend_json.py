"""A spend report as JSON: the form of `GET /pointsman/spend` and of `pointsman spend --format json`."""

from typing import Any

from gateway.metering.spend import Line, Report


def as_json(found: Report) -> dict[str, Any]:
    """A report for a JSON writer; dollars are exact decimal strings."""
    return {
        "by": found.by,
        "since": found.since,
        "lines": [_line(line) for line in found.lines],
        "total": _line(found.total),
        "left_out": found.left_out,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "usd": line.usd,
        "requests": line.requests,
        "unpriced_requests": line.unpriced,
        "estimated_requests": line.estimated,
        "tokens": line.tokens,
    }
