"""The Dockerfile, read rather than built: what it copies exists, what it installs is hashed, whom it runs as."""

import json
import re
import shlex

import pytest

from tests.tidy.tree import ROOT, committed, text


def instructions() -> list[tuple[str, str]]:
    """Instruction and argument, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", "\n".join(line for line in text("Dockerfile").splitlines() if not line.startswith("#")))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line.strip()]


def last(word: str) -> str:
    return [argument for instruction, argument in instructions() if instruction == word][-1]


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    ignored = text(".dockerignore").splitlines()
    copied = [shlex.split(argument)[:-1] for word, argument in instructions() if word == "COPY" and "--from" not in argument]
    assert copied
    for source in (name for names in copied for name in names):
        assert any(name == source or name.startswith(source + "/") for name in committed()), source
        assert f"!{source}" in ignored
    assert ignored[1] == "*", "what is not named stays out of the image"
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert allowed == {name for names in copied for name in names}


def test_every_install_is_hashed_or_local() -> None:
    for _, argument in (each for each in instructions() if each[0] == "RUN"):
        for command in argument.split("&&"):
            if "/pip " in command:
                assert "--require-hashes" in command or "--no-index" in command, command


def test_what_is_installed_is_what_make_installs() -> None:
    for lock in ("requirements.lock", "requirements-build.lock"):
        assert f"--require-hashes -r {lock}" in text("Dockerfile")
        assert f"--require-hashes -r {lock}" in text("Makefile")


def test_it_runs_as_nobody_in_particular() -> None:
    user = last("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "a number, so that Kubernetes can see it is not root"
    assert f"--uid {user.split(':')[0]}" in text("Dockerfile")


def test_its_state_is_in_one_volume() -> None:
    home = json.loads(last("VOLUME"))
    assert home == ["/var/lib/pointsman"]
    assert f"POINTSMAN_HOME={home[0]}" in last("ENV")
    assert "PYTHONDONTWRITEBYTECODE=1" in last("ENV"), "the root is read-only"


def test_its_health_is_readiness() -> None:
    health = last("HEALTHCHECK")
    assert "/readyz" in health
    assert f":{last('EXPOSE')}/" in health
    json.loads(health[health.index("[") :])


def test_it_starts_the_gateway() -> None:
    command = json.loads(last("ENTRYPOINT")) + json.loads(last("CMD"))
    assert command[:2] == ["pointsman", "serve"]
    config = command[command.index("--config") + 1]
    assert config in [argument.split()[-1] for word, argument in instructions() if word == "COPY"]


@pytest.mark.parametrize("stage", ["FROM python:3.11"])
def test_the_stages_share_one_python(stage: str) -> None:
    stages = [argument.split()[0] for word, argument in instructions() if word == "FROM"]
    assert len(stages) == 2
    assert len(set(stages)) == 1, "the environment is copied from one to the other"
    assert (ROOT / "Dockerfile").read_text().count(stage) == 2
