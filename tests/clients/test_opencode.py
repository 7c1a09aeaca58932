"""opencode: a run, a continued one; titles are its own errand."""

from gateway.commands.connect import RECIPES


def test_run_and_continue(desk, program):
    (desk.desk / "opencode.json").write_text(RECIPES["opencode"].text.format(base=desk.gateway.base, key="k"))
    env = {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"}
    desk.run(program("opencode"), "run", "-m", "pointsman/auto", "--format", "json", "fix the bug in parse.py", **env)
    desk.run(program("opencode"), "run", "-m", "pointsman/auto", "--format", "json", "--continue", "go on", **env)
    rows = desk.rows("opencode")
    main = [row for row in rows if row["agent"] == "main"]
    title = [row for row in rows if row["agent"] == "auxiliary"]
    assert len({row["thread"] for row in main}) == 1
    assert len(main) >= 2
    assert {row["route"] for row in main} == {"code"}
    assert title
    assert {(row["route"], row["output_kind"]) for row in title} == {("general", "title")}
    assert main[0]["client_version"] == "1.18.33"
    assert all(row["exact"] and row["picos"] for row in rows)
