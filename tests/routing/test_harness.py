"""What tools, system prompt and client say about the trade of whoever asks."""

import pytest

from routing.harness import (
    ALONE,
    BESIDE,
    CODING_TOOLS_MIN,
    DATA,
    INTERPRETER,
    OTHER,
    PROMPT,
    SHELL_ALONE,
    harness,
    is_coding,
    runner,
    trade,
)
from routing.types import Signals


def offered(*names: str, **more: object) -> Signals:
    return Signals(tool_names=names, tools=len(names), **more)  # type: ignore[arg-type]


def told(signals: Signals, client: str = "unknown", silent: bool = False) -> dict[str, float]:
    return {each.name: each.weight for each in harness(signals, client, silent)}


@pytest.mark.parametrize(
    "tool",
    ["Bash", "bash", "exec_command", "run_shell", "Edit", "apply_patch", "str_replace_editor", "Grep", "Write", "Read",
     "read_file", "write_to_file", "list_files", "search_codebase", "NotebookEdit", "run_tests"],
)  # fmt: skip
def test_tools_of_programmers(tool: str) -> None:
    assert trade(tool) == "code"


@pytest.mark.parametrize(
    "tool",
    ["run_sql", "sql", "execute_query", "postgres_read", "bigquery.run", "describe_table", "query",
     "mcp__warehouse__list", "get_schema", "query_db", "duckdb", "sqlite_read", "show_tables",
     "execute_statement", "pg_run", "schema_search", "tsql_execute"],
)  # fmt: skip
def test_tools_of_analysts(tool: str) -> None:
    assert trade(tool) == "data"


@pytest.mark.parametrize(
    "tool", ["get_weather", "web_search", "send_mail", "search_movies_database", "create_event", "write_review", "mysqlish", "query_weather", ""]
)
def test_tools_of_others(tool: str) -> None:
    assert trade(tool) == "other"


def test_it_takes_two_tools_or_a_known_client() -> None:
    assert CODING_TOOLS_MIN == 2
    assert is_coding(offered("bash", "get_weather", "edit"), "unknown")
    assert not is_coding(offered("read_file", "get_weather"), "unknown")
    assert is_coding(offered(), "codex")


def test_one_tool_is_enough_beside_a_programmers_prompt() -> None:
    prompt = "You are a senior software engineer. Keep answers short."
    assert is_coding(offered("read_file", "get_weather", system_text=prompt), "unknown")
    assert not is_coding(offered("get_weather", system_text=prompt), "unknown"), "a prompt alone"
    assert not is_coding(offered("read_file", system_text="You answer for a zoo."), "unknown")


def test_tools_weigh_most_where_words_are_silent() -> None:
    agent = offered("bash", "edit")
    assert told(agent, silent=True) == {"coding_tools": ALONE}
    assert told(agent) == {"coding_tools": BESIDE}
    assert told(offered("bash", "edit", newest_role="tool")) == {"coding_tools": BESIDE}


def test_other_trades() -> None:
    assert told(offered("run_sql")) == {"data_tools": DATA}
    assert told(offered(system_text="Answer with SQL.")) == {"data_prompt": DATA}
    assert told(offered("run_shell")) == {"shell_tool": SHELL_ALONE}
    assert told(offered("execute_command")) == {"shell_tool": SHELL_ALONE}
    assert told(offered("zsh")) == {"shell_tool": SHELL_ALONE}
    assert told(offered("run_cell")) == {"interpreter_tool": INTERPRETER}
    assert told(offered("ask_figures", queries=True)) == {"data_tools": DATA}
    assert told(offered("bash", "edit", queries=True)) == {"coding_tools": BESIDE}
    assert told(offered("code_interpreter")) == {"interpreter_tool": INTERPRETER}
    assert told(offered("run_python", "upload")) == {"interpreter_tool": INTERPRETER}
    assert told(offered("read_file")) == {}, "one of them may be anybody's"
    assert told(offered("render_svg")) == {}, "what is drawn with it is written first"
    assert told(offered("get_weather", "book_flight")) == {"other_tools": OTHER}
    assert told(offered(system_text="You are an expert coding assistant.")) == {"coding_prompt": PROMPT}
    assert told(offered(system_text="You are a helpful assistant.")) == {}


@pytest.mark.parametrize(
    ("tool", "what"),
    [("bash", "shell"), ("run_command", "shell"), ("ssh_exec", "shell"), ("ipython", "program"), ("executeCode", "program"),
     ("run_tests", ""), ("get_weather", "")],
)  # fmt: skip
def test_what_a_tool_runs(tool: str, what: str) -> None:
    assert runner(tool) == what
