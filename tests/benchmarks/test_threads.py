"""The benchmark of many threads, with few: nothing is lost, a thread stays below 4 KB, and the page says what was found."""

from pathlib import Path

from benchmarks import threads


def test_a_few_hundred_threads(tmp_path: Path) -> None:
    page = tmp_path / "threads.md"
    assert threads.main(["--count", "400", "--asked", "100", "--page", str(page)]) == 0
    text = page.read_text("utf-8")
    assert "remembers 400 threads" in text
    assert "0 were lost" in text
    assert text.count(" µs |") == 8


def test_an_idle_thread_takes_less_than_four_kilobytes(tmp_path: Path) -> None:
    found = threads.fill(tmp_path, 2_000)
    assert found["lost"] == 0
    assert found["bytes_a_thread"] <= 4096
