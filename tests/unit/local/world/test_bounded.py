"""A file of lines that keeps its newer half once it is full."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosswind.local.bounded import BoundedLines


def test_a_full_file_keeps_its_newer_half(tmp_path: Path) -> None:
    path = tmp_path / "state" / "lines"
    lines = BoundedLines(path, largest=100)
    written = [f"line {number:04}\n" for number in range(50)]
    for count, line in enumerate(written, 1):
        lines.append(line)
        kept = path.read_text().splitlines(keepends=True)
        assert kept == written[count - len(kept) : count], "the newest, whole, and all that lie between"
        assert min(count, 5) <= len(kept) <= 10
        assert path.stat().st_mode & 0o077 == 0
    lines.close()
    assert [one.name for one in path.parent.iterdir()] == ["lines"]


def test_a_line_longer_than_the_file_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = BoundedLines(path, largest=10)
    for line in ("short\n", f"{'long' * 10}\n", "after\n"):
        lines.append(line)
        assert path.read_text().endswith(line)
    lines.close()
    assert path.read_text() == "after\n"


def test_a_crash_while_it_is_halved_leaves_all_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines"
    lines = BoundedLines(path, largest=20)
    lines.append("first line\n")

    def crash(*_: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", crash)
        with pytest.raises(OSError, match="power"):
            lines.append("second line\n")
    assert path.read_text() == "first line\n"
    lines.append("third line\n")
    assert path.read_text().endswith("third line\n")
    lines.close()
    BoundedLines(path, largest=20).close()
    assert [one.name for one in tmp_path.iterdir()] == ["lines"], "a draft that a crash left is taken away"
