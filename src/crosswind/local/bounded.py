"""A file of lines that grows to a set size, and then keeps its newer half."""

from __future__ import annotations

from pathlib import Path

__all__ = ["BoundedLines"]


class BoundedLines:
    """A file of lines, made anew, which its owner alone may read. Not thread-safe.

    Whoever reads the path finds whole lines, also after a crash: the newer half is written beside the file and takes
    its place at once.

    Args:
        path: the file; its folder is made where there is none.
        largest: bytes. A single line that is longer is kept.
    """

    def __init__(self, path: Path, largest: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = path
        self._draft = path.with_name(f"{path.name}.new")
        self._largest = largest
        self._draft.unlink(missing_ok=True)
        self._file = path.open("wb")
        path.chmod(0o600)
        self._size = 0

    def append(self, line: str) -> None:
        """Write a line, which ends in a line break, through to the file."""
        data = line.encode()
        if self._size and self._size + len(data) > self._largest:
            self._halve(len(data))
        self._file.write(data)
        self._file.flush()
        self._size += len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _halve(self, coming: int) -> None:
        """Keep the newest lines that leave room for half of the file, and for what comes."""
        held = self._path.read_bytes()
        room = max(0, min(self._largest // 2, self._largest - coming))
        start = held.find(b"\n", len(held) - room - 1) + 1 if room < len(held) else 0
        kept = held[start:] if room else b""
        draft = self._draft.open("wb")
        self._draft.chmod(0o600)
        draft.write(kept)
        draft.flush()
        self._draft.replace(self._path)
        self._file.close()
        self._file, self._size = draft, len(kept)
