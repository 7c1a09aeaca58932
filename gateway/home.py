"""The folder that outlives a gateway."""

import os
import secrets
from pathlib import Path


class Home:
    """The folder of one gateway: journal, ledger, thread memory, and the secret its fingerprints are keyed with."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.journal = path / "journal"
        self.ledger = path / "ledger.db"
        self.threads = path / "threads"
        self.learned = path / "learned.json"
        self.noticed = path / "noticed"

    def seed(self) -> int:
        """A 64-bit secret, made once: without it nobody can tell from the memory what a prompt was."""
        file = self.path / "seed"
        if not file.exists():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(secrets.token_bytes(8))
        return int.from_bytes(file.read_bytes()[:8], "big")
