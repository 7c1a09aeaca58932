"""`pointsman eval` leads to its subjects."""

import pytest

from gateway.cli import main
from gateway.commands.eval import SUBJECTS


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_subject_has_help(subject: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["eval", subject, "--help"])
    assert left.value.code == 0
    assert "Example:" in capsys.readouterr().out


def test_a_subject_is_needed() -> None:
    with pytest.raises(SystemExit) as left:
        main(["eval"])
    assert left.value.code == 2
