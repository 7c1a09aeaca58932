"""Layer by layer: media, errands, the turn itself, its harness, what was said before; and both axes."""

import random
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.classify import ERRAND_CONFIDENCE, MEDIA_CONFIDENCE, classify
from routing.grams import grams
from routing.observe import LEANING_CHARS, SHORT_CHARS, observe
from routing.text import score_of
from routing.types import Signals, Workload
from routing.weights import weights

AGENT = ("bash", "edit", "grep")
CODE_OUT = ("code", "patch", "config", "review")


def of(text: str, **more: object) -> Workload:
    return classify(Signals(turn_text=text, **more))  # type: ignore[arg-type]


def score(work: Workload) -> float:
    return sum(each.weight for each in work.evidence)


def weight(work: Workload, name: str) -> float:
    return sum(each.weight for each in work.evidence if each.name == name)


def names(work: Workload) -> list[str]:
    return [each.name for each in work.evidence]


# media and errands end the matter


def test_an_image_decides_whatever_else_is_there() -> None:
    work = of("fix this:\n```python\ndef f():\n```", image=True, tool_names=AGENT, tools=3)
    assert (work.input, work.output, work.confidence) == ("image", "visual_description", MEDIA_CONFIDENCE)
    assert names(work) == ["image"]
    assert of("what is said", audio=True).input == "audio"


def test_what_an_agent_asks_for_itself() -> None:
    work = classify(Signals(turn_text="def f(): pass"), "auxiliary", "claude-code", "auxiliary")
    assert (work.input, work.output, work.confidence) == ("prose", "title", ERRAND_CONFIDENCE)
    assert "claude-code" in work.evidence[0].detail


@pytest.mark.parametrize(
    "signals",
    [
        Signals(turn_text="fix the parser in src/a.py", system_text="You are a title generator. Output one line."),
        Signals(turn_text="debug this", system_text="Generate a short title (max 6 words) for the conversation."),
        Signals(turn_text="Please write a 5-10 word title for the following conversation:\n\nfix my python"),
        Signals(turn_text="python", system_text="Summarize the first message of a chat in 3-5 words for the sidebar."),
    ],
)
def test_titles_without_anybody_saying_so(signals: Signals) -> None:
    assert classify(signals).output == "title"
    with_tools = msgspec.structs.replace(signals, tools=1, tool_names=("bash",))
    assert names(classify(with_tools)) != names(classify(signals)), "an agent that offers tools wants work done, it is weighed"


@pytest.mark.parametrize(
    "asked",
    [
        "### Task:\nGenerate 1-3 broad tags, as JSON.\n### Chat History:\nUSER: my merge doubles the rows in pandas",
        "以下の会話に短い題名を付けてください。\n\nユーザー：Pythonでメールを送りたい",
        "Give me a thread name of three words.\n<conversation>\nUser: the build breaks\n</conversation>",
        'Is this a new topic? {"isNewTopic": bool, "title": str}\n\nrefactor the parser',
    ],
)
def test_what_a_client_asks_about_a_quoted_conversation(asked: str) -> None:
    assert classify(Signals(turn_text=asked)).output == "title"


@pytest.mark.parametrize(
    "asked",
    [
        "User: clicks save\nSystem: crashes. Fix the handler, it is in save.py",
        "Write a React component that shows the conversation's title and its tags",
        "<task>\nthe page's <title> tag is empty, fix it in index.html\n</task>",
    ],
)
def test_a_task_that_only_looks_quoted_is_no_errand(asked: str) -> None:
    assert classify(Signals(turn_text=asked)).output not in ("title", "prose")


@pytest.mark.parametrize(
    "text",
    [
        "You are performing a CONTEXT CHECKPOINT COMPACTION. Create a handoff summary",
        "The context is almost full. Write a summary of what was done.",
        "Summarize our conversation so far so that another agent can continue the work.",
        "Your task is to create a detailed summary of the conversation so far, with the files.",
        "Create a handoff summary of this session for the next context window.",
        "Summarise this session so that work can be resumed tomorrow.",
    ],
)
def test_compaction_is_of_the_session_that_is_compacted(text: str) -> None:
    code = of(text, previous_text="refactor the parser in src/parse.py\nI changed `parse()`")
    assert (code.input, code.output, code.confidence) == ("code", "prose", ERRAND_CONFIDENCE)
    assert of(text, tools=3, tool_names=AGENT).input == "code"
    prose = of(text, previous_text="write a poem about autumn\nThe leaves fall, the story of the year")
    assert (prose.input, prose.output) == ("prose", "prose")


def test_compaction_by_the_clients_own_word() -> None:
    assert classify(Signals(turn_text="go on"), "compaction", "codex").input == "code"
    assert classify(Signals(turn_text="go on"), "compaction", "unknown").input == "prose"


# the turn itself, on both axes


@pytest.mark.parametrize(
    ("text", "into", "out"),
    [
        ("Write a function that reverses a linked list in Python", "prose", "code"),
        ("fix the crash in src/app.py", "prose", "patch"),
        ("What does this code do?\n```python\ndef f(x):\n    return x\n```", "code", "review"),
        ("Traceback (most recent call last):\n  File \"a.py\", line 3\nValueError: no", "log", "review"),
        ("fix this\nTraceback (most recent call last):\n  File \"a.py\", line 3", "log", "patch"),
        ("write a commit message\ndiff --git a/a.py b/a.py\n@@ -1 +1 @@", "diff", "review"),
        ("an nginx config file with a redirect to https", "prose", "config"),
        ("git log --oneline\nwhat does this command show", "shell", "review"),
        ("SELECT name FROM users WHERE id = 3\nexplain this query", "code", "review"),
    ],
)
def test_code_on_both_axes(text: str, into: str, out: str) -> None:
    work = of(text)
    assert (work.input, work.output) == (into, out)
    assert score(work) > 0
    assert work.confidence > 0.6


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("Write a poem about autumn", "prose"),
        ("Translate this letter into French", "prose"),
        ("Who was the president of the country in 1920?", "prose"),
        ("Suggest a title for my article about food", "title"),
        ("Classify the sentiment of the reviews", "structured"),
    ],
)
def test_prose(text: str, out: str) -> None:
    work = of(text)
    assert (work.input, work.output) == ("prose", out)
    assert score(work) < 0
    assert work.confidence > 0.6


def test_a_schema_makes_prose_structured_but_not_code() -> None:
    assert of("who wrote it", structured=True).output == "structured"
    assert of("write a function in python", structured=True).output == "code"


def test_nothing_known_is_no_confidence() -> None:
    work = of("Hm")
    assert {"bias", "text"} <= set(names(work))
    assert 0.5 <= work.confidence < 0.9
    assert 0.5 <= of("").confidence < 0.9


def test_the_confidence_is_that_of_the_sum() -> None:
    work = of("refactor the function in src/app.py")
    assert work.confidence == pytest.approx(1 / (1 + 2.718281828459045 ** -abs(score(work))), abs=1e-3)


# harness


def test_an_agents_harness_decides_where_words_do_not() -> None:
    agent = {"tool_names": AGENT, "tools": 3}
    assert of("do it", **agent).output in CODE_OUT
    assert of("do it").confidence < 0.8 < of("do it", **agent).confidence, "nobody could say, but for the tools"
    assert of("write a poem about love for my mother", **agent).output == "prose", "coding agents are asked for letters, too"
    assert of("book a table in the city", tool_names=("book",), tools=1).confidence > of("book a table in the city").confidence


def test_a_question_to_a_database_is_answered_with_a_query() -> None:
    question = "How many customers bought more than three books last year?"
    assert of(question).output == "prose"
    assert of(question, tool_names=("run_sql",), tools=1).output == "code"
    assert of(question, system_text="You are a data agent. Inspect the schema, then query it.").output == "code"


# what was said before

CODE_BEFORE = "refactor the parser in src/parse.py\nI changed `parse()` in src/parse.py"
PROSE_BEFORE = "write a poem about love\nThe story of my heart"


def test_a_follow_up_inherits() -> None:
    assert of("yes, go on", previous_text=CODE_BEFORE).output in CODE_OUT
    assert of("yes, go on", previous_text=PROSE_BEFORE).output == "prose"
    assert "history" not in names(of("yes, go on"))


@pytest.mark.parametrize(
    "text", ["Different topic: how do I train a puppy?", "By the way, where is Paris?", "Forget that. Who won?"]
)
def test_another_topic_inherits_nothing(text: str) -> None:
    assert "history" not in names(of(text, previous_text=CODE_BEFORE))
    assert of(text, previous_text=CODE_BEFORE).output == "prose"


def test_the_longer_a_turn_the_less_it_inherits() -> None:
    lengths = (SHORT_CHARS, LEANING_CHARS, 2 * LEANING_CHARS)
    short, leans, stands = (weight(of(("and then " * 40)[:length], previous_text=CODE_BEFORE), "history") for length in lengths)
    assert abs(stands) < leans < short
    assert abs(stands) < 0.1


@pytest.mark.parametrize("past", [CODE_BEFORE, PROSE_BEFORE])
@given(st.lists(st.sampled_from("fix write the poem regex table for my it letter list parser".split()), min_size=15, max_size=24))
def test_a_past_that_is_not_asked_could_not_have_turned_the_verdict(past: str, words: list[str]) -> None:
    signals = Signals(turn_text=" ".join(words), previous_text=past)
    learned = weights()
    values = observe(signals, "unknown", lambda text: score_of(grams(text), learned)).values
    whole = learned.score.bias + sum(value * learned.score.observations.get(name, 0.0) for name, value in values.items())
    assert (classify(signals).score > 0) == (whole > 0)


def test_an_agents_steps_are_one_task() -> None:
    agent = {"tool_names": AGENT, "tools": 3, "previous_text": PROSE_BEFORE}
    for text in ("write a farewell mail to the team", "rename load to read in src/app.py"):
        first, later = of(text, newest_role="user", **agent), of(text, newest_role="tool", turns=90, **agent)
        assert first == later, "a tool's result changes nothing"


@pytest.mark.parametrize(
    ("opening", "system", "out"),
    [
        ("start please", "Act as a senior Java developer who writes backend code and unit tests.", CODE_OUT),
        ("start please", "You are a novelist. Write a story about love, chapter after chapter.", ("prose",)),
    ],
)
def test_an_opening_that_says_nothing_follows_the_instructions(opening: str, system: str, out: tuple[str, ...]) -> None:
    assert of(opening, system_text=system).output in out


# whatever comes

SOME = st.text(max_size=200) | st.sampled_from(["fix", "def f():", "poem", "写一封信", "a title for the conversation", "context"])


@given(SOME, SOME, SOME, st.lists(st.sampled_from(["bash", "edit", "run_sql", "weather"]), max_size=4), st.booleans())
def test_any_signals_make_a_workload(turn: str, before: str, system: str, tools: list[str], image: bool) -> None:
    signals = Signals(
        turn_text=turn, previous_text=before, system_text=system, tool_names=tuple(tools), tools=len(tools), image=image
    )
    work = classify(signals)
    assert 0.5 <= work.confidence <= 1
    assert sum(each.weight for each in work.evidence) == pytest.approx(work.score), "the evidence adds up to the score"
    assert work == classify(signals), "the same signals, the same workload"


@pytest.mark.parametrize("piece", ["for ", "in for ", "a(", "_", "`", "a.", "aB", "=SUM", "A1:", "{\n", "write a ", "コード", "select "])
def test_a_hostile_text_costs_little(piece: str) -> None:
    """What is at most 3,000 characters is read in at most a few milliseconds, however it is made."""
    text = (piece * 2000)[:1800]
    signals = Signals(turn_text=text, previous_text=text[:1200], system_text=text[:600])
    assert min(_seconds(signals) for _ in range(5)) < 0.02


def _seconds(signals: Signals) -> float:
    began = time.perf_counter()
    classify(signals)
    return time.perf_counter() - began


def test_the_order_of_tools_does_not_matter() -> None:
    tools = ["bash", "weather", "edit", "run_sql", "mail"]
    seen = set()
    for seed in range(6):
        random.Random(seed).shuffle(tools)
        seen.add(of("go on", tool_names=tuple(tools), tools=5).confidence)
    assert len(seen) == 1
