"""Keeps what was learned of caches in one file, which all processes of a gateway add to.

Each process brings what it counted since it last came, under a lock, and takes with it what all have counted. So a restart
forgets nothing but the last minute, and what one worker sees the others know a minute later. JSON, replaced as a whole:
whoever dies in the middle leaves the old file.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from cache.brink import SEEN_MAX
from cache.curve import OUTCOMES
from cache.survival import BRINKS_MAX, CURVES_MAX, Bin, Survival, edges_of
from cache.survival import Path as CurvePath

VERSION = 1
FILE_BYTES_MAX = 32 * 1024 * 1024
"""All curves at their fullest come to a third of that."""
KEPT_MAX = CURVES_MAX + BRINKS_MAX
_BETWEEN = "\x1f"
"""Stands between the names of a path; no name of a model has it, and one that does is not kept."""
_END = "end"
"""Begins the path of a bin in which a lifetime may end; its other names are the bin's."""


class Kept(Struct):
    """One curve in the file: `counts` as they were at `at`, and how far its prior is still trusted.

    Of a bin in which a lifetime may end: the gaps seen last, the newest at the end; below zero those whose cache was lost.
    """

    at: float
    counts: list[float]
    trust: float = 1.0


class Contents(Struct):
    """The file."""

    version: int
    curves: dict[str, Kept]


_decoder = msgspec.json.Decoder(Contents)


class SurvivalFile:
    """The file, from one process. `brought` and `take` belong to the thread that learns, `merged` to any other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.errors = 0
        """Files that could not be read or written."""

    def load(self, survival: Survival) -> None:
        """Begin with what the file knows."""
        self.take(survival, self._read())

    def brought(self, survival: Survival) -> dict[CurvePath, Kept]:
        """What was counted since the last `take`."""
        curves = {
            path: Kept(at=curve.at, counts=curve.unsaved(), trust=curve.trust)
            for path, curve in survival.learned()
            if curve.at and (curve.changed() or curve.trust < 1.0)
        }
        ends = {_path_of(place): Kept(at=0.0, counts=brink.unsaved()) for place, brink in survival.brinks.items()}
        found = curves | {path: kept for path, kept in ends.items() if kept.counts}
        return {path: kept for path, kept in found.items() if not any(_BETWEEN in part for part in path)}

    def merged(self, brought: Mapping[CurvePath, Kept], half_life_s: float) -> dict[CurvePath, Kept] | None:
        """Add this to the file and give what it then holds; None where it could not be written. Waits for the disk."""
        try:
            descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                known = self._read()
                for path, kept in brought.items():
                    _add(known, path, kept, half_life_s)
                self._write(known)
            finally:
                os.close(descriptor)
        except OSError:
            self.errors += 1
            return None
        return known

    def take(
        self, survival: Survival, known: Mapping[CurvePath, Kept], brought: Mapping[CurvePath, Kept] | None = None
    ) -> None:
        """Know what the file holds, and on top what was counted since `brought` was."""
        for path, kept in known.items():
            if path[0] == _END:
                brink = survival.brink_at(_bin_of(path))
                if brink is not None:
                    brink.adopt(kept.counts)
                continue
            curve = survival.curve_at(path)
            if curve is not None:
                given = brought.get(path) if brought is not None else None
                curve.adopt(kept.at, kept.counts, kept.trust, given.counts if given is not None else None)

    def _read(self) -> dict[CurvePath, Kept]:
        """What the file holds; nothing where there is none, or one that cannot be read or is not ours."""
        try:
            if self._path.stat().st_size > FILE_BYTES_MAX:
                raise ValueError
            contents = _decoder.decode(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, msgspec.DecodeError):
            self.errors += 1
            return {}
        if contents.version != VERSION:
            return {}
        found: dict[CurvePath, Kept] = {}
        for name, kept in contents.curves.items():
            path = tuple(name.split(_BETWEEN))
            if _is_sound(path, kept) and len(found) < KEPT_MAX:
                found[path] = kept
        return found

    def _write(self, known: Mapping[CurvePath, Kept]) -> None:
        curves = {
            _BETWEEN.join(path): {"at": kept.at, "trust": kept.trust, "counts": [round(each, 4) for each in kept.counts]}
            for path, kept in known.items()
        }
        data = json.dumps({"version": VERSION, "curves": curves}, separators=(",", ":")).encode()
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(self._path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _add(known: dict[CurvePath, Kept], path: CurvePath, brought: Kept, half_life_s: float) -> None:
    """Both faded to the later of their times, then added; gaps of a bin behind those that are there."""
    there = known.get(path)
    if path[0] == _END:
        if there is not None or len(known) < KEPT_MAX:
            before = there.counts if there is not None else []
            known[path] = Kept(at=0.0, counts=[*before, *brought.counts][-SEEN_MAX:])
        return
    if there is None:
        if len(known) < KEPT_MAX:
            known[path] = Kept(at=brought.at, counts=[max(0.0, each) for each in brought.counts], trust=brought.trust)
        return
    at = max(there.at, brought.at)
    old, new = 0.5 ** ((at - there.at) / half_life_s), 0.5 ** ((at - brought.at) / half_life_s)
    counts = [max(0.0, one * old + other * new) for one, other in zip(there.counts, brought.counts, strict=True)]
    known[path] = Kept(at=at, counts=counts, trust=min(there.trust, brought.trust))


def _path_of(place: Bin) -> CurvePath:
    family, granted_s, model, bin_ = place
    return _END, family, f"{granted_s:.0f}", model, str(bin_)


def _bin_of(path: CurvePath) -> Bin:
    _, family, granted, model, bin_ = path
    return family, float(granted), model, int(bin_)


def _is_sound(path: CurvePath, kept: Kept) -> bool:
    """Whether these are counts of a curve as it is today, or gaps of a bin."""
    if len(path) == 5 and path[0] == _END:
        numbers = path[2].isdecimal() and path[4].isdecimal()
        return numbers and len(kept.counts) <= SEEN_MAX and all(abs(each) < 1e12 for each in kept.counts)
    if not path or path[0] not in ("time", "prompt") or len(kept.counts) != (len(edges_of(path)) + 1) * OUTCOMES:
        return False
    return all(0.0 <= each < 1e12 for each in kept.counts) and 0.0 <= kept.trust <= 1.0 and kept.at >= 0.0
