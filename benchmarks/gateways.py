"""Who is measured: Pointsman with everything on, and the others as their makers say to run them.

Each is installed into `.bench/`, by name, in an environment of its own. What does not install is named in the report.
"""

import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[1]
BENCH = ROOT / ".bench"
PORT, UPSTREAM = 18480, 18481
KEY = "sk-bench-0123456789"
ASKED = "gpt-4o"
START_S = 120.0


@dataclass(frozen=True)
class Gateway:
    """One gateway as it is started. `environment` is added to ours."""

    name: str
    version: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    new_model: str = ASKED
    """What a client asks for who leaves the choice to the gateway; a gateway that cannot choose gets a name it knows."""
    configuration: str = ""


TRIALS = 5
_TRIAL = """
import sys, time
if sys.version_info < (3, 11): sys.exit(1)
def work(n):
    seen = {}
    for each in range(n):
        seen[each % 97] = (each, str(each), seen.get(each % 89))
    return seen
def once():
    began = time.perf_counter(); work(100_000); return time.perf_counter() - began
print(min(once() for _ in range(7)))
"""


@functools.cache
def best_python() -> str:
    """The fastest Python of version 3.11 or later at hand, found by trial.

    Distributions build theirs with profile-guided optimisation, worth 15 to 40 %, which the interpreter does not tell.
    Trials are interleaved, so that a busy moment of the machine does not fall upon one of them alone.
    """
    taken: dict[float, str] = {}
    for python in ("/usr/bin/python3", "/usr/local/bin/python3", os.path.realpath(sys.executable)) * TRIALS:
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            said = subprocess.run([python, "-c", _TRIAL], capture_output=True, text=True, check=True).stdout
            taken[float(said)] = python
    return taken[min(taken)]


def environment(name: str, python: str, *arguments: str) -> Path:
    """A virtual environment under `.bench/`, made once; raises CalledProcessError when something cannot be installed."""
    folder = BENCH / name
    done = folder / ".done"
    stamp = sha256("\0".join((python, *arguments, *_contents(arguments))).encode()).hexdigest()
    if not done.exists() or done.read_text() != stamp:
        shutil.rmtree(folder, ignore_errors=True)
        print(f"  installing {name}", flush=True)
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
        subprocess.run([*pip, *arguments], check=True, capture_output=True, text=True)
        done.write_text(stamp)
    return folder / "bin"


def _contents(arguments: tuple[str, ...]) -> list[str]:
    return [Path(each).read_text() for each in arguments if each.endswith(".lock")]


def configured(name: str, text: str) -> Path:
    path = BENCH / "config" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def pointsman(rules: int = 2, teams: int = 1, workers: int = 1) -> Gateway:
    """Everything on: a team key, rules, routes, classification, freshness, prices, ledger, metrics."""
    binaries = environment("pointsman", best_python(), "--require-hashes", "-r", str(ROOT / "requirements.lock"))
    wanted = "\n".join(f"  - {{name: rule-{n}, when: {{user: nobody-{n}}}, then: {{route: code}}}}" for n in range(rules))
    keys = [sha256(f"key {n}".encode()).hexdigest() for n in range(teams - 1)]
    others = "\n".join(f"  team-{n}: {{keys: ['sha256:{key}']}}" for n, key in enumerate(keys))
    text = f"""version: 1
listen: {{host: 127.0.0.1, port: {PORT}}}
upstreams:
  mock: {{url: "http://127.0.0.1:{UPSTREAM}/v1", key: sk-upstream, provider: openai, dialects: [chat, responses]}}
models:
  {ASKED}: {{upstream: mock}}
  gpt-4o-mini: {{upstream: mock}}
routes:
  code: {{model: {ASKED}}}
  general: {{model: gpt-4o-mini}}
routing: {{default: general}}
teams:
  bench: {{keys: ["sha256:{sha256(KEY.encode()).hexdigest()}"]}}
{others}
{"rules:" if rules else ""}
{wanted}
"""
    path = configured(f"pointsman-{rules}-{teams}.yaml", text)
    command = [str(binaries / "python"), "-m", "gateway", "serve", "--config", str(path), "--home", str(BENCH / "home")]
    if workers > 1:
        command += ["--workers", str(workers)]
    version = (ROOT / "pyproject.toml").read_text().split('version = "')[1].split('"')[0]
    python = subprocess.run([str(binaries / "python"), "-V"], capture_output=True, text=True, check=True).stdout.strip()
    return Gateway(
        name="Pointsman", version=f"{version} on {python}", command=tuple(command), new_model="auto", configuration=text,
        environment={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def nginx() -> Gateway:
    """A plain reverse proxy: the floor, since it does none of the work."""
    if shutil.which("nginx") is None:
        if os.geteuid() == 0 and shutil.which("apt-get"):
            print("  installing nginx", flush=True)
            subprocess.run(["apt-get", "install", "-qqy", "--no-install-recommends", "nginx-light"], check=True,
                           capture_output=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
        else:
            raise OSError("nginx is missing: sudo apt-get install nginx-light")
    work = BENCH / "nginx"
    work.mkdir(parents=True, exist_ok=True)
    paths = " ".join(
        f"{what}_temp_path {work}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = f"""worker_processes 1; daemon off; pid {work}/pid; error_log {work}/error.log crit;
events {{ worker_connections 16384; }}
http {{
  access_log off; client_body_buffer_size 1m; client_max_body_size 32m; keepalive_requests 10000000; {paths}
  upstream mock {{ server 127.0.0.1:{UPSTREAM}; keepalive 4096; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{PORT} backlog=8192;
    location / {{ proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }}
  }}
}}
"""
    path = configured("nginx.conf", text)
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr.strip()
    return Gateway(name="nginx", version=said.rpartition("/")[2], command=("nginx", "-c", str(path)), configuration=text)


def litellm() -> Gateway:
    """LiteLLM's proxy as documented, with a key and without a database."""
    binaries = environment("litellm", best_python(), "litellm[proxy]==1.106.2")
    text = f"""model_list:
  - model_name: {ASKED}
    litellm_params: {{model: openai/{ASKED}, api_base: "http://127.0.0.1:{UPSTREAM}/v1", api_key: sk-upstream}}
litellm_settings: {{telemetry: false}}
general_settings: {{disable_spend_logs: true}}
"""
    path = configured("litellm.yaml", text)
    command = (str(binaries / "litellm"), "--config", str(path), "--host", "127.0.0.1", "--port", str(PORT))
    return Gateway(
        name="LiteLLM", version="1.106.2", command=(*command, "--num_workers", "1"), configuration=text,
        environment={"LITELLM_MASTER_KEY": KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
    )  # fmt: skip


def rolter() -> Gateway:
    """A gateway in Rust, its queue widened to take all connections of a run."""
    binaries = environment("rolter", best_python(), "rolter==0.1.0")
    text = f"""[server]
host = "127.0.0.1"
port = {PORT}
[[providers]]
name = "mock"
kind = "openai_compatible"
api_base = "http://127.0.0.1:{UPSTREAM}"
[[routes]]
model = "{ASKED}"
strategy = "round_robin"
[[routes.targets]]
provider = "mock"
model = "{ASKED}"
[[virtual_keys]]
key = "{KEY}"
name = "bench"
models = []
[queue]
enabled = true
capacity = 8192
workers = 4096
"""
    path = configured("rolter.toml", text)
    command = (str(binaries / "rolter"), "gateway", "-c", str(path), "--host", "127.0.0.1", "--port", str(PORT))
    return Gateway(name="rolter", version="0.1.0", command=command, environment={"RUST_LOG": "error"}, configuration=text)


def ferrogw() -> Gateway:
    """A gateway in Go, without its rate limit."""
    binaries = environment("ferrogw", best_python(), "ferrogw==1.5.10")
    text = "apiVersion: v1\nstrategy: {mode: single}\ntargets:\n  - virtual_key: openai\n"
    settings = {
        "PORT": str(PORT), "GATEWAY_CONFIG": str(configured("ferrogw.yaml", text)), "OPENAI_API_KEY": "sk-upstream",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{UPSTREAM}/v1", "MASTER_KEY": KEY, "RATE_LIMIT_RPS": "0",
        "ALLOW_UNAUTHENTICATED_PROXY": "true", "LOG_LEVEL": "error",
    }  # fmt: skip
    command = (str(binaries / "ferrogw"), "serve")
    return Gateway(name="ferrogw", version="1.5.10", command=command, environment=settings, configuration=text)


def ask(port: int, key: str = KEY) -> int:
    """The status of one small request."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        data=json.dumps({"model": ASKED, "messages": [{"role": "user", "content": "hi"}]}).encode(),
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        status: int = answer.status
        return status


def emptied() -> None:
    """Pointsman's home, with nothing in it."""
    shutil.rmtree(BENCH / "home", ignore_errors=True)


@contextlib.contextmanager
def running(gateway: Gateway, core: int, keep_home: bool = False) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """The gateway on one core, answering, and the seconds until it did. All of it is gone at the end.

    `keep_home` leaves Pointsman what it remembers; otherwise it begins with nothing.
    """
    if not keep_home:
        emptied()
    log = (BENCH / "gateway.log").open("wb")
    began = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *gateway.command], stdout=log, stderr=log, cwd=BENCH, start_new_session=True,
        env={**os.environ, **gateway.environment},
    )  # fmt: skip
    try:
        while True:
            with contextlib.suppress(OSError):
                if ask(PORT) == 200:
                    break
            if process.poll() is not None or time.monotonic() - began > START_S:
                raise OSError(f"{gateway.name} does not answer; see {BENCH / 'gateway.log'}")
            time.sleep(0.01)
        yield process, time.monotonic() - began
    finally:
        log.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
