"""What people say to assistants that do not code, from a checkout of clinc/oos-eval (CC-BY 3.0).

Short everyday requests in 150 intents (https://github.com/clinc/oos-eval); the fifteen about computers are none of them.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.checkout import git
from training.scenes import DIALECTS, request, scene

FILE = "data/data_full.json"
UTTERANCES = 500


def requests_of(folder: Path, seed: int) -> Iterator[dict[str, Any]]:
    """Lines in the form of the development set."""
    dice = random.Random(f"{seed}:clinc")  # noqa: S311
    shown = git(folder, "show", f"HEAD:{FILE}")
    said = [text for text, intent in json.loads(shown)["train"] if intent != "oos"]
    for text in dice.sample(said, UTTERANCES):
        dialect = dice.choice(DIALECTS)
        yield {
            "id": "clinc",
            "source": "clinc/oos-eval",
            "license": "CC-BY-3.0",
            "slice": "clinc",
            "lang": "en",
            "api": dialect,
            "request": request(text, scene(False, dice, "add a test for it", dice.choice(said)), dialect),
            "label": "general",
        }
