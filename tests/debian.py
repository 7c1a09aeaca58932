"""Programs that tests need and no lock file brings: Debian's, installed where that is allowed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def installed(program: str, package: str) -> Path:
    """The program; a test that cannot have it is skipped, which CI counts as a failure."""
    if shutil.which(program) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", package]):
            subprocess.run(command, capture_output=True, check=False, timeout=300)
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not here and cannot be installed (apt-get install {package})")
    return Path(found)
