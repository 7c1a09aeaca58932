"""How a caller is told that its budget is used up or that it is too fast, in the form its program makes the most of.

Seen with the programs of November 2026: Codex prints `x-codex-promo-message` after its own sentence about a usage limit and
asks once, while it repeats a 402 or 403 six times and hangs silently on a long `retry-after`; Claude Code shows a
`billing_error` as it is when told not to retry; opencode repeats every 429 and shows a 402; OpenAI's and Anthropic's SDKs
obey `x-should-retry` before anything else.
"""

from gateway.budgets.rates import TooFast
from gateway.budgets.types import Account
from gateway.budgets.wording import spent
from gateway.errors import KINDS, Refusal, Told
from gateway.headers import safe
from gateway.wire.types import Headers

PAYMENT_REQUIRED = 402


def used_up(account: Account, client: str, now: float) -> Refusal:
    """The refusal of a request a budget has nothing left for."""
    message = spent(account)
    return Refusal.of("budget_spent", message, told=_told(account, client, message, now))


def too_fast(limit: TooFast) -> Refusal:
    """The refusal of a request that comes too soon: every program waits as long as it is asked to, and comes again."""
    bound = limit.limit.requests if limit.what == "requests" else limit.limit.tokens
    wait_s = max(1, round(limit.wait_s))
    message = f"The limit {limit.limit.name} allows {bound:,} {limit.what} a minute; try again in {wait_s}s"
    return Refusal.of("rate_limited", message, retry_after_s=limit.wait_s)


def _told(account: Account, client: str, message: str, now: float) -> Told:
    usual = KINDS["budget_spent"]
    if client == "codex":
        more = {} if account.ends is None else {"resets_at": int(account.ends)}
        return Told(usual.status, "usage_limit_reached", more=more, headers=((b"x-codex-promo-message", safe(message)),))
    if client == "opencode":
        return Told(PAYMENT_REQUIRED, usual.openai_type)
    waits: Headers = ()
    if client == "claude-code" and account.ends is not None:
        waits = ((b"retry-after", b"%d" % max(1, round(account.ends - now))),)
    return Told(usual.status, usual.openai_type, headers=waits)
