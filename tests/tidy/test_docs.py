"""The documents: they name everything there is, and nothing that is not."""

import argparse
import re
from collections.abc import Iterator

import pytest

from gateway.cli import COMMANDS, parser
from gateway.errors import KINDS, OVERLOADED_STATUS
from gateway.metering import families
from tests.tidy.tree import ROOT, committed, text

PAGES = [name for name in committed() if name.endswith(".md")]
METRICS = sorted({each.name for each in vars(families).values() if isinstance(each, families.Declared)})


def commands(within: argparse.ArgumentParser | None = None, before: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command, and after it those under it."""
    for action in (within or parser())._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield before + name, command
                yield from commands(command, f"{before}{name} ")


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_documented(name: str) -> None:
    assert f"| `{name}` |" in text("docs/reference/metrics.md")


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_documented_as_it_is(kind: str) -> None:
    row = KINDS[kind]
    status = f"{row.status}"
    if row.anthropic_type == "overloaded_error":
        status += f" ({OVERLOADED_STATUS} on Messages)"
    cells = (kind, status, row.openai_type, row.openai_code, row.anthropic_type)
    told = "yes" if row.retry else "no"
    assert "| " + " | ".join(f"`{cell}`" if cell != status else cell for cell in cells) + f" | {told} |" in text(
        "docs/reference/errors.md"
    )


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_command_and_option_is_documented(name: str, command: argparse.ArgumentParser) -> None:
    page = text("docs/reference/commands.md")
    section = re.search(rf"^## pointsman {name}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section is not None
    options = {option for action in command._actions for option in action.option_strings} - {"-h", "--help"}
    assert options == set(re.findall(r"`(--[a-z-]+)", section[1]))


def test_no_command_is_documented_that_is_not() -> None:
    assert re.findall(r"^## pointsman ([\w-]+)$", text("docs/reference/commands.md"), re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_documents_exist(page: str) -> None:
    quoted = re.findall(r"```(?:sh|console|bash)?\n(.*?)```|`([^`\n]+)`", text(page), re.DOTALL)
    shown = "\n".join(block or inline for block, inline in quoted)
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:^|\s)make ([a-z][a-z-]+)", shown, re.MULTILINE)) <= targets
    assert set(re.findall(r"(?:^|\s|\$ )pointsman ([a-z][a-z-]*)\b", shown, re.MULTILINE)) <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES)
def test_links_and_file_names_in_documents_exist(page: str) -> None:
    folder = (ROOT / page).parent
    for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text(page)):
        assert (folder / link).exists(), link
    for name in re.findall(r"`((?:gateway|routing|cache|dashboards|docs|tests|benchmarks)/[\w./-]+)`", text(page)):
        assert (ROOT / name).exists(), name


def test_decisions_named_in_the_source_are_written_down() -> None:
    written = {name.split("/")[-1][:4] for name in committed() if name.startswith("docs/adr/")}
    named = {number for name in committed() if name.endswith((".py", ".md")) for number in re.findall(r"(?:adr/|ADR )(\d{4})", text(name))}
    assert named <= written
    assert written == {f"{number:04d}" for number in range(1, len(written) + 1)}


@pytest.mark.parametrize("name", [name for name in committed() if name.startswith("docs/adr/")])
def test_a_decision_says_what_would_change_it(name: str) -> None:
    content = text(name)
    number = int(name.rsplit("/", maxsplit=1)[-1][:4])
    assert content.startswith(f"# {number}. ")
    for part in ("**Context.**", "**Decision.**", "**Consequences.**", "**What would change it.**"):
        assert content.count(part) == 1, part
    assert len(content.splitlines()) <= 60, "one page"


def test_the_changelog_keeps_its_form() -> None:
    content = text("CHANGELOG.md")
    assert content.startswith("# Changelog\n\n## ")
    assert set(re.findall(r"^### (\w+)$", content, re.MULTILINE)) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
