"""The command line: what is not asked for is not loaded."""

import subprocess
import sys

import pytest

from gateway.cli import COMMANDS, main


def test_a_command_loads_no_other() -> None:
    code = "import sys, gateway.cli as cli; cli.main(['check', 'nothing.yaml']); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "gateway.commands.check" in said
    assert not [name for name in said if name.startswith(("gateway.commands.e", "gateway.simulator", "gateway.evaluation"))]


@pytest.mark.parametrize("words", [["--help"], ["nonsense"]])
def test_who_does_not_know_the_commands_is_told_all(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    said = "".join(capsys.readouterr())
    assert all(name in said for name in COMMANDS)
