"""The shape of code, clue by clue, and that prose has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.shape import LINE_CHARS, LINES_MAX, shape


def names(text: str) -> set[str]:
    return {sight.clue.name for sight in shape(text)}


@pytest.mark.parametrize(
    ("text", "clue"),
    [
        ("look:\n@@ -1,4 +1,6 @@ def x", "diff"),
        ("diff --git a/x.py b/x.py", "diff"),
        ("Traceback (most recent call last):", "traceback"),
        ('  File "/srv/app.py", line 3, in run', "traceback"),
        ("    at com.acme.Main.run(Main.java:14)", "traceback"),
        ("it says ValueError: bad", "traceback"),
        ("2026-11-25 10:00:00 started", "log"),
        ("npm ERR! missing script", "log"),
        ("09:14 valve2 flow=31 state=SHUT", "log"),
        ('10.0.0.7 - - [26/Nov/2026] "GET /"', "log"),
        ("ERROR: relation does not exist", "log"),
        ("```python", "fence"),
        ("text with ```x``` inside", "fence"),
        ("def add(a, b):", "definition"),
        ("export default function App() {", "definition"),
        ("  const total = 3", "definition"),
        ("#include <stdio.h>", "definition"),
        ("from os import path", "definition"),
        ("for x in range(3):", "statement"),
        ("total += values[i]", "statement"),
        ("    doSomething();", "statement"),
        ("SELECT name FROM users", "sql"),
        ("run this: SELECT a, b FROM t", "sql"),
        ("CREATE TABLE t (a int)", "sql"),
        ("STUDENT(id, name, grade)", "tables"),
        ('<div class="row">', "markup"),
        ('{"name": 1}', "markup"),
        ("$ git status --short", "shell"),
        ("pip install requests", "shell"),
        ("see src/app.py for it", "file"),
        ("all *.tar.gz files", "file"),
        ("the max_tokens value", "identifier"),
        ("call os.path.join(a)", "identifier"),
        ("the maxHeight of it", "identifier"),
        ("why does parse(x) fail", "call"),
        ("with --dry-run it works", "option"),
        ("=SUM(A1:B2) gives zero", "formula"),
        ("add up A1:B20", "formula"),
        ("Expected 3 but got 4", "expected_actual"),
        ("Steps to reproduce: open it", "expected_actual"),
        ("Input: 3\nOutput: 4", "cases"),
        (">>> 1 + 1", "statement"),
        ("what is `a ?? b` for", "inline_code"),
        ("what does |= do to [] there", "signs"),
        ("is ${x} ~= {y}", "signs_dense"),
        ("ORA-00933 again", "error_code"),
        ("EACCES on install", "error_code"),
        ("got a KeyError", "error_code"),
    ],
)
def test_each_clue(text: str, clue: str) -> None:
    assert clue in names(text)


@pytest.mark.parametrize(
    "text",
    [
        "Please write a letter to my grandmother, and be kind (she is 90).",
        "Which book(s) should I read? I have an iPhone and time until 12:30.",
        "Dear all,\n\nthe meeting is on Monday; bring your notes.\n\nBest\nAnna",
        "It cost $5.00, e.g. for the U.S.A. - that is much.",
        "Select one of the gifts, then tell me why.\n-- \nAnna",
        "写一首关于秋天的诗",
        "Find $x$ with $\\frac{x}{2} = 3$.",
        "R&D costs 50 % more than in the U.S., #sad @anna (COVID-19)",
        "",
        "\n\n\n",
    ],
)
def test_prose_has_no_shape(text: str) -> None:
    assert names(text) == set()


def test_a_clue_counts_once() -> None:
    one, many = shape("def f():"), shape("def f():\n" * 30)
    assert [sight.weight for sight in one if sight.clue.name == "definition"] == [
        sight.weight for sight in many if sight.clue.name == "definition"
    ]


def test_what_is_looked_at_is_bounded() -> None:
    assert "definition" not in names("words\n" * LINES_MAX + "def f():")
    assert "definition" in names("words\n" * (LINES_MAX - 1) + "def f():")
    assert "statement" not in names("if " + "a" * LINE_CHARS + ":")


@given(st.text(max_size=400))
def test_any_text_will_do(text: str) -> None:
    seen = [sight.clue.name for sight in shape(text)]
    assert len(seen) == len(set(seen))
