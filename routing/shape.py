"""The shape of code in a text, whatever is asked about it: diffs, tracebacks, fences, statements, file names.

Lines are matched at their beginning only, and what may stand anywhere is looked for by a character it cannot lack, so that
2,000 characters of prose cost some twenty microseconds. A clue counts once: a long paste must not shout down a question.
"""

import re
from collections.abc import Iterator

from routing.evidence import Clue, Sight

LINES_MAX = 40
"""Lines looked at: what is code shows it in its first forty."""
LINE_CHARS = 160
"""Of a line; patterns go back and forth in what they are given, and nobody's statement is longer."""

PLAIN = bytes(code for code in range(256) if chr(code) not in "<>{}[]=\\|^~_$&*#@%")
NOW_AND_THEN = b"&*#@%"
"""Bytes that prose is made of, and those it has now and then. Dropping them leaves the odd ones to be counted."""
ODD_MIN, DENSE_MIN, DENSE_SHARE = 2, 3, 14
"""Odd characters that are some, and those of whatever kind that are many: one in fourteen."""
NEAR_CHARS = 300
"""A text up to here is about the signs it holds; the page of a manual is full of them."""

DIFF = Clue(name="diff", weight=3.0, shows="diff", asks="review")
TRACEBACK = Clue(name="traceback", weight=2.5, shows="log", asks="review")
LOG = Clue(name="log", weight=1.8, shows="log")
FENCE = Clue(name="fence", weight=0.8, shows="code")
DEFINITION = Clue(name="definition", weight=2.0, shows="code")
STATEMENT = Clue(name="statement", weight=1.3, shows="code")
SQL = Clue(name="sql", weight=2.4, shows="code")
TABLES = Clue(name="tables", weight=2.2, shows="code", asks="code")
MARKUP = Clue(name="markup", weight=0.4, shows="code")
SHELL = Clue(name="shell", weight=1.6, shows="shell")
FILE = Clue(name="file", weight=1.4)
IDENTIFIER = Clue(name="identifier", weight=0.9)
CALL = Clue(name="call", weight=0.8)
OPTION = Clue(name="option", weight=0.6)
OPERATOR = Clue(name="operator", weight=1.0, shows="code")
HTTP = Clue(name="http", weight=1.0)
FORMULA = Clue(name="formula", weight=1.8, shows="code", asks="code")
INLINE = Clue(name="inline_code", weight=1.0, shows="code")
SIGNS = Clue(name="signs", weight=0.5, shows="code")
SIGNS_DENSE = Clue(name="signs_dense", weight=0.5, shows="code")
"""Characters that prose has no use for: some, and so many that the text is hardly prose."""
ERROR_CODE = Clue(name="error_code", weight=1.0, shows="log")
REPORT = Clue(name="expected_actual", weight=1.2, asks="patch")
CASES = Clue(name="cases", weight=0.5)
CHOICE = Clue(name="choice", weight=-1.0, asks="prose")
"""Answers to choose from: an exam, whatever it is about."""

_LINE = re.compile(
    r"""(?P<diff>diff\ --git\ |@@\ -\d+|\+\+\+\ [ab]/|---\ [ab]/|index\ [0-9a-f]{7})
    |(?P<traceback>Traceback\ \(most|at\ [\w.$<>]+\ ?\([^()]*:\d+\)|File\ ".+",\ line\ \d+|panicked\ at)
    |(?P<log>\[?\d{4}-\d\d-\d\d[T\ ]\d\d:\d\d|\w{3}\ +\d+\ \d\d:\d\d:\d\d[ ]
        |\d\d:\d\d(?::\d\d[.,\d]*)?\ .*\w=\w|\d+(?:\.\d+){3}\ -\ |npm\ ERR!|make:\ \*\*\*
        |(?:[Ee]rror|[Ff]atal|[Ww]arning)(?:\[E\d+\])?:\ |(?:ERROR|WARN(?:ING)?|FATAL|DEBUG)\b[\]:\ ])
    |(?P<fence>(?:```|~~~)\s*[\w+#-]*\s*$)
    |(?P<definition>def\ \w+\(|class\ \w+\s*[:({]|\#include\b|import\ [\w.{*'"]+(?:\ as\ \w+)?;?$|import\ .+\ from\ ['"]
        |from\ [\w.]+\ import\ |package\ [\w.]+;|using\ [\w.]+;|@\w+(?:\(.*\))?$|\#!/
        |(?:(?:export|default|async|public|private|protected|static|final|pub)\ )*
            (?:(?:function|fn|func|impl|struct|interface|enum|trait)\ \w+.*[{(]
            |(?:const|let|var|int|long|double|float|void|bool|string|auto|char)\ [\w*&<>\[\]]+\s*(?:=|\(|;)))
    |(?P<tables>(?:--\ )?(?:\w+\.)?[A-Z]\w+\ ?\(\w+(?:\ \w+)?(?:,\ *\w+(?:\ \w+)?){2,}\)?$)
    |(?P<statement>(?:>>>\ .+
        |return\b.*[;\w)\]]|if\ .+:|if\ ?\(.+\).*|for\ .+\ in\ .+:|for\ ?\(.+|while\ .+:|while\ ?\(.+|elif\ .+:
        |else:|try:|except\b.*:|\}\ ?else\b.*|assert\ .+|print\(.*\)|[\w.]+\(.*\);?|[\w.\[\]]+\ [+*-]?=\ \S.*[\w)\]}"';])$)
    |(?P<sql>SELECT\ .+|select\ .+\ from\ |(?:INSERT\ INTO|CREATE\ TABLE|ALTER\ TABLE|DELETE\ FROM|DROP\ TABLE)\b
        |UPDATE\ \w+\ SET\b|WITH\ \w+\ AS\ \()
    |(?P<markup><(?:!DOCTYPE|/?(?:html|head|body|div|span|script|style|svg|table|input|button|form|img|p|ul|a))\b[^<>]*>
        |\{\s*"\w+"\s*:|"\w+":\ )
    |(?P<shell>(?:\$\ |\#\ )?(?:sudo\ )?(?:git|npm|npx|pip|docker|kubectl|curl|cargo|apt(?:-get)?|brew|ssh|cd|ls|grep|sed|awk
        |chmod|python3?|node|pytest|terraform|helm|systemctl|tar|echo)\ [\w./$"'-]+(?:\ .*)?$)
    """,
    re.VERBOSE,
)
_OF_LINE = {
    "diff": DIFF, "traceback": TRACEBACK, "log": LOG, "fence": FENCE, "definition": DEFINITION, "statement": STATEMENT,
    "sql": SQL, "tables": TABLES, "markup": MARKUP, "shell": SHELL,
}  # fmt: skip
_FILE = re.compile(
    r"\.(?<=[\w*)]\.)(?:py|jsx?|tsx?|mjs|go|rs|java|kts?|cc?|cpp|h|hpp|cs|rb|php|swift|scala|sh|bash|sql|ya?ml|toml|json"
    r"|html?|s?css|vue|svelte|ipynb|lua|pl|dart|exs?|tf|gradle|lock|proto|ini|cfg|conf|env|md|rst|xml|log|gz|tar|zip|exe"
    r"|dll|jar|asm|ps1|bat|txt|csv)(?![\w.-]*\w@|\w)"
)
_SNAKE = re.compile(r"_(?<=[A-Za-z0-9]_)[A-Za-z0-9]")
_CALL = re.compile(r"\((?<=[A-Za-z0-9_]\()(?!e?s\))")
_DOTTED = re.compile(r"\.(?<=[a-z]\.)[A-Za-z_]+(?:\(|\.[a-z]+\b)")
_HUMP = re.compile(r"[A-Z](?<=[a-z][A-Z])(?:" + "|".join(rf"(?<=\b[a-z]{{{n}}}[A-Z])" for n in range(2, 9)) + r")[a-z]")
"""camelCase from its hump, so that the search runs over capitals only; iPhone and eBay have too short a first part."""
_OPTION = re.compile(r"--(?<![-\w]--)[a-z][a-z-]+")
_FORMULA = re.compile(r"=\s*(?:SUM|IF|VLOOKUP|XLOOKUP|INDEX|COUNTIFS?|SUMIFS?|IFERROR|FILTER|QUERY)\(")
_OPERATOR = re.compile(r"[\w)\]]\s?(?:[-+*/^|&%!=]=|&&|\|\||::|->|=>|\?\?|\?\.)\s?[\w(\[\"'{]")
_HTTP = re.compile(
    r"\b(?:GET|POST|PUT|PATCH|DELETE) (?:/|request|instead|method|call)|\b(?:a|an|the) (?:GET|POST|PUT)\b|HTTP [45]\d\d"
)
_INLINE = re.compile(r"`[^`\n]{1,120}`")
_ERROR_CODE = re.compile(
    r"[A-Z](?<!\w[A-Z])(?:[A-Z]{1,4}-?\d{3,5}|(?<=E)[A-Z]{4,}|(?<=E)\d{4}|(?<=S)IG[A-Z]{3,4}|[A-Z]{2,}_[A-Z_]{3,}"
    r"|[a-z]\w*(?:Error|Exception))\b"
)
_HIDDEN = re.compile(r"(?<!\S)\.[a-z][a-z_]{2,}")
_CELLS = re.compile(r":(?<=[A-Z0-9]\d:)\$?[A-Z]{1,2}\$?\d")


_INSIDE = (
    (".", _FILE, FILE),
    ("(", _CALL, CALL),
    ("--", _OPTION, OPTION),
    ("=", _FORMULA, FORMULA),
    (":", _CELLS, FORMULA),
)
"""What a text must hold for the pattern to be worth a search."""


def shape(text: str) -> list[Sight]:
    """The clues of a text, in no order that means anything."""
    return [Sight(clue=clue, weight=clue.weight) for clue in _once(text).values()]


def _once(text: str) -> dict[str, Clue]:
    found = {clue.name: clue for clue in _anywhere(text)}
    for clue in _of_lines(text):
        found[clue.name] = clue
    return found


def _of_lines(text: str) -> Iterator[Clue]:
    lines = text.split("\n", LINES_MAX)
    for line in lines[:LINES_MAX]:
        stripped = line.strip()
        if not stripped:
            continue
        found = _LINE.match(stripped, 0, LINE_CHARS)
        if found is not None and found.lastgroup is not None:
            yield _OF_LINE[found.lastgroup]
            if found.lastgroup == "diff":  # its lines are code of all kinds, and none of them says more
                return
        elif stripped[-1] in "{;" and len(stripped) > 2:
            yield STATEMENT


def _anywhere(text: str) -> Iterator[Clue]:
    if _names(text):
        yield IDENTIFIER
    for without, pattern, clue in _INSIDE:
        if without in text and pattern.search(text):
            yield clue
    yield from _said(text)
    if len(text) <= NEAR_CHARS:
        yield from _near(text)
    yield from _signs(text)
    if _reports(text):
        yield REPORT


def _said(text: str) -> Iterator[Clue]:
    """What a few letters give away, wherever they stand."""
    if "Error: " in text or "Exception: " in text:
        yield TRACEBACK
    if "SELECT " in text and "FROM " in text:
        yield SQL
    if "```" in text:
        yield FENCE
    if "nput:" in text and "utput:" in text:
        yield CASES
    if ("(A)" in text and "(B)" in text) or ("\nB) " in text and "\nA) " in text) or ("\nB. " in text and "A. " in text):
        yield CHOICE


def _near(text: str) -> Iterator[Clue]:
    """Code in a line of prose, the names of errors, and characters that prose has no use for."""
    if "`" in text and _INLINE.search(text):
        yield INLINE
    if _ERROR_CODE.search(text):
        yield ERROR_CODE
    if text.count("$") > 1 and "\\" in text:  # mathematics is typeset with the same signs
        return
    found = text.encode("utf-8", "replace").translate(None, PLAIN)
    if len(found) >= DENSE_MIN and len(found) * DENSE_SHARE >= len(text):
        yield SIGNS_DENSE
    if len(found) >= ODD_MIN and len(found.translate(None, NOW_AND_THEN)) >= ODD_MIN:
        yield SIGNS


def _signs(text: str) -> Iterator[Clue]:
    """Operators, HTTP methods, hidden files: a search of its own each, where what it cannot lack is there."""
    if ("=" in text or "&&" in text or "||" in text or "::" in text or "->" in text or "??" in text or "?." in text) and (
        _OPERATOR.search(text)
    ):
        yield OPERATOR
    if ("GET" in text or "POST" in text or "PUT " in text or "PATCH" in text or "DELETE" in text or "HTTP " in text) and (
        _HTTP.search(text)
    ):
        yield HTTP
    if " ." in text and _HIDDEN.search(text):
        yield FILE


def _names(text: str) -> bool:
    """Whether something is named as programs name things: snake_case, dotted.calls, camelCase."""
    return (
        ("_" in text and _SNAKE.search(text) is not None)
        or ("." in text and _DOTTED.search(text) is not None)
        or _HUMP.search(text) is not None
    )


def _reports(text: str) -> bool:
    """Whether this is a bug report: what was expected and what came instead, or how to get there."""
    if "teps to reproduce" in text or "o reproduce" in text:
        return True
    return "xpected" in text and any(word in text for word in ("ctual", " got ", "but ", "Instead", "instead"))
