"""Python reads this at its start where its folder is on the path: `time.time` then runs beside the real one by as much as a file
says, in every process that is given the same file. So days pass for gateway, ledger and provider alike, at the same moment."""

import mmap
import os
import struct
import time

if path := os.environ.get("POINTSMAN_TEST_CLOCK"):
    _real = time.time
    with open(path, "r+b") as _file:
        _aside = mmap.mmap(_file.fileno(), 8)
    time.time = lambda: _real() + struct.unpack("<d", _aside)[0]
