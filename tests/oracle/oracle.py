"""The independent engine: installed with npm into an ignored folder, asked through a pipe."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Oracle", "OracleMissingError", "install"]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ADAPTER = HERE / "adapter.mjs"
PINS = (HERE / "package.json", HERE / "package-lock.json")
INSTALL_SECONDS = 300
Case = dict[str, Any]


class OracleMissingError(Exception):
    """The engine cannot be had here; the text says why."""


def install() -> Path:
    """The folder that holds the engine's node_modules; npm fills it the first time.

    Raises:
        OracleMissingError: there is no node or no npm, or npm could not install.
    """
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise OracleMissingError(f"there is no `{program}` on the path")
    digest = hashlib.sha256(b"".join(pin.read_bytes() for pin in PINS)).hexdigest()[:12]
    folder = ROOT / ".crosswind" / "cache" / "oracle" / digest
    done = folder / ".installed"
    if done.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for pin in PINS:
        shutil.copy(pin, folder / pin.name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise OracleMissingError(f"npm did not install the engine within {INSTALL_SECONDS} s") from None
    if run.returncode:
        raise OracleMissingError(f"npm could not install the engine:\n{run.stderr.strip()[-1000:]}")
    done.touch()
    return folder


class Oracle:
    """The engine in a process of its own. A context manager.

    Args:
        folder: what `install` returned.
        mode: `core` (no look-up of actions and context keys) or `public` (the package's documented entry).
    """

    def __init__(self, folder: Path, mode: str = "core") -> None:
        command = ["node", str(ADAPTER), str(folder), mode]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)

    def ask(self, case: Case) -> str:
        """The decision on one case: `Allow`, `ExplicitDeny`, `ImplicitDeny`, or `Error: ...`."""
        self._write([case])
        return self._read()

    def begin(self, cases: Sequence[Case]) -> threading.Thread:
        """Hand over cases without waiting; `answers` takes the decisions."""
        writer = threading.Thread(target=self._write, args=(cases,), daemon=True)
        writer.start()
        return writer

    def answers(self, count: int) -> list[str]:
        """The decisions on the cases handed over, in their order."""
        return [self._read() for _ in range(count)]

    def measure(self, cases: Sequence[Case], rounds: int) -> tuple[float, list[str]]:
        """Seconds that the engine takes to decide all cases `rounds` times (parsing included), and its decisions."""
        self._write([{"rounds": rounds, "cases": list(cases)}])
        answer = json.loads(self._line())
        return answer["seconds"], [_word(each) for each in answer["answers"]]

    def _write(self, lines: Iterable[Case]) -> None:
        assert self._process.stdin
        self._process.stdin.write("".join(json.dumps(line) + "\n" for line in lines))
        self._process.stdin.flush()

    def _read(self) -> str:
        return _word(json.loads(self._line()))

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise OracleMissingError(f"the engine ended with status {self._process.wait(10)}")
        return line


def _word(answer: dict[str, Any]) -> str:
    return str(answer["decision"]) if "decision" in answer else f"Error: {answer['error']}"
