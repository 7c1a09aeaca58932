"""Programs that show how far a limit is used are told in their own headers; the others are left alone."""

from gateway.budgets.channels import shown_by
from tests.gateway.budgets.made import NOON, USD, account


def test_codex_hears_of_every_share():
    assert shown_by("codex", account(spent=925 * USD // 100)) == (
        (b"x-codex-primary-used-percent", b"92.5"),
        (b"x-codex-primary-window-minutes", b"1440"),
        (b"x-codex-primary-reset-at", b"%d" % (NOON + 43_200)),
    )
    assert dict(shown_by("codex", account(spent=99 * USD)))[b"x-codex-primary-used-percent"] == b"100.0"
    assert shown_by("codex", account(span="total", ends=None)) == ()


def test_claude_code_hears_when_there_is_something_to_say():
    assert shown_by("claude-code", account(spent=7 * USD)) == ()
    lines = dict(shown_by("claude-code", account(spent=96 * USD // 10)))
    assert lines[b"anthropic-ratelimit-unified-overage-surpassed-threshold"] == b"0.95"
    assert lines[b"anthropic-ratelimit-unified-overage-utilization"] == b"0.96"


def test_nobody_else_is_told_there():
    assert shown_by("opencode", account(spent=9 * USD)) == ()
