"""Prometheus and Alertmanager as the compose file runs them: its configs and rules, with hosts of this machine and no waiting."""

import contextlib
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.dashboards.receivers import PASSWORD, Inbox, mail, slack
from tests.postgres import free_port

DASHBOARDS = Path(__file__).resolve().parents[2] / "dashboards"
SOON = "2s"
"""In place of every wait that a person set."""


@contextlib.contextmanager
def alarms(prometheus: Path, alertmanager: Path, home: Path, page: str) -> Iterator[Inbox]:
    """Both, for as long as the context lasts; what they tell anybody is in the inbox."""
    inbox = Inbox()
    certificate, key = _certificate(home)
    at, alerts_at = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    with slack(inbox) as hook, mail(inbox, certificate, key) as post, contextlib.ExitStack() as running:
        _alertmanager_config(home, hook, post)
        _prometheus_config(home, page, alerts_at)
        for command in (
            [alertmanager, f"--config.file={home}/alertmanager.yml", f"--storage.path={home}/alerts",
             f"--web.listen-address={alerts_at}", "--cluster.listen-address="],
            [prometheus, f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
             f"--web.listen-address={at}", "--rules.alert.resend-delay=5s"],
        ):  # fmt: skip
            running.enter_context(_process(command, home / f"{Path(command[0]).name}.log", certificate))
        for address in (at, alerts_at):
            _until_ready(f"http://{address}/-/ready", home)
        yield inbox


def _alertmanager_config(home: Path, hook: str, post: str) -> None:
    (home / "slack_webhook").write_text(hook)
    (home / "smtp_password").write_text(PASSWORD)
    text = (DASHBOARDS / "alertmanager" / "alertmanager.yml").read_text("utf-8")
    config = yaml.safe_load(text.replace("/run/secrets", str(home)).replace("mail.example.com:587", post))
    config["route"] |= {"group_wait": "1s", "group_interval": SOON}
    (home / "alertmanager.yml").write_text(yaml.safe_dump(config))


def _prometheus_config(home: Path, page: str, alerts_at: str) -> None:
    text = (DASHBOARDS / "compose" / "prometheus.yml").read_text("utf-8")
    text = text.replace("pointsman:4000", page).replace("alertmanager:9093", alerts_at)
    (home / "prometheus.yml").write_text(re.sub(r"(_interval): \w+", r"\1: 1s", text))
    rules = (DASHBOARDS / "prometheus" / "rules.yml").read_text("utf-8")
    (home / "rules.yml").write_text(re.sub(r"(  interval): \w+", r"\1: 1s", re.sub(r"( for): \w+", rf"\1: {SOON}", rules)))


def _certificate(home: Path) -> tuple[Path, Path]:
    """Of the mail server; who trusts it is told so by its environment."""
    certificate, key = home / "certificate.pem", home / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return certificate, key


@contextlib.contextmanager
def _process(command: list[Path | str], log: Path, trusted: Path) -> Iterator[None]:
    env = {"PATH": str(Path(shutil.which("sh") or "/bin/sh").parent), "SSL_CERT_FILE": str(trusted)}
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=env)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def _until_ready(url: str, home: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    raise AssertionError("\n".join(path.read_text("utf-8")[-2000:] for path in home.glob("*.log")))
