"""What holds for every test: in CI nothing may be skipped."""

import os

import pytest

RECORDINGS = "no recordings"
"""Begins the reason of tests that read recordings of clients, which lie beside the repository or nowhere."""


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run in CI that left something out: a test that cannot run there runs nowhere."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or reporter is None or exitstatus != pytest.ExitCode.OK:
        return
    left_out = [report for report in reporter.stats.get("skipped", []) if RECORDINGS not in str(report.longrepr)]
    if left_out:
        reporter.write_line(f"{len(left_out)} skipped in CI: that is a failure", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
