"""What speaks for code and what for general in the words of a turn: patterns, each with what it shows and its weight.

Weights are log-odds, set by hand and by looking at where a labelled development set disagreed; positive speaks for the
code model. A pattern counts once, however often it is found: a long paste must not shout down a question.
"""

import re

from msgspec import Struct

from routing.types import InputKind, OutputKind


class Clue(Struct, frozen=True):
    """One thing to look for. `shows` says which input kind it gives away, `asks` which output kind."""

    name: str
    pattern: re.Pattern[str]
    weight: float
    shows: InputKind | None = None
    asks: OutputKind | None = None


def _clue(
    name: str, pattern: str, weight: float, shows: InputKind | None = None, asks: OutputKind | None = None
) -> Clue:
    return Clue(name=name, pattern=re.compile(pattern, re.IGNORECASE | re.MULTILINE), weight=weight, shows=shows, asks=asks)


STRUCTURE: tuple[Clue, ...] = (
    _clue("diff", r"^(?:diff --git |@@ -\d+|\+\+\+ [ab]/|--- [ab]/|index [0-9a-f]{7})", 2.5, "diff"),
    _clue("traceback", r"^Traceback \(most|^\s+at [\w.$<>]+\(.*:\d+\)|^\s*File \".+\", line \d+|\b\w+(?:Error|Exception): ", 2.5, "log"),
    _clue("log", r"^(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\w+ \d+ \d\d:\d\d:\d\d ).*\b(?:ERROR|WARN|INFO|DEBUG|FATAL)\b|^(?:npm ERR!|error\[E\d+\]|make: \*\*\*)", 2.0, "log"),
    _clue("fence", r"^\s*(?:```|~~~)\s*(?:[a-z0-9+#-]+)?\s*$", 1.6, "code"),
    _clue("definition", r"^\s*(?:def \w+\(|class \w+[:({]|(?:export |async |public |private |static )*(?:function|const|let|var|void|int|fn|func|impl|struct|interface) \w+|#include\s*<|import \w+|from \w[\w.]* import |package \w+;|using \w+;|@\w+$)", 2.2, "code"),
    _clue("statement", r"[;{]\s*$|^\s*(?:return\b.+|if \(.+\)|for \(.+\)|while \(.+\)|elif .+:|else:|try:|except\b.*:)\s*$|\w+\([^()\n]*\)\s*[;{]", 1.2, "code"),
    _clue("sql", r"\bSELECT\b[\s\S]{1,400}?\bFROM\b|\b(?:INSERT INTO|CREATE TABLE|ALTER TABLE|DELETE FROM|GROUP BY|LEFT JOIN)\b", 2.2, "code", "config"),
    _clue("markup", r"</\w+>|<(?:div|span|html|body|script|style|svg|input|button)\b|^\s*[\w-]+:\s*(?:[\w-]+|\{\}|\[\])\s*$\n^\s*[\w-]+:|^\s*\{\s*\"\w+\"\s*:", 0.7, "code"),
    _clue("shell", r"^\s*(?:\$ |# )?(?:git|npm|pip|docker|kubectl|curl|cargo|make|apt(?:-get)?|brew|ssh|cd|ls|grep|sed|awk|chmod|sudo|python3?|node|go|pytest|terraform|helm)\s+[-\w./]+", 1.5, "shell"),
    _clue("file", r"(?<![\w@])(?:[\w.-]+/)*[\w-]+\.(?:py|js|jsx|ts|tsx|go|rs|java|kt|c|h|cpp|hpp|cs|rb|php|swift|scala|sh|sql|ya?ml|toml|json|html|css|scss|vue|ipynb|lua|pl|dart|ex|exs|tf|gradle|lock|proto|ini|cfg|env|md)\b", 1.1),
    _clue("identifier", r"\b[a-z]+(?:_[a-z0-9]+)+\b|\b[a-z]+[a-z0-9]*[A-Z]\w*\(|\b[A-Za-z_]\w*\.[A-Za-z_]\w*\(|\b--?[a-z][\w-]+=", 0.9),
    _clue("backtick", r"`[^`\n]{1,60}`", 0.6),
    _clue("formula", r"=\s*(?:SUM|IF|VLOOKUP|INDEX|COUNTIF|IFERROR)\(|\$?[A-Z]{1,2}\$?\d+:\$?[A-Z]{1,2}\$?\d+", 1.0, "code"),
    _clue("expected_actual", r"\bexpected\b[\s\S]{0,200}\b(?:actual|got|but)\b|\bsteps to reproduce\b|\bInput:\s[\s\S]{0,200}\bOutput:", 1.2),
)  # fmt: skip
"""The shape of code, whatever is asked about it."""

TASKS: tuple[Clue, ...] = (
    _clue("write_code", r"\b(?:implement|refactor|debug|compile|deploy|unit[- ]tests?|write (?:a |an |the )?(?:\w+ ){0,3}(?:function|program|script|code|class|method|query|regex|test|api|component|module|macro|dockerfile))\b", 2.2, None, "code"),
    _clue("fix", r"\b(?:fix|bug|crash(?:es|ed)?|stack ?trace|exception|segfault|memory leak|doesn'?t compile|failing tests?|lint|typo in|merge conflict|null pointer)\b", 1.3, None, "patch"),
    _clue("change", r"^\s*(?:add|remove|rename|update|move|replace|make|support|allow|use|bump|drop|handle|convert|migrate)\b.{0,80}\b(?:when|if|to|from|in|for|option|flag|support|method|endpoint|button|field|column|type|test|error|default)\b", 0.7, None, "patch"),
    _clue("review", r"\b(?:code review|review (?:this|my|the) (?:code|diff|pr|pull request|patch|function)|what does this (?:code|function|script|command|query|regex)|explain (?:this|the) (?:code|function|script|query|command|error))\b", 2.0, None, "review"),
    _clue("commit", r"\bcommit message|\bpull request\b|\bchangelog\b|\brelease notes\b", 0.6, None, "review"),
    _clue("language", r"\b(?:python|javascript|typescript|java|golang|rust|c\+\+|c#|ruby|php|swift|kotlin|scala|haskell|perl|matlab|bash|powershell|sql|html|css|react|vue|angular|django|flask|fastapi|node(?:\.js)?|pandas|numpy|pytorch|tensorflow|kubernetes|terraform|ansible|latex|excel|vba|regex|json|yaml|xml|csv|graphql|postgres(?:ql)?|mysql|sqlite|mongodb|redis)\b", 1.1),
    _clue("programming", r"\b(?:function|variable|array|string|integer|boolean|loop|recursi\w+|algorithm|data structure|linked list|hash ?map|binary (?:tree|search)|big[- ]o|api|endpoint|http|backend|frontend|database|schema|table|query|server|client|thread|async|callback|compiler|library|framework|package|repository|repo|git|branch|cli|argument|parameter|return(?:s|ed)?|class|method|object|module|import|stdin|stdout)\b", 0.8),
    _clue("command", r"\b(?:command(?: line)?|terminal|shell|cron(?:job|tab)?|directory|folder|files?|recursively|permissions?|symlinks?|process(?:es)?|environment variable|stdout|archive)\b", 0.6, None, "code"),
    _clue("database_question", r"\b(?:how many|list|show|find|what (?:is|are)|which|count|average|total)\b[\s\S]{0,300}\b(?:tables?|columns?|rows?|schema|records?|database)\b", 0.8, None, "config"),
    _clue("编程", r"(?:代码|函数|编程|程序|脚本|算法|实现|调试|报错|接口|数据库|编译|正则|コード|関数|プログラム|実装|デバッグ|エラー|スクリプト|코드|함수|프로그램|구현|디버그|스크립트|код|функци|программ|скрипт|ошибк|реализу)", 1.4, None, "code"),
    _clue("programmer", r"\b(?:código|función|programa|implementa|depura|consulta sql|fonction|programme|déboguer|implémente|funktion|programm|implementiere|quellcode|skript|fehlermeldung|função|programa|depurar|implemente)\b", 1.4, None, "code"),
    _clue("title", r"\b(?:generate|write|create|suggest|come up with|give)\b.{0,40}\b(?:title|headline|subject line|name)\b[\s\S]{0,60}(?:conversation|chat|session|thread|article|post|email|task|blog)|title generator", -2.5, None, "title"),
    _clue("prose", r"\b(?:essay|poem|haiku|story|novel|song|lyrics|joke|speech|letter|e-?mail|blog post|article|newsletter|press release|cover letter|resume|cv|tweet|slogan|advert\w*|marketing|product description|recipe|itinerary|travel|dialogue|character|plot|fairy tale|biography|obituary|invitation|poetry|limerick)\b", -1.8, None, "prose"),
    _clue("rewrite", r"\b(?:translate|summari[sz]e|paraphrase|proofread|rewrite|rephrase|grammar|tone|polite(?:ly)?|formal|brainstorm|persuasive|advice|recommend|opinion|feelings?|tl;?dr)\b", -1.3, None, "prose"),
    _clue("world", r"\b(?:history|president|war|country|capital|population|economy|climate|philosoph\w+|religio\w+|psycholog\w+|health|diet|exercise|doctor|medicine|law|legal|movie|film|music|book|author|sport|football|animals?|planet|ocean|city|food|restaurant|weather|marriage|relationship|friend|school|teacher|students?|customers?|company|meeting|interview|salary|invest\w+|stock|price)\b", -0.9),
    _clue("mathematics", r"\b(?:equation|solve for|integral|derivative|probability|theorem|proof|prove that|triangle|polynomial|how much|how many|percent|apples|per (?:hour|day|week|mile)|dollars)\b", -0.9),
    _clue("why", r"^\s*(?:who|when|where|why|what is|what are|what's|is it|are there|do you|can you recommend|should i|tell me about|describe|discuss|compare|explain (?:the|how|why)|imagine|pretend|act as|i want you to act|roleplay)\b", -0.6, None, "prose"),
    _clue("写作", r"(?:翻译|作文|文章|故事|诗|总结|写一封|邮件|介绍|建议|历史|健康|旅行|翻訳|要約|物語|手紙|小説|歴史|번역|요약|이야기|편지|역사|перевед|сочинени|рассказ|стих|письмо|истори|резюм)", -1.3, None, "prose"),
    _clue("redactar", r"\b(?:traduc\w+|resum\w+|redact\w+|poema|cuento|carta|correo|ensayo|historia|tradui\w+|résum\w+|rédige\w*|poème|histoire|lettre|übersetz\w+|zusammenfass\w+|gedicht|geschichte|brief|aufsatz|traduz\w+|redija|conto|história)\b", -1.2, None, "prose"),
    _clue("extract", r"\b(?:extract|classif\w+|sentiment|categori[sz]e|label)\b[\s\S]{0,200}\b(?:json|review|text|tweet|comment|email|article|invoice)\b", -0.8, None, "structured"),
)  # fmt: skip
"""What is asked for, in nine languages."""

BIAS = -0.9
"""A turn that shows nothing is more often prose than code."""
SHORT_CHARS = 80
"""A follow-up such as "yes, go on": below this, without a clue of its own, a turn inherits from the one before."""
