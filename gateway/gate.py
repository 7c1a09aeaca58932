"""Asking first: one refusal before a cold resume, or where a rule has a question, in the form that each client shows whole
and does not repeat by itself.

What was recorded of them: Codex shows the message of a failed response with `invalid_prompt` as it is and does not retry;
Claude Code shows that of a 429 `billing_error` that forbids retrying, and would send a 400 six times; opencode, Copilot and
the SDKs show that of a 400 once.
"""

from gateway.dialects.ask import Ask, is_crossed
from gateway.errors import KINDS, Refusal, Told, answer, stream_error
from gateway.headers import safe
from gateway.warning import ColdResume
from gateway.wire.exchange import Answer

MONEY_STATUS = 429
"""With a `billing_error`: what Claude Code takes for money and not for haste."""
GO_ON = "Nothing was sent. Send it again to go on."
WHAT_TO_DO = "Nothing was sent. Send it again to go on, or compact or start a new thread first."


def asks_first(cold: ColdResume, ask: Ask, client: str, request_id: str) -> Answer:
    """The refusal for a request of this client. The thread's next request, whatever it is, must pass."""
    lines = [(b"x-pointsman-warning", cold.sentence.encode()), (b"x-pointsman-resume-usd", cold.header)]
    return _asked("cold_resume", f"{cold.sentence} {WHAT_TO_DO}", lines, ask, client, request_id)


def asks_by_rule(question: str, ask: Ask, client: str, request_id: str) -> Answer:
    """The refusal where a rule has a question. The same prompt must pass when it comes again."""
    return _asked("rule_asks", f"{question} {GO_ON}", [(b"x-pointsman-warning", safe(question))], ask, client, request_id)


def _asked(
    kind: str, message: str, lines: list[tuple[bytes, bytes]], ask: Ask, client: str, request_id: str
) -> Answer:
    told = Told(MONEY_STATUS, KINDS[kind].openai_type) if ask.dialect == "messages" else None
    refusal = Refusal.of(kind, message, told=told)
    lines = [(b"x-pointsman-request-id", request_id.encode()), *lines]
    if client == "codex" and ask.stream and ask.dialect == "responses" and not is_crossed(ask):
        lines.append((b"content-type", b"text/event-stream"))
        return Answer(status=200, headers=lines, body=stream_error(refusal, ask.dialect, request_id, "invalid_prompt"))
    status, own, body = answer(refusal, ask.dialect, request_id)
    return Answer(status=status, headers=[*own, *lines], body=body)
