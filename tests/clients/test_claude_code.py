"""Claude Code: print, resume, a sub-agent, and the title it asks for in the terminal."""

import json
import subprocess
import time

import pytest


@pytest.fixture
def claude(desk, program):
    def run(*words):
        env = {"ANTHROPIC_BASE_URL": desk.gateway.base, "ANTHROPIC_API_KEY": "k", "ANTHROPIC_MODEL": "claude-auto"}
        return json.loads(desk.run(program("claude"), "-p", *words, "--output-format", "json", **env))

    return run


def test_print_and_resume(claude, desk):
    first = claude("[[say: first answer]]")
    again = claude("[[say: second answer]]", "--resume", first["session_id"])
    assert (first["result"], again["result"]) == ("first answer", "second answer")
    new, resumed = desk.rows("claude-code")
    assert (new["client_version"], new["agent"], new["session"]) == ("2.1.330", "main", first["session_id"])
    assert new["thread"] == resumed["thread"]
    assert (new["route"], new["model"], resumed["source"]) == ("code", "claude-opus-5-5", "sticky")
    assert (resumed["cache_state"], resumed["cache_observed"]) == ("warm", "hit")


def test_a_sub_agent_has_a_thread_of_its_own(claude, desk):
    task = {"description": "list files", "prompt": "list the files", "subagent_type": "general-purpose"}
    claude(f"[[tool: Agent {json.dumps(task)}]]")
    rows = desk.rows("claude-code")
    (sub,) = [row for row in rows if row["agent"] == "subagent"]
    main = [row for row in rows if row["agent"] == "main"]
    assert {row["thread"] for row in main} == {sub["parent"]}
    assert sub["thread"] != sub["parent"]


def test_the_title_is_no_part_of_the_thread(desk, program):
    """In the terminal a title is asked for beside the first turn; it is decided and remembered for itself."""
    (desk.home / ".claude.json").write_text(
        json.dumps({"hasCompletedOnboarding": True, "theme": "dark", "customApiKeyResponses": {"approved": ["k" * 20]},
                    "projects": {str(desk.desk): {"hasTrustDialogAccepted": True}}})
    )  # fmt: skip
    pane = f"pointsman-{time.time_ns()}"
    env = f"HOME={desk.home} ANTHROPIC_BASE_URL={desk.gateway.base} ANTHROPIC_API_KEY={'k' * 20} ANTHROPIC_MODEL=claude-auto"
    subprocess.run(["tmux", "new-session", "-d", "-s", pane, "-x", "120", "-y", "40", "-c", desk.desk,
                    f"env {env} {program('claude')}"], check=True)  # fmt: skip
    try:
        deadline = time.monotonic() + 40
        typed = False
        while time.monotonic() < deadline:
            shown = subprocess.run(["tmux", "capture-pane", "-p", "-t", pane], capture_output=True, text=True, check=True).stdout
            rows = desk.rows("claude-code")
            if any(row["agent"] == "auxiliary" for row in rows) and any(row["agent"] == "main" for row in rows):
                break
            if not typed and ("shift+tab" in shown or "? for shortcuts" in shown):
                subprocess.run(["tmux", "send-keys", "-t", pane, "say hello please", "Enter"], check=True)
                typed = True
            elif not typed and ("Enter to confirm" in shown or "Yes" in shown):
                subprocess.run(["tmux", "send-keys", "-t", pane, "Enter"], check=True)
            time.sleep(1)
    finally:
        subprocess.run(["tmux", "kill-session", "-t", pane], check=False)
    rows = desk.rows("claude-code")
    title = [row for row in rows if row["agent"] == "auxiliary"]
    main = [row for row in rows if row["agent"] == "main"]
    assert title, shown
    assert main, shown
    assert {row["output_kind"] for row in title} == {"title"}
    assert not {row["thread"] for row in title} & {row["thread"] for row in main}
