"""The words a turn's task is told by, in twelve languages: single words, phrases, pieces of words, and first words.

English has topics as well; German, French, Spanish, Portuguese and Italian, Chinese, Japanese, Korean, Russian, Hindi and
Arabic have their words for the tasks. `routing/lexicon.py` looks them up.
"""

from collections.abc import Mapping

from routing.evidence import Clue
from routing.interfaces import (
    CONTROLS,
    CONTROLS_ELSEWHERE,
    DEFECTS,
    DEFECTS_ELSEWHERE,
    THINGS,
    THINGS_ELSEWHERE,
)
from routing.technologies import JARGON, LANGUAGES, TOOLS

WRITE_CODE = Clue(name="write_code", weight=1.7, asks="code")
FIX = Clue(name="fix", weight=1.2, asks="patch")
CHANGE = Clue(name="change", weight=0.8, asks="patch")
REVIEW = Clue(name="review", weight=2.0, asks="review")
COMMIT = Clue(name="commit", weight=1.0, asks="review")
LANGUAGE = Clue(name="language", weight=2.0)
FRAMEWORK = Clue(name="framework", weight=0.6)
PROGRAMMING = Clue(name="programming", weight=0.7)
TERM = Clue(name="term", weight=0.7)
SHELL_TASK = Clue(name="shell_task", weight=0.9, asks="code")
DATABASE = Clue(name="database", weight=0.7, asks="code")
INTERFACE = Clue(name="interface", weight=0.8, asks="patch")
DEFECT = Clue(name="defect", weight=0.2)
THING = Clue(name="thing", weight=0.1)
"""What programs show and what goes wrong with it: neither says much, both together are a report."""
QUERY = Clue(name="query", weight=2.5, asks="code")
CONFIGURE = Clue(name="configure", weight=1.8, asks="config")
PROSE = Clue(name="prose", weight=-1.7, asks="prose")
REWRITE = Clue(name="rewrite", weight=-1.2, asks="prose")
TEXT_TASK = Clue(name="text_task", weight=-1.8, asks="prose")
WORLD = Clue(name="world", weight=-1.0, asks="prose")
MATHEMATICS = Clue(name="mathematics", weight=-0.5, asks="prose")
TALK = Clue(name="talk", weight=-0.5, asks="prose")
TITLE = Clue(name="title", weight=-1.4, asks="title")
EXTRACT = Clue(name="extract", weight=-0.9, asks="structured")

ENGLISH: Mapping[Clue, str] = {
    WRITE_CODE: "implement refactor refactoring debug debugging codegen oneliner codebase reimplement pseudocode "
    "fizzbuzz quicksort mergesort heapsort leetcode",
    FIX: (
        "fix fixes bug bugs bugfix crash crashes crashed segfault stacktrace deadlock regression lint "
        "linter mypy typecheck nullpointerexception panics failing"
    ),
    CHANGE: (
        "deprecated backport rebase refactored param params kwarg kwargs workspace flag flags config configs "
        "settings middleware dependency dependencies timeout timeouts retries retry handler handlers env "
        "validator parser readme hook hooks provider providers telemetry tokenizer tokens endpoint endpoints "
        "sandbox ui cli"
    ),
    COMMIT: "commit commits diff diffs changelog pr rebased merge",
    LANGUAGE: (
        "python javascript typescript java golang rust c++ c# ruby php swift kotlin scala haskell perl matlab "
        "bash zsh powershell sql html css latex vba lua julia fortran cobol solidity verilog vhdl assembly elixir "
        "erlang clojure dart postgresql postgres mysql sqlite mongodb redis snowflake bigquery plsql graphql "
        "promql linux unix cpp csharp jsx tsx scss sass svg " + LANGUAGES
    ),
    FRAMEWORK: (
        "react vue angular svelte django flask fastapi nodejs pandas numpy pytorch tensorflow keras sklearn "
        "xgboost matplotlib scipy opencv kubernetes docker apache jenkins npm pip "
        "cargo maven gradle spring laravel rails express nextjs jetpack compose flutter android ios xcode unity "
        "jupyter selenium pytest jest junit kafka rabbitmq celery airflow spark hadoop aws gcp azure lambda git "
        "github gitlab httpx uvicorn starlette asyncio jax vscode vim eclipse wordpress arduino stm32 cuda opengl "
        "vulkan " + TOOLS
    ),
    PROGRAMMING: (
        "function functions variable variables array arrays string strings integer integers boolean loop loops "
        "recursion recursive algorithm algorithms class classes method methods object objects parameter "
        "parameters argument arguments args return returns returned null none true false int float str dict "
        "dictionary tuple tuples list lists enum struct pointer pointers async await thread threads mutex "
        "callback callbacks compiler compile compiles runtime library libraries package packages module modules "
        "import imports export api apis http https json xml csv url request requests response header headers "
        "server backend frontend database query queries schema table column columns row rows index regex parse "
        "parsing encode decode encoding bytes byte binary hash hashmap cache queue stack heap tree graph node "
        "repository repo branch code coding program programs script scripts snippet stdin stdout stderr cli "
        "localhost tests unittest unittests mock assert print printed exit static const init def var foo bar "
        "digits digit sorted sort substring lambda iterator generator inheritance polymorphism namespace typing "
        "undefined exception exceptions traceback button login dropdown checkbox css div websocket socket tcp "
        "oauth jwt cron payload"
    ),
    TERM: JARGON,
    INTERFACE: CONTROLS,
    THING: THINGS,
    DEFECT: DEFECTS,
    CONFIGURE: "dockerfile makefile yaml yml toml nginx terraform ansible helm haproxy systemd webpack eslint tsconfig",
    SHELL_TASK: (
        "directory directories folder folders file files filename filenames recursively permissions permission "
        "symlink symlinks symbolic subdirectories subdirectory subfolders executable terminal shell stdout tar "
        "gzip unzip grep sed awk find archive hidden path paths chmod chown ssh rsync crontab pid process "
        "processes mount disk regular hostname md5 checksum tree extension extensions ending prefix lines"
    ),
    DATABASE: (
        "table tables column columns rows schema database records average total count distinct highest lowest per "
        "ratio median percentage rank descending ascending grouped ordered"
    ),
    PROSE: (
        "essay poem haiku story stories novel song songs lyrics joke jokes speech letter email mail blog article "
        "wish wishes congratulate congratulations greeting greetings toast apology eulogy farewell memo postcard "
        "newsletter tweet slogan advertisement recipe itinerary dialogue character characters plot biography "
        "obituary invitation poetry limerick rap paragraph paragraphs sentence sentences linkedin facebook "
        "instagram cv caption captions headline headlines audience tone funny creative engaging narrative fairy "
        "script screenplay bullet bullets"
    ),
    REWRITE: (
        "translate translation translated summarize summarise summary paraphrase proofread rewrite rephrase "
        "grammar grammatical polite politely formal informal brainstorm persuasive advice recommend "
        "recommendations opinion feelings tldr idiomatic wording concise simplify ideas tips suggestions "
        "strategies"
    ),
    WORLD: (
        "history president war country countries capital population economy economic climate philosophy religion "
        "psychology health healthy diet exercise doctor medicine medical law legal movie movies film films music "
        "book books author sport football animal animals planet ocean city cities food restaurant weather "
        "marriage relationship friend friends school teacher teachers company companies business marketing market "
        "meeting interview salary invest investment stock price money travel trip flight hotel party family "
        "children child kids husband wife mother father girl boy man woman people she he her him his world "
        "government politics society social human life love night art artist brand energy environment science "
        "biology physics chemistry culture hospital patient god king queen paris london america american china "
        "chinese french english german european youtube news today"
    ),
    MATHEMATICS: (
        "equation integral derivative probability theorem proof triangle polynomial apples dollars miles hours "
        "hour minutes km cost costs percent sold buys bought pays eats weeks each remaining older younger"
    ),
    TALK: (
        "hello hi hey thanks thank please who why tell think feel know would could should interesting really "
        "opinion imagine pretend roleplay describe discuss compare explain suggest provide"
    ),
    EXTRACT: "sentiment classify classification categorize categorise extract entities entity label labels",
}
OTHER_LANGUAGES: Mapping[Clue, str] = {
    WRITE_CODE: (
        "programm programme programa programma código codigo codice quellcode skript funktion función funcion "
        "função fonction funzione implementiere implementieren implementa implementar implemente implémente "
        "implémenter implementare algorithmus algoritmo algorithme datenbank abfrage consulta requête "
        "makro makros formel formule formuła formül fehlermeldung déboguer depurar debuggen"
    ),
    PROSE: (
        "gedicht geschichte brief aufsatz poema cuento carta correo ensayo historia poème histoire lettre conto "
        "história poesia racconto lettera saggio artikel artículo artigo articolo"
    ),
    REWRITE: (
        "übersetze übersetzen zusammenfassen fasse traduce traducir traduzca resumir redacta traduisez traduis "
        "résume résumez rédigez traduz traduzir resuma riassumi traduci verbessere stil empfehle ratschläge "
        "consejos conseils conselhos consigli"
    ),
    INTERFACE: CONTROLS_ELSEWHERE,
    THING: THINGS_ELSEWHERE,
    DEFECT: DEFECTS_ELSEWHERE,
    TALK: "wie warum könnte erkläre cómo qué explica comment pourquoi expliquez porque explique perché spiega",
}
PHRASES: Mapping[Clue, tuple[str, ...]] = {
    WRITE_CODE: (
        "write a function", "write a program", "write a script", "write code", "write the code", "write a query",
        "write a class", "write a python", "write a method", "write tests", "write a test", "unit test",
        "one-liner", "code to", "code for", "code that", "give me code", "create a function", "create a program",
        "create a script", "create a class", "create an app", "create a website", "build a website",
        "build an app", "web app", "web page", "command to", "command that", "regular expression",
        "data structure", "linked list", "binary search", "programming language", "source code", "sql query",
        "make a game", "program to", "program that", "function that", "function to", "script to", "script that",
        "single sql", "sql statement", "html page", "time complexity", "regex for", "regex that", "regex to", "bubble sort",
        "merge sort", "quick sort", "binary tree", "prime numbers", "unit tests", "teste unitário", "testes unitários",
        "test unitaire", "tests unitaires", "prueba unitaria", "pruebas unitarias", "lista enlazada",
    ),
    FIX: (
        "stack trace", "doesn't compile", "does not compile", "memory leak", "merge conflict", "null pointer",
        "doesn't work", "not working", "error message", "throws an", "test fails", "tests fail",
        "make sure the tests", "still fails",
    ),
    REVIEW: (
        "code review", "review this", "review my", "this code", "the code", "this function", "this script",
        "this class", "this method", "this query", "this command", "this regex", "this program", "this error",
        "my code", "code below", "following code", "what does this", "given function", "this diff", "this patch",
        "these changes",
    ),
    COMMIT: (
        "commit message", "pull request", "conventional commit", "staged changes",
    ),
    QUERY: (
        "sql query", "sql queries", "sql statement", "sql for", "in sql", "as sql", "sql that", "sql to", "mysql query",
        "postgresql statement", "postgresql query", "postgres query", "sqlite query", "mysql statement", "oracle query",
        "snowflake sql", "bigquery sql", "postgres sql", "tsql sql", "mysql sql", "sqlite sql", "spark sql",
        "only the query", "one query", "write a query", "select statement", "stored procedure",
        "in mysql", "in postgres", "in postgresql", "in sqlite", "in bigquery", "in snowflake", "in oracle",
    ),
    CONFIGURE: ("config file", "configuration file", "docker compose", "github actions", "ci pipeline", "helm chart"),
    SHELL_TASK: (
        "current directory", "current folder", "command line", "environment variable", "all files",
        "home directory", "files named", "files in", "directory tree", "file system", "standard output",
        "cron job", "find all",
    ),
    DATABASE: (
        "group by", "for each", "number of", "what is the", "how many", "list the", "find the", "show me", "top 5",
        "top 10",
    ),
    TITLE: (
        "a title", "title for", "headline for", "subject line", "thread title", "conversation title",
        "short title", "session title", "status message", "status line",
        "name this conversation", "name this chat",
    ),
    REWRITE: (
        "in the style of", "cover letter", "press release", "product description", "bullet points",
        "in other words", "release notes", "blog post", "for a general audience", "plain language", "key points",
        "tl;dr", "fun facts", "word meaning", "same meaning", "this paragraph", "this text", "the text",
        "this sentence", "following text", "following paragraph", "this passage", "this article", "this page",
        "documentation page",
    ),
    WORLD: (
        "in the world", "united states", "new york", "real life", "social media",
    ),
    MATHEMATICS: (
        "how much", "how many", "solve for", "step by step", "per hour", "per day", "per week",
    ),
    TALK: (
        "what is the best", "can you recommend", "tell me about", "do you think", "help me understand",
        "i want you to act", "act as a", "i am a", "i'm a", "i have a", "would you", "could you please",
        "what are some", "what are the best",
    ),
    EXTRACT: (
        "extract the", "in json format", "as json", "json object",
    ),
}  # fmt: skip
PIECES: Mapping[str, Mapping[Clue, str]] = {
    "\u4e00-\u9fff\u3040-\u30ff": {
        WRITE_CODE: "代码 函数 编程 程序 脚本 算法 实现一个 接口 数据库 编译 正则 查询语句 "
        "数据结构 表达式 二分查找 快速排序 冒泡排序 归并排序 链表 二叉树 单元测试 "
        "コード 関数 プログラム 実装 スクリプト アルゴリズム クエリ データ構造 正規表現 二分探索 "
        "クイックソート 連結リスト 単体テスト",
        INTERFACE: "按钮 搜索 列表 登录 退出登录 购物车 页面 表单 菜单 点击 网页 手机上 搜索框 "
        "ボタン 検索 ログイン ログアウト カート ページ フォーム メニュー クリック 画面 スマホ 検索欄",
        DEFECT: "不 没有 不见 错了 ない 消え おかし",
        FIX: "报错 调试 修复 崩溃 异常 デバッグ エラー バグ 修正",
        PROSE: "作文 故事 写一封 邮件 小说 散文 诗歌 物語 手紙 小説 メール",
        REWRITE: "翻译 总结 概括 润色 改写 翻訳 要約 言い換え",
        WORLD: "历史 健康 旅行 公司 中国 文化 歴史 会社",
        TALK: "为什么 如何看待 什么是 建议 なぜ どう思",
    },
    "\uac00-\ud7af": {
        WRITE_CODE: "코드 함수 프로그램 구현 스크립트 알고리즘 쿼리 정규 파이썬 퀵소트 연결리스트 단위테스트 자료구조",
        INTERFACE: "버튼 검색 로그인 로그아웃 장바구니 페이지 메뉴 클릭 화면 검색창",
        DEFECT: "안 없어 않 틀려 사라",
        FIX: "디버그 오류 버그",
        PROSE: "이야기 편지 소설 이메일",
        REWRITE: "번역 요약",
        WORLD: "역사 건강 회사",
        TALK: "왜 어떻게 조언",
    },
    "\u0400-\u04ff": {
        WRITE_CODE: "программ функци скрипт алгоритм кода реализ запрос сортировк рекурси юнит-тест регуляр",
        INTERFACE: "кнопк поиск пошук войти выйти вийти аккаунт акаунт корзин кошик страниц сторінк форма меню экран екран",
        DEFECT: "не пропада исчеза зника неверн пуст порожн должн",
        FIX: "ошибк исправ отлад",
        PROSE: "стих рассказ письм сочинени статью",
        REWRITE: "перевед перескаж резюм",
        WORLD: "истори компани здоров",
        TALK: "почему объясни расскажи совет",
    },
    "\u0900-\u097f": {
        WRITE_CODE: "कोड प्रोग्राम फ़ंक्शन फंक्शन एल्गोरिथ्म स्क्रिप्ट पाइथन पायथन",
        INTERFACE: "बटन खोज लॉगिन लॉगआउट कार्ट पेज फ़ॉर्म मेनू स्क्रीन क्लिक",
        DEFECT: "नहीं",
        FIX: "त्रुटि बग",
        PROSE: "कहानी कविता पत्र निबंध",
        REWRITE: "अनुवाद सारांश",
        WORLD: "इतिहास स्वास्थ्य",
        TALK: "क्यों कैसे",
    },
    "\u0600-\u06ff": {
        WRITE_CODE: "برنامج كود دالة خوارزمية برمج شفرة",
        INTERFACE: "زر البحث تسجيل الدخول الخروج السلة الصفحة القائمة الشاشة نموذج",
        DEFECT: "لا ليس",
        FIX: "خطأ تصحيح",
        PROSE: "قصة قصيدة رسالة مقال",
        REWRITE: "ترجم لخص",
        WORLD: "تاريخ صحة شركة",
        TALK: "لماذا كيف",
    },
}
"""For scripts without spaces or with many endings: parts of words, by the script that gives them away."""
FIRST: Mapping[Clue, str] = {
    CHANGE: (
        "add remove rename update move replace make support allow use bump drop handle convert migrate show hide "
        "ensure prevent disable enable load mark introduce switch improve cleanup simplify extract avoid expose "
        "pass set change delete detect run install print display modify revert include ignore log feat chore docs "
        "refactor test"
    ),
    TALK: (
        "who when where why what what's is are do does can should tell describe discuss compare explain imagine "
        "pretend if suggest name give"
    ),
    TEXT_TASK: "proofread translate summarize summarise rewrite rephrase paraphrase polish shorten reword",
    SHELL_TASK: (
        "find list search delete copy archive count print create recursively remove kill mount change display "
        "show"
    ),
}
"""Where a turn begins with them."""

