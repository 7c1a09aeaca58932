"""Fetches the client programs the tests of this folder run, into `.clients/`: some 400 MB, so not part of `make test`.

Versions are pinned: what they send was recorded from these.
"""

import subprocess
import sys
import tarfile
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".clients"
PROGRAMS = {
    "codex": "@openai/codex@0.169.0-linux-x64",
    "claude": "@anthropic-ai/claude-code-linux-x64@2.1.330",
    "opencode": "opencode-linux-x64@1.18.33",
}
PYTHON = ("llm==0.36", "aider-chat==0.86.2", "langchain-openai==1.7.3")


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for name, package in PROGRAMS.items():
        place = FOLDER / name
        if place.exists():
            continue
        print(f"fetching {package}", flush=True)
        packed = subprocess.run(["npm", "pack", "--silent", package], cwd=FOLDER, check=True, capture_output=True, text=True)
        archive = FOLDER / packed.stdout.split()[-1]
        with tarfile.open(archive) as files:
            files.extractall(place, filter="data")
        archive.unlink()
    for package in PYTHON:  # each in an environment of its own: they do not agree on their dependencies
        place = FOLDER / package.partition("==")[0]
        if place.exists():
            continue
        print(f"installing {package}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([place / "bin" / "pip", "install", "-q", "--disable-pip-version-check", package], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
