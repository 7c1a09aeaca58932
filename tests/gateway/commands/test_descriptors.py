"""Open files: what the system allows is used."""

import subprocess
import sys

CODE = """
import resource
from gateway.commands.descriptors import allow_all
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(64, hard), hard))
allow_all()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
"""


def test_as_many_files_may_be_open_as_the_system_allows() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True)
