"""The page on routing and the figures of the model card, written from what was measured."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from routing.policy import MIN_CONFIDENCE
from training.written import SETS

Results = Mapping[str, Any]

KINDS = {
    "people's chats": (
        "arena-hard-v0.1", "koala", "open-assistant", "self-instruct", "awesome-prompts", "multilingual-sift",
    ),
    "recorded agents": ("aider-sessions", "pydantic-ai-cassettes", "openhands", "aux-compaction", "aux-logs"),
    "agents' tasks": ("agent-tasks", "gemini-cli-evals"),
    "agents that do not code": ("bfcl", "toolbench"),
    "SQL": ("spider2", "sql-eval", "text2sql"),
    "prose about software": ("prose-about-software",),
    "exercises": ("ClassEval", "HumanEval-XL", "cruxeval", "human-eval", "mxeval", "nl2bash", "polyglot"),
}  # fmt: skip
"""Slices of the labelled set that are of one kind."""
LANGUAGE_MIN = 20
"""Cases below which a language's share says nothing."""
RATES = ("accuracy", "accuracy_unambiguous", "macro", "code_to_general", "general_to_code")
MARKS = re.compile(r"(<!-- figures -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def page(results: Results) -> str:
    """`docs/benchmarks/routing.md`."""
    return "\n".join((*_head(results), *_sure(results), *_kept(results), *_slices(results), *_time(results), *_again()))


def card(text: str, results: Results) -> str:
    """The model card with its figures brought up to date."""
    made = results["cross_validated"]
    figures = (
        f"{percent(made['accuracy'])} % of unseen sources' requests, {percent(made['accuracy_unambiguous'])} % without the "
        f"ambiguous ones, {percent(made['macro'])} % as the mean over slices; expected calibration error "
        f"{made['calibration_error']:.3f}; the most confident 80 % are right in {percent(_covered(made, 0.8))} %. Of three "
        "sets of hard requests of our own writing that were not learned from, "
        f"{', '.join(percent(results[name]['accuracy']) for name in SETS)} %."
    )
    return MARKS.sub(lambda found: f"{found[1]}{wrapped(figures)}\n{found[2]}", text)


def percent(share: float) -> str:
    return f"{share * 100:.1f}"


def wrapped(text: str, width: int = 125) -> str:
    """A paragraph in lines."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def _head(results: Results) -> Iterator[str]:
    made, rivals = results["cross_validated"], results["evaluated"]["rivals"]
    many = len(made["languages"])
    yield "# Routing: how often it is right\n"
    yield wrapped(
        f"{made['cases']:,} labelled requests in three dialects and {many} languages (nine tenths English), labelled "
        "*code* or *general* by one policy; some are flagged as ambiguous, where two careful readers may differ. "
        "Every figure of ours is **cross-validated**: ten folds, in which whatever shares a source or a slice is "
        "left out together, so that nothing is scored by a model that saw its like. On the data it was trained on "
        "the shipped model gets 98 % and more, which says nothing. What folds cannot keep apart: the observations, the word "
        "lists and the choice of training data were made by people who read mistakes on these requests and compared these "
        "very figures, so they are the better for it."
    )
    yield "\n| | all | unambiguous | macro over slices | code sent to general | general sent to code |"
    yield "|---|---|---|---|---|---|"
    yield _row("Pointsman", made, bold=True)
    yield from (_row(name, each) for name, each in rivals.items())
    yield ""
    yield wrapped(
        "The others have nothing to train and are asked through their own code (`litellm`), or with their documented "
        "words (vLLM Semantic Router), on the text of the newest turn, which is what they read. LiteLLM's adaptive "
        "router has six classes; code generation, code understanding and technical design count as code."
    )


def _row(name: str, made: Results, bold: bool = False) -> str:
    cells = [percent(made[each]) for each in RATES]
    if bold:
        cells[:3] = [f"**{each}**" for each in cells[:3]]
    return f"| {name} | {' | '.join(cells)} |"


def _sure(results: Results) -> Iterator[str]:
    made, flips = results["cross_validated"], results["evaluated"]["flips"]
    yield "\n## How sure it is\n"
    yield wrapped(
        f"Expected calibration error: {made['calibration_error']:.3f}. Below a confidence of {MIN_CONFIDENCE} the "
        f"gateway abstains and the thread's route or the default takes over: {percent(made['abstained'])} % of these "
        f"requests; of the rest {percent(made['accuracy_not_abstained'])} % are right. Of all, with the general model as "
        f"the default, {percent(made['accuracy_with_default'])} %. Cross-validation weighs the past behind every turn of "
        "middle length; the gateway only where it could turn the verdict, which changes some confidences and no verdict."
    )
    yield "\n| the most confident | right | confidence from |\n|---|---|---|"
    for each in made["coverage"]:
        yield f"| {each['share']:.0%} | {percent(each['accuracy'])} | {each['confidence_from']:.3f} |"
    yield ""
    yield wrapped(
        f"Inside agents' tasks, step by step after each tool result, the verdict changed in {flips['flipped']} of "
        f"{flips['tasks']} tasks (with the shipped weights)."
    )


def _kept(results: Results) -> Iterator[str]:
    kept, proof, unseen = (results[name] for name in SETS)
    yield "\n## Hard requests, kept aside\n"
    yield wrapped(
        "Requests written for this in three dialects, scored by the weights that are shipped, which never saw them. "
        "Nothing that is learned is one of them but for case and punctuation, nor has one of five words or more seven in "
        "ten in common with it. All are meant to be hard."
    )
    yield ""
    yield wrapped(
        f"The proof is the last of three sets, {unseen['cases']:,} (`training/hard/unseen.jsonl`): written without "
        "sight of the weights, of what they are trained on and of the other sets, and labelled a second time without "
        "sight of the labels, of which none differed; five lines that were called disputable are left out. No weight "
        "was chosen by it, and its mistakes were not read; its shares were seen when the threshold of abstention "
        "and how much of the past is read were set. "
        "Older weights (commit e43c6ac, measured once) got 91.9 % of it right, which is the same but for chance."
    )
    yield ""
    yield wrapped(
        f"The one before was made in the same way, {proof['cases']:,} (`training/hard/proof.jsonl`; no label differed, "
        "nine lines were left out). The older weights got 91.5 % of it right, with 6.9 % of code and "
        "10.1 % of the rest wrong; more composed requests and what stands around a paste made little of that better "
        "(91.9 %). Then its mistakes were read, and turns of up to 160 characters lean on the past since. Its shares "
        "by group had been seen when the topics of the last two of eight lots of those requests were chosen."
    )
    yield ""
    yield wrapped(
        f"The first {kept['cases']:,} (`training/hard/kept.jsonl`) are a yardstick. They have the author of the "
        "composed training data, which flatters; their mistakes were read while observations and data were made, and "
        "how many grams are kept and how they are learned was chosen by their shares and by the folds above."
    )
    heads = [f"{name} | code sent to general | general sent to code" for name in SETS]
    yield f"\n| | {' | '.join(heads)} |"
    yield f"|---|{'---|' * 3 * len(SETS)}"
    for name in ("**Pointsman**", *kept["rivals"]):
        made = [results[each] if name == "**Pointsman**" else results[each]["rivals"][name] for each in SETS]
        cells = [percent(each[rate]) for each in made for rate in ("accuracy", *RATES[3:])]
        yield f"| {name} | {' | '.join(cells)} |"
    for name in SETS:
        yield f"\nBy group, {name}:\n"
        groups = {group: each for group, each in results[name]["slices"].items() if "language-" not in group}
        others = [each for group, each in results[name]["slices"].items() if "language-" in group]
        together = {f"{len(others)} languages": _together(others)} if others else {}
        yield from _grouped("group", {**groups, **together}, "hard/")


def _together(groups: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """Several groups as one."""
    many = sum(each["cases"] for each in groups)
    return {"accuracy": sum(each["accuracy"] * each["cases"] for each in groups) / many, "cases": many}


def _slices(results: Results) -> Iterator[str]:
    made = results["cross_validated"]
    yield "\n## By kind of source, the weakest first\n"
    kinds = {kind: [made["slices"][name] for name in names if name in made["slices"]] for kind, names in KINDS.items()}
    kinds["languages other than English"] = [each for name, each in made["languages"].items() if name != "en"]
    yield from _grouped("kind", {kind: _together(each) for kind, each in kinds.items() if each})
    yield "\n## By slice, the weakest first\n"
    yield from _grouped("slice", made["slices"])
    yield f"\n## By language, where there are {LANGUAGE_MIN} cases or more\n"
    yield from _grouped("language", {k: v for k, v in made["languages"].items() if v["cases"] >= LANGUAGE_MIN})


def _grouped(name: str, groups: Mapping[str, Mapping[str, float]], prefix: str = "") -> Iterator[str]:
    yield f"| {name} | right | cases |\n|---|---|---|"
    for group, each in sorted(groups.items(), key=lambda item: (item[1]["accuracy"], item[0])):
        yield f"| {group.removeprefix(prefix)} | {percent(each['accuracy'])} | {each['cases']:.0f} |"


def _time(results: Results) -> Iterator[str]:
    yield "\n## Time\n"
    yield wrapped(
        "From what was read of a request to the verdict, and from the bytes of its body to the verdict, each request "
        "once, bodies grown by older conversation; processor time of one thread on a shared machine, "
        f"CPython {results['python']}:"
    )
    yield "\n| body from | verdict p50 | p99 | with reading p50 |\n|---|---|---|---|"
    for size, each in results["evaluated"]["latency"].items():
        decide, whole = each["classify_us"], each["with_reading_us"]
        told = (f"{us / 1000:.2f} ms" for us in (decide["p50"], decide["p99"], whole["p50"]))
        yield f"| {int(size) // 1000:,} KB | {' | '.join(told)} |"
    naive = results["evaluated"]["naive_us"]
    yield ""
    yield wrapped(
        f"As a measure of the machine: the naive regular expression above takes {naive['p50'] / 1000:.3f} ms for the same "
        f"turns (p50; p99 {naive['p99'] / 1000:.2f})."
    )
    size = results["weights"]
    told = f"{size['bytes'] / 1e6:.1f} MB on disk and are read in {size['read_ms']:.0f} ms"
    yield f"\nThe weights are {told} when the gateway starts."


def _again() -> Sequence[str]:
    return (
        "\n## Again\n",
        "```",
        'make train ARGS="--cases CASES.jsonl --figures docs/benchmarks/routing.json ..."   # the cross-validated figures',
        "make bench-routing CASES=CASES.jsonl                          # the rest, this page and the model card",
        "```",
        "\n[The model card](../model-card.md) names the data the training was given.\n",
    )


def _covered(made: Results, share: float) -> float:
    return next(float(each["accuracy"]) for each in made["coverage"] if each["share"] == share)
