"""Statements are translated where the two differ, and nowhere else."""

import re

from gateway.metering.ledger_postgres_sql import many, translated
from tests.tidy.tree import python, text


def test_the_four_differences():
    assert translated("SELECT user, max(user_id) AS user, username FROM t WHERE a = ? AND b IN (?, ?)") == (
        'SELECT "user", max(user_id) AS "user", username FROM t WHERE a = $1 AND b IN ($2, $3)'
    )
    assert translated("SELECT CAST(settled_at / 86400 AS INTEGER) AS day") == "SELECT CAST(floor(settled_at / 86400) AS BIGINT) AS day"
    assert translated("DELETE FROM open WHERE id IN (SELECT value FROM json_each(?))") == (
        "DELETE FROM open WHERE id IN (SELECT value FROM json_array_elements_text($1))"
    )
    same = "SELECT count(*) FILTER (WHERE NOT exact) AS n FROM requests GROUP BY 1"
    assert translated(same) == same


def test_rows_go_as_one_array():
    made = many("INSERT INTO segments (name, offset) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET offset = excluded.offset")
    assert made.columns == ("name", "offset")
    assert made.text == (
        'INSERT INTO segments (name, "offset") SELECT name, "offset" FROM json_populate_recordset(CAST(NULL AS segments),'
        ' CAST($1 AS json)) AS given WHERE true ON CONFLICT (name) DO UPDATE SET "offset" = excluded."offset"'
    )


def test_no_query_adds_up_a_comparison():
    """SQLite counts what is true in a sum, PostgreSQL has no such sum; `count(*) FILTER (WHERE …)` is known to both."""
    found = [
        f"{name}: {each[0]}"
        for name in python("gateway")
        for each in re.finditer(r"\bsum\((?:NOT |[a-z_{}]+ (?:!=|=|<|>|IS)[ =])[^\"]*", text(name))
        if "SELECT" in text(name)
    ]
    assert found == []
