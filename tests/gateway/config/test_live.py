"""A broken file never replaces a good config, and a good one replaces it whole."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from gateway.config.compiled import Snapshot
from gateway.config.live import Live
from gateway.config.offline import overlay_simulator
from gateway.config.problems import ConfigError

GOOD = """
version: 1
upstreams:
  openai: {url: "https://api.openai.com/v1", key: "${KEY:-}", provider: openai, dialects: [chat]}
models: {"gpt-*": {upstream: openai}}
routes: {code: {model: gpt-code}, general: {model: gpt-small}}
routing: {default: general}
"""
KEYS = f'teams: {{payments: {{keys: ["sha256:{"ab" * 32}"]}}}}\n'
BROKEN = [
    "version: 1\nroutes: [",
    GOOD.replace("model: gpt-code", "model: claude"),
    GOOD + "rulez: []\n",
    GOOD.replace("${KEY:-}", "${KEY_THAT_IS_NOT_SET}"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pointsman.yaml"
    path.write_text(GOOD, "utf-8")
    return path


def test_the_version_is_the_digest_of_the_file(file: Path) -> None:
    live = Live.open(file, {})
    assert len(live.current.version) == 12
    file.write_text(GOOD + "# a comment\n", "utf-8")
    assert Live.open(file, {}).current.version != live.current.version


@pytest.mark.parametrize("text", BROKEN)
def test_there_is_no_start_without_a_good_config(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError):
        Live.open(file, {})


def test_broken_files_between_good_ones(file: Path) -> None:
    live = Live.open(file, {})
    for number, broken in enumerate(BROKEN):
        kept = live.current
        file.write_text(broken, "utf-8")
        assert live.reload() is False
        assert live.current is kept
        assert live.last_reload_ok is False
        assert live.error is not None
        first = live.error
        assert live.reload() is False  # the same broken bytes are not looked at again
        assert live.error is first
        file.write_text(GOOD + f"limits: {{inflight: {number + 1}}}\n", "utf-8")
        assert live.reload() is True
        assert live.current is not kept
        assert (kept.limits.inflight, live.current.limits.inflight) == (number or 4096, number + 1)
        assert live.last_reload_ok is True
        assert live.error is None
        assert live.reload() is False


def test_going_back_to_the_config_in_force_is_no_change_but_mends_the_error(file: Path) -> None:
    live = Live.open(file, {})
    kept = live.current
    file.write_text(BROKEN[0], "utf-8")
    live.reload()
    file.write_text(GOOD, "utf-8")
    assert live.reload() is False
    assert live.current is kept
    assert live.last_reload_ok is True


def test_a_file_that_is_gone_for_a_while(file: Path) -> None:
    live = Live.open(file, {})
    kept = live.current
    file.unlink()
    assert live.reload() is False
    assert live.last_reload_ok is False
    assert "cannot be read" in str(live.error)
    assert live.current is kept
    file.write_text(GOOD, "utf-8")
    live.reload()
    assert live.last_reload_ok is True


def test_what_is_refused_is_logged_without_values(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    live = Live.open(file, {"KEY": "do-not-print"})
    file.write_text(GOOD.replace("model: gpt-small", 'model: "${KEY}"'), "utf-8")
    live.reload()
    assert "routes.general.model: no model is called '${KEY}'" in caplog.text
    assert "do-not-print" not in caplog.text


def test_another_address_waits_for_a_restart(file: Path) -> None:
    live = Live.open(file, {})
    file.write_text(GOOD + "listen: {port: 5000}\nlimits: {inflight: 7}\n", "utf-8")
    assert live.reload() is True
    assert (live.current.host, live.current.port, live.current.limits.inflight) == ("127.0.0.1", 4000, 7)
    assert [str(warning) for warning in live.warnings] == [
        "listen: a change needs a restart; the old address stays in use until then"
    ]
    file.write_text(GOOD, "utf-8")
    assert live.reload() is True
    assert live.warnings == ()


def test_another_ledger_waits_for_a_restart(file: Path) -> None:
    live = Live.open(file, {"BOOKS": "postgresql://me:do-not-print@localhost/books"})
    file.write_text(GOOD + "ledger: {url: '${BOOKS}'}\n", "utf-8")
    assert live.reload() is True
    assert [str(warning) for warning in live.warnings] == [
        "ledger.url: a change needs a restart; the old ledger stays in use until then"
    ]
    assert "do-not-print" not in repr((live.current, live.config))


def test_a_ledger_that_is_no_url_is_refused_without_its_value(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    live = Live.open(file, {"BOOKS": "postgresql://me:do-not-print@localhost"})
    file.write_text(GOOD + "ledger: {url: '${BOOKS}'}\n", "utf-8")
    assert live.reload() is False
    assert "ledger.url: must name a user, a host and a database" in caplog.text
    assert "do-not-print" not in caplog.text


def test_the_last_team_key_cannot_be_taken_away_while_others_can_reach_it(file: Path) -> None:
    file.write_text(GOOD + KEYS + "listen: {host: 0.0.0.0}\n", "utf-8")
    live = Live.open(file, {})
    kept = live.current
    file.write_text(GOOD + "listen: {host: 127.0.0.1}\n", "utf-8")
    assert live.reload() is False
    assert live.current is kept
    assert "without team keys" in str(live.error)


def test_the_command_line_overrides_the_address_for_good(file: Path) -> None:
    file.write_text(GOOD + "listen: {host: 0.0.0.0}\n", "utf-8")
    live = Live.open(file, {}, host="127.0.0.1", port=0)
    file.write_text(GOOD + "listen: {host: 0.0.0.0, port: 5000}\nlimits: {inflight: 7}\n", "utf-8")
    assert live.reload() is True
    assert (live.current.host, live.current.port, live.warnings) == ("127.0.0.1", 0, ())
    with pytest.raises(ConfigError, match="without team keys"):
        Live.open(file, {}, host="0.0.0.0")
    with pytest.raises(ConfigError, match="--port: must be at most 65535, not '70000'"):
        Live.open(file, {}, port=70000)


def test_an_overlay_stays_through_reloads(file: Path) -> None:
    live = Live.open(file, {})
    version = live.current.version
    live.overlay(lambda config: overlay_simulator(config, "http://127.0.0.1:4010/v1"))
    assert live.current.version == version
    assert live.current.upstreams["openai"].base_url == "http://127.0.0.1:4010/v1"
    file.write_text(GOOD + "limits: {inflight: 7}\n", "utf-8")
    assert live.reload() is True
    assert live.current.upstreams["openai"].base_url == "http://127.0.0.1:4010/v1"
    assert live.current.limits.inflight == 7


async def watched(live: Live, *steps: str, folder: Path) -> list[Snapshot]:
    """Swap a symbolic link to one text after the other, as a ConfigMap does, and see what the watch reports."""
    seen: list[Snapshot] = []

    def listener(snapshot: Snapshot) -> None:
        seen.append(snapshot)
        raise RuntimeError("a listener that fails must not end the watch")

    task = asyncio.create_task(live.watch(0.005, listener))
    for number, text in enumerate(steps):
        before = (live.current, live.error)
        target = folder / f"data-{number}"
        target.mkdir()
        (target / "pointsman.yaml").write_text(text, "utf-8")
        os.symlink(target, folder / "next")
        os.replace(folder / "next", folder / "..data")
        async with asyncio.timeout(10):
            while (live.current, live.error) == before:  # noqa: ASYNC110 - the file is what is waited for
                await asyncio.sleep(0.005)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return seen


def test_the_watch_follows_a_swapped_link_and_survives(tmp_path: Path) -> None:
    first = tmp_path / "data-first"
    first.mkdir()
    (first / "pointsman.yaml").write_text(GOOD, "utf-8")
    os.symlink(first, tmp_path / "..data")
    live = Live.open(tmp_path / "..data" / "pointsman.yaml", {})
    good = [GOOD + f"limits: {{inflight: {number}}}\n" for number in (1, 2)]
    seen = asyncio.run(watched(live, good[0], BROKEN[1], good[1], folder=tmp_path))
    assert [snapshot.limits.inflight for snapshot in seen] == [1, 2]
    assert live.current is seen[-1]


def test_it_begins_with_what_it_is_given_and_goes_on_with_the_file(file: Path) -> None:
    """A worker that takes another's place must start while the file is broken."""
    file.write_text(BROKEN[0], "utf-8")
    live = Live(file, {}, data=GOOD.encode())
    assert live.data == GOOD.encode()
    assert live.last_reload_ok
    assert live.reload() is False
    assert not live.last_reload_ok
    file.write_text(GOOD + KEYS, "utf-8")
    assert asyncio.run(live.reread()) is True
    assert (live.data, live.last_reload_ok) == ((GOOD + KEYS).encode(), True)


def test_readings_at_once_end_with_the_newest(file: Path) -> None:
    live = Live.open(file, {})

    def write(number: int) -> None:
        fresh = file.with_suffix(".new")  # put in place whole: a reading never finds half a file
        fresh.write_text(GOOD + f"limits: {{inflight: {number}}}\n", "utf-8")
        fresh.replace(file)

    async def both() -> list[bool]:
        write(1)
        first = asyncio.create_task(live.reread())
        await asyncio.sleep(0)
        write(2)
        return [await first, await live.reread()]

    assert asyncio.run(both())[0] is True
    assert live.current.limits.inflight == 2
