"""Which Python an environment gets: 3.12, as on MWAA, when this machine has one; else the world's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crosswind.local.mwaa.versions import MWAA_PYTHON

__all__ = ["Interpreter", "find_interpreter"]

_ASK = "import sys; print(*sys.version_info[:3])"


@dataclass(frozen=True)
class Interpreter:
    """A Python that exists here.

    Args:
        path: the executable.
        version: major, minor, micro.
    """

    path: Path
    version: tuple[int, int, int]

    @property
    def minor(self) -> tuple[int, int]:
        """Major and minor, such as (3, 12)."""
        return self.version[:2]

    @property
    def text(self) -> str:
        """The version, such as `3.12.1`."""
        return ".".join(map(str, self.version))


def find_interpreter() -> Interpreter:
    """Python 3.12 among the interpreters of this machine, else the one that runs this; none is downloaded."""
    for candidate in _candidates():
        found = _ask(candidate)
        if found and found.minor == MWAA_PYTHON:
            return found
    own = Path(getattr(sys, "_base_executable", "") or sys.executable)
    return Interpreter(own, sys.version_info[:3])


def _candidates() -> Iterator[Path]:
    if sys.version_info[:2] == MWAA_PYTHON:
        yield Path(getattr(sys, "_base_executable", "") or sys.executable)
    name = f"python{MWAA_PYTHON[0]}.{MWAA_PYTHON[1]}"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = Path(folder) / name
        if path.is_file() and os.access(path, os.X_OK):
            yield path
    # Where pyenv and uv keep interpreters that are installed but not on the PATH.
    home = Path.home()
    short = f"{MWAA_PYTHON[0]}.{MWAA_PYTHON[1]}"
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions"
    yield from sorted(pyenv.glob(f"{short}.*/bin/{name}"), reverse=True)
    managed = Path(os.environ.get("XDG_DATA_HOME", home / ".local" / "share")) / "uv" / "python"
    yield from sorted(managed.glob(f"cpython-{short}*/bin/{name}"), reverse=True)


def _ask(path: Path) -> Interpreter | None:
    """The version of an executable; None when it does not run (pyenv's shims of versions that are off)."""
    try:
        done = subprocess.run([str(path), "-I", "-c", _ASK], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor, micro = (int(part) for part in done.stdout.split()[:3])
    return Interpreter(path, (major, minor, micro))
