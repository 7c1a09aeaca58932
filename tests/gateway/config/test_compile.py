"""What each key of a config becomes in the snapshot requests are served from."""

import re
from pathlib import Path
from typing import Any

import pytest

from gateway.config.compile import compile_config, is_loopback
from gateway.config.compiled import Limits, Model, Snapshot, Streams
from gateway.config.load import parse
from gateway.config.problems import ConfigError
from gateway.config.schema import Price
from gateway.config.schema_rules import When
from gateway.metering.price_contract import FEES
from gateway.metering.types import KINDS
from gateway.upstream.plan import Retry
from routing import policy
from routing.types import Route

EXAMPLE = (Path(__file__).parents[3] / "pointsman.yaml").read_text("utf-8")
BASE = """
version: 1
upstreams:
  openai: {url: "https://api.openai.com/v1", key: sk-1, provider: openai, dialects: [chat, responses]}
  claude: {url: "http://[::1]:8080/", key: sk-2, provider: anthropic, dialects: [messages], on_disconnect: drain}
  local: {url: "http://vllm.internal", provider: vllm, dialects: [chat], timeouts: {connect_s: 1, idle_s: 7}}
models:
  gpt-code: {upstream: openai, name: gpt-code-2026}
  qwen/coder:32b: {upstream: local}
  "gpt-*": {upstream: openai}
  "any-*": {upstream: local, name: qwen}
routes:
  code: {model: gpt-code, by_dialect: {messages: any-thing}, fallbacks: [gpt-x]}
  general: {model: gpt-small}
routing: {default: general}
"""


def compiled(more: str = "", environ: dict[str, str] | None = None) -> Snapshot:
    return compile_config(parse((BASE + more).encode(), environ or {}), "abc")


def problems(more: str, base: str = BASE) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        compile_config(parse((base + more).encode(), {}), "abc")
    return [str(problem) for problem in caught.value.problems]


def test_upstreams_know_where_to_go_and_what_to_show() -> None:
    upstreams = compiled().upstreams
    openai, claude, local = upstreams["openai"], upstreams["claude"], upstreams["local"]
    assert (openai.origin.scheme, openai.origin.host, openai.origin.port) == ("https", "api.openai.com", 443)
    assert (openai.base_path, openai.base_url) == ("/v1", "https://api.openai.com:443/v1")
    assert (claude.origin.host, claude.origin.port, claude.base_path) == ("::1", 8080, "")
    origin = local.origin
    assert (origin.port, origin.connect_s, origin.first_byte_s, origin.idle_s) == (80, 1, 600, 7)
    assert openai.headers == ((b"authorization", b"Bearer sk-1"),)
    assert claude.headers == ((b"x-api-key", b"sk-2"),)
    assert (local.headers, local.key) == ((), "")
    assert (openai.on_disconnect, claude.on_disconnect) == ("cancel", "drain")
    assert openai.dialects == {"chat", "responses"}


def test_models_by_name_and_by_pattern() -> None:
    snapshot = compiled()
    assert snapshot.model("gpt-code") == Model("gpt-code", "openai", "gpt-code-2026")
    assert snapshot.model("qwen/coder:32b") == Model("qwen/coder:32b", "local", "qwen/coder:32b")
    assert snapshot.model("gpt-7") == Model("gpt-7", "openai", "gpt-7")
    assert snapshot.model("any-7") == Model("any-7", "local", "qwen")
    assert snapshot.model("claude") is None


def test_routes_and_a_matrix_left_out() -> None:
    found = compiled().policy
    assert found.routes["code"] == Route("code", "gpt-code", {"messages": "any-thing"}, ("gpt-x",))
    assert found.matrix == (policy.MatrixLine("general"),)
    assert (found.aliases, found.default, found.min_confidence) == (frozenset({"auto"}), "general", 0.55)


def test_the_example_keeps_its_defaults() -> None:
    """The example writes every default out; leaving a section out must mean the same."""
    example = compile_config(parse(EXAMPLE.encode(), {}), "abc")
    bare = compiled()
    for name in ("retry", "limits", "streams", "forget_s", "threads_in_memory", "ledger_on_error", "host", "port"):
        assert getattr(example, name) == getattr(bare, name), name
    assert bare.retry == Retry(3, 0.25, 5.0, 5, 30.0)
    assert bare.limits == Limits()
    assert bare.streams == Streams()
    assert (bare.forget_s, bare.threads_in_memory) == (14 * 86400.0, 20_000)
    assert example.policy.matrix[0] == policy.MatrixLine("general", input=frozenset({"image"}))
    assert example.policy.matrix[3].output == frozenset({"code", "patch", "config", "review"})


def test_who_is_let_in_need_not_wait_for_a_connection_unless_that_is_wished() -> None:
    snapshot = compiled()
    assert min(each.origin.max_connections for each in snapshot.upstreams.values()) >= snapshot.limits.inflight


def test_units_become_bytes_and_seconds() -> None:
    snapshot = compiled("""
limits: {body_mb: 2, inflight: 9, header_kb: 3}
streams: {keepalive_s: 1, drain_s: 2, drain_mb: 4}
cache: {threads: 7, forget_days: 2}
retries: {attempts: 1, backoff_s: 0, max_wait_s: 2.5, circuit: {failures: 2, open_s: 3}}
ledger: {on_error: refuse, keep_days: 90}
""")
    assert snapshot.limits == Limits(2 * 1024**2, 9, 3 * 1024)
    assert snapshot.streams == Streams(1.0, 2.0, 4 * 1024**2)
    assert (snapshot.threads_in_memory, snapshot.forget_s) == (7, 172_800)
    assert snapshot.retry == Retry(1, 0.0, 2.5, 2, 3.0)
    assert snapshot.ledger_on_error == "refuse"
    assert snapshot.ledger_keep_days == 90


@pytest.mark.parametrize(
    ("written", "name", "value"),
    [
        ("team: default", "team", frozenset({"default"})),
        ("user: [a, b]", "user", frozenset({"a", "b"})),
        ("client: codex", "client", frozenset({"codex"})),
        ("agent: [subagent]", "agent", frozenset({"subagent"})),
        ("model: gpt-*", "model", ("gpt-*",)),
        ("tools: [shell]", "tools", frozenset({"shell"})),
        ("image: false", "image", False),
        ("input: log", "input", frozenset({"log"})),
        ("output: [title]", "output", frozenset({"title"})),
        ("language: python", "language", frozenset({"python"})),
        ("size_over: 10", "size_over", 10),
        ("size_under: 0", "size_under", 0),
        ("keywords: [STRASSE, Straße]", "keywords", ("strasse", "strasse")),
        ("path: /v1/*", "path", ("/v1/*",)),
        ("header: {X-Team: pay*}", "header", {b"x-team": "pay*"}),
        ("hours: 22:30-06:15", "hours", (1350, 375)),
        ("hours: 18:00-24:00", "hours", (1080, 1440)),
        ("weekdays: [mon, sun]", "weekdays", frozenset({0, 6})),
        ("regex: (?i)urgent|asap", "regex", re.compile("(?i)urgent|asap")),
        ("dialect: messages", "dialect", frozenset({"messages"})),
        ("thread_age_over_s: 86400", "thread_age_over_s", 86400.0),
        ("thread_age_under_s: 60", "thread_age_under_s", 60.0),
        ("idle_over_s: 0.5", "idle_over_s", 0.5),
        ("freshness: [cold, broken]", "freshness", frozenset({"cold", "broken"})),
    ],
)
def test_every_condition_arrives(written: str, name: str, value: Any) -> None:
    (rule,) = compiled(f"rules:\n- name: a\n  when:\n    {written}\n  then: {{route: code}}\n").policy.rules
    assert rule.when == policy.When(**{name: value})


def test_no_condition_is_forgotten() -> None:
    assert tuple(When.model_fields) == policy.When.__struct_fields__


def test_what_rules_do() -> None:
    rules = compiled("""
rules:
  - {name: a, when: {image: true}, then: {model: gpt-code}, because: cheap}
  - {name: b, when: {image: false}, then: {refuse: not now}}
  - {name: c, then: {route: code, warn: moved}}
  - {name: d, then: {warn: dear, effort: low, ask: sure}}
  - {name: e, then: {refuse: no, shadow: true}}
""").policy.rules
    assert rules == (
        policy.Rule("a", policy.When(image=True), model="gpt-code", because="cheap"),
        policy.Rule("b", policy.When(image=False), refuse="not now"),
        policy.Rule("c", policy.When(), route="code", warn="moved"),
        policy.Rule("d", policy.When(), warn="dear", effort="low", ask="sure"),
        policy.Rule("e", policy.When(), refuse="no", shadow=True),
    )


def test_teams_and_admins_keep_digests() -> None:
    snapshot = compiled(f"""
teams:
  payments: {{keys: ["sha256:{"AB" * 32}"], models: [gpt-*]}}
  research: {{}}
admin: {{keys: ["sha256:{"cd" * 32}"]}}
""")
    assert snapshot.teams["payments"].digests == (b"\xab" * 32,)
    assert (snapshot.teams["payments"].models, snapshot.teams["research"].models) == (("gpt-*",), ("*",))
    assert snapshot.admin_digests == (b"\xcd" * 32,)


def test_prices_stay_exact_and_plain() -> None:
    snapshot = compiled("""
prices:
  - {provider: openai, model: gpt-code, output: 0.1, cache_read: "0.000001", input_uncached: 2, reasoning: "1e2"}
""")
    assert snapshot.price_overrides == (
        {
            "provider": "openai",
            "model": "gpt-code",
            "output": "0.1",
            "cache_read": "0.000001",
            "input_uncached": "2",
            "reasoning": "100",
        },
    )


def test_every_token_kind_can_have_a_price() -> None:
    assert tuple(Price.model_fields) == ("provider", "model", "since", "percent", *KINDS, *FEES)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("127.0.0.1.nip.io", False),
        ("", False),
    ],
)
def test_what_only_this_machine_can_reach(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_host_open_to_others_needs_a_team_key() -> None:
    host = "listen: {host: 10.0.0.1}\n"
    said = "listen.host: '10.0.0.1' is open to others, and the gateway refuses to start without team keys there"
    for others in ("", "teams: {payments: {}}\n", f"admin: {{keys: ['sha256:{'ab' * 32}']}}\n"):
        (problem,) = problems(host + others)
        assert problem.startswith(said)
    assert compiled(host + f"teams: {{payments: {{keys: ['sha256:{'ab' * 32}']}}}}\n").host == "10.0.0.1"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.b/v1", "https://", "https://a b/v1", "https://a.b/v1 ", "https://a.b/\u00fc", "https://m\u00fcnchen.de",
        "https://u@a.b", "https://u:p@a.b", "https://@a.b", "https://a.b?x", "https://a.b/#x", "https://a.b/?",
        "https://a.b:0", "https://a.b:70000", "https://a.b:x", "https://[::1", "https://-a.b", "https://a..b",
        "//a.b/v1", "https://a.b/v1\r\nx: y",
    ],
)  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    base = BASE.replace("http://vllm.internal", url.replace("\r", "\\r").replace("\n", "\\n"))
    (problem,) = problems("", base)
    assert problem.startswith("upstreams.local.url: ")
    assert url not in problem


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("{}", "must have exactly one of route, model and refuse, or effort, a question or a warning alone"),
        ("{route: code, refuse: no}", "must have exactly one of route, model and refuse, or effort, a question or a warning alone"),
        ("{refuse: no, effort: low}", "asks for an effort of what it refuses, or before it does"),
        ("{refuse: no, ask: sure}", "asks for an effort of what it refuses, or before it does"),
        ("{route: code, ask: sure, shadow: true}", "in shadow a rule has one of route, model and refuse, and no question or warning"),
        ("{warn: dear, shadow: true}", "in shadow a rule has one of route, model and refuse, and no question or warning"),
        ("{route: code, warn: dear, shadow: true}", "in shadow a rule has one of route, model and refuse, and no question or warning"),
    ],
)
def test_what_a_rule_cannot_do(then: str, said: str) -> None:
    assert problems(f"rules: [{{name: a, then: {then}}}]\n") == [f"rules.0.then: {said}"]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("regex: '('", "rules.0.when.regex: is not a regular expression"),
        ("regex: '(a+)+'", "rules.0.when.regex: repeats a group that repeats itself"),
        ("regex: '(?:a|b*)*x'", "rules.0.when.regex: repeats a group that repeats itself"),
        ("thread_age_over_s: 5, thread_age_under_s: 5", "rules.0.when: no age is over"),
        ("freshness: tepid", "rules.0.when.freshness"),
    ],
)
def test_conditions_that_cannot_be(when: str, said: str) -> None:
    (problem,) = problems(f"rules: [{{name: a, when: {{{when}}}, then: {{route: code}}}}]\n")
    assert problem.startswith(said)


def test_a_team_with_a_matrix_of_its_own() -> None:
    snapshot = compiled("teams: {legal: {matrix: [{route: general}]}}\n")
    assert snapshot.policy.matrix_of == {"legal": (policy.MatrixLine(route="general"),)}
    assert problems("teams: {legal: {matrix: [{output: code, route: code}]}}\n") == [
        "teams.legal.matrix.0: the last line must fit everything: only a route, no conditions"
    ]


def test_warnings_do_not_stop_a_config() -> None:
    rules = "rules: [{name: a, then: {route: code}}, {name: b, then: {route: code}}]\n"
    assert len(compiled(rules).policy.rules) == 2
    assert problems(rules + "listen: {host: '::'}")[1] == "rules.1: never reached: rules.0 has no conditions"
