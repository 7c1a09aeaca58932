"""Headers by which programs show how far a budget is used, in their own words and places.

Codex's terminal warns at 75, 90 and 95 per cent of what `x-codex-primary-*` says, also of a custom provider (seen with
0.169). Claude Code shows the share of "usage credits" that `anthropic-ratelimit-unified-*` names, when it runs in its
gateway mode, and ignores it otherwise (seen with 2.1.330). No other program has a place for it.
"""

from gateway.budgets.types import Account
from gateway.wire.types import Headers

CLAUDE_FROM = (0.95, 0.75)
"""Shares beyond which Claude Code has something to say."""
_MINUTES = {"day": 1440, "week": 10_080, "month": 43_200}
"""Codex names a limit after its length: a month is 30 days there."""


def shown_by(client: str, account: Account) -> Headers:
    """The lines for this program; none where it has no place for them."""
    if client == "codex":
        return _codex(account)
    return _claude(account) if client == "claude-code" else ()


def _codex(account: Account) -> Headers:
    minutes = _MINUTES.get(account.budget.span)
    if minutes is None or account.ends is None:
        return ()
    return (
        (b"x-codex-primary-used-percent", b"%.1f" % min(100.0, account.share * 100)),
        (b"x-codex-primary-window-minutes", b"%d" % minutes),
        (b"x-codex-primary-reset-at", b"%d" % account.ends),
    )


def _claude(account: Account) -> Headers:
    passed = next((share for share in CLAUDE_FROM if account.share >= share), None)
    if passed is None or account.ends is None:
        return ()
    ends = b"%d" % account.ends
    return (
        (b"anthropic-ratelimit-unified-status", b"allowed_warning"),
        (b"anthropic-ratelimit-unified-representative-claim", b"overage"),
        (b"anthropic-ratelimit-unified-reset", ends),
        (b"anthropic-ratelimit-unified-overage-reset", ends),
        (b"anthropic-ratelimit-unified-overage-utilization", b"%.2f" % account.share),
        (b"anthropic-ratelimit-unified-overage-surpassed-threshold", b"%.2f" % passed),
    )
