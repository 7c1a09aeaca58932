"""What others ship, asked through its own code. In a process of its own, because LiteLLM stays once it is imported."""

import json
import subprocess
import sys

ASK = """
import json
from gateway.evaluation.routing_cases import cases
from gateway.evaluation.routing_rivals import rivals
texts = "write a python function that sorts a list", "tell me about the sea"
lines = [{"request": {"model": "auto", "messages": [{"role": "user", "content": text}]}, "label": "code"} for text in texts]
found = list(cases(lines))
print(json.dumps({name: [rival(case) for case in found] for name, rival in rivals()}))
"""


def test_all_of_them_run_here() -> None:
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, check=True, text=True)
    assert asked.stderr == "", "nothing is fetched, nothing is complained of"
    told = json.loads(asked.stdout)
    assert [name.split()[0] for name in told] == ["a", "vLLM", "LiteLLM", "LiteLLM"]
    assert set(map(tuple, told.values())) == {(True, False)}
