"""The "image" of an Airflow version: a base environment in the cache, made once, copied for each build.

The base holds what MWAA's image holds and the local world needs: Airflow, the Amazon and the standard
provider, each as MWAA's constraints pin it. Two worlds may share the cache: one makes the base, the other
waits.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crosswind.local.mwaa.interpreter import Interpreter
from crosswind.local.mwaa.versions import Constraints

__all__ = ["Image", "InstallError", "Installer", "link_tree", "python_of"]

_READY = ".crosswind-ready"
_RECIPE = "2"  # raise when the way in which a base is made changes: older bases are then not taken

Say = Callable[[str], None]


class InstallError(Exception):
    """The installer failed; the message ends with what it said."""


@dataclass(frozen=True)
class Image:
    """A base that is ready.

    Args:
        folder: the virtual environment.
        python: the interpreter that it was made with.
        constraints: the pins that it follows.
    """

    folder: Path
    python: Interpreter
    constraints: Constraints


class Installer:
    """uv, run as a module of the world's own Python, with a cache of its own.

    Args:
        cache: the cache folder, shared by worlds.
        seconds: how long one installation may take; MWAA gives requirements nine minutes.
    """

    def __init__(self, cache: Path, seconds: float = 540) -> None:
        self._cache = cache.resolve()
        self._seconds = seconds
        self._lock = threading.Lock()
        self._stopped = False
        self._running: set[subprocess.Popen[str]] = set()

    def stop(self) -> None:
        """End installations that run, and start no other; they fail with InstallError."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            process.kill()

    def image(self, constraints: Constraints, python: Interpreter, say: Say) -> Image:
        """The base for these constraints and this Python; made when the cache has none.

        Raises:
            InstallError: it cannot be made.
        """
        key = hashlib.sha256(f"{_RECIPE}\n{python.path}\n{python.text}\n{constraints.text}".encode()).hexdigest()
        folder = self._cache / f"{constraints.version}-py{python.minor[0]}{python.minor[1]}-{key[:12]}"
        if not (folder / _READY).exists():
            self._cache.mkdir(parents=True, exist_ok=True)
            with _locked(folder.with_name(f"{folder.name}.lock")):
                if not (folder / _READY).exists():
                    say(f"making the base environment of Airflow {constraints.version}, Python {python.text}")
                    self._make(folder, constraints, python, say)
        return Image(folder, python, constraints)

    def install(self, venv: Path, arguments: Sequence[str], say: Say) -> None:
        """`uv pip install` into a virtual environment; raises InstallError with the installer's message."""
        self._uv(["pip", "install", "--python", str(python_of(venv)), "--compile-bytecode", *arguments], say)

    def _make(self, folder: Path, constraints: Constraints, python: Interpreter, say: Say) -> None:
        draft = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}")
        try:
            # Relocatable: made under another name than it will have, and copied from there.
            self._uv(["venv", "--quiet", "--relocatable", "--python", str(python.path), str(draft)], say)
            pins = draft / "constraints.txt"
            pins.write_text(constraints.text)
            wanted = [
                f"apache-airflow=={constraints.version}",
                "apache-airflow-providers-amazon[aiobotocore]",
                "apache-airflow-providers-standard",
            ]
            self.install(draft, ["--constraint", str(pins), *wanted], say)
            (draft / _READY).touch()
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _uv(self, arguments: Sequence[str], say: Say) -> None:
        environment = {name: value for name, value in os.environ.items() if _passes(name)}
        environment.setdefault("UV_CACHE_DIR", str(self._cache / "uv"))
        environment |= {"UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never"}
        with self._lock:
            if self._stopped:
                raise InstallError("the world is stopping")
            process = subprocess.Popen(
                [sys.executable, "-m", "uv", *arguments],
                env=environment,
                cwd="/",  # no project above it, whose settings uv would take
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            self._running.add(process)
        try:
            output, _ = process.communicate(timeout=self._seconds)
        except subprocess.TimeoutExpired as error:
            raise InstallError(f"the installation did not end within {self._seconds:.0f} s") from error
        finally:
            process.kill()
            process.wait()
            with self._lock:
                self._running.discard(process)
        for line in output.splitlines():
            say(line)
        if process.returncode:
            raise InstallError(output.strip()[-4000:] or f"uv ended with {process.returncode}")


def python_of(venv: Path) -> Path:
    """The interpreter of a virtual environment."""
    return venv / "bin" / "python"


def link_tree(source: Path, target: Path) -> None:
    """Copy a virtual environment by hard links; by content where the file systems differ.

    Installers replace files and never write into them, so a link is as good as a copy and takes no space.
    """
    link: Callable[[str, str], None] = os.link
    for folder, folders, names in os.walk(source):
        here = target / os.path.relpath(folder, source)
        here.mkdir(parents=True, exist_ok=True)
        for name in list(folders):
            if os.path.islink(os.path.join(folder, name)):
                os.symlink(os.readlink(os.path.join(folder, name)), here / name)
        for name in names:
            origin, copy = os.path.join(folder, name), str(here / name)
            if os.path.islink(origin):
                os.symlink(os.readlink(origin), copy)
                continue
            try:
                link(origin, copy)
            except OSError:
                link = _copy
                _copy(origin, copy)


def _copy(origin: str, copy: str) -> None:
    shutil.copy2(origin, copy)


def _passes(name: str) -> bool:
    """Whether a variable of this process is for the installer: indexes and proxies yes, AWS keys no."""
    return not name.startswith(("AWS_", "AIRFLOW", "VIRTUAL_ENV", "PYTHON", "UV_PROJECT"))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file, also against other processes."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)
