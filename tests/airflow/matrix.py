"""Run tests/airflow on versions of Airflow, each in an environment of its own, kept below .crosswind/cache.

Usage: python tests/airflow/matrix.py [VERSION ...]        (default: every version with a lock in tests/airflow/locks)

An environment is made from its lock alone (uv, no resolution), and again only when the lock or the Python
changes. Crosswind is installed into it editable and without its dependencies, as on MWAA, which has them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS = Path(__file__).resolve().parent / "locks"
CACHE = ROOT / ".crosswind" / "cache" / "airflow-tests"
INSTALL_SECONDS, TEST_SECONDS = 900, 900


def main(versions: list[str]) -> int:
    """Test each version; 0 when all passed, 2 for a version without a lock."""
    known = sorted((lock.stem for lock in LOCKS.glob("*.txt")), key=lambda v: [int(part) for part in v.split(".")])
    if unknown := sorted(set(versions) - set(known)):
        say(f"no lock for Airflow {', '.join(unknown)}; there are: {', '.join(known)}")
        return 2
    failed = [version for version in versions or known if not passes(version)]
    return 1 if failed else 0


def passes(version: str) -> bool:
    """Run the tests on one version, and say how it went in one line (with the output of a failure)."""
    try:
        python = environment(version)
    except subprocess.CalledProcessError as error:
        say(f"Airflow {version}: the environment could not be made\n{error.stdout}")
        return False
    started = time.monotonic()
    command = [python, "-m", "pytest", "tests/airflow", "--confcutdir=tests/airflow", "-q", "-p", "no:cacheprovider"]
    try:
        run = subprocess.run(
            command,
            cwd=ROOT,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=TEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        say(f"Airflow {version}: not done after {TEST_SECONDS} s\n{(error.stdout or b'').decode()}")
        return False
    last = (run.stdout.strip().splitlines() or ["no output"])[-1].strip("= ")
    say(f"Airflow {version} ({provider(version)}): {last} [{time.monotonic() - started:.0f} s]")
    if run.returncode:
        say(run.stdout + run.stderr)
    return run.returncode == 0


def environment(version: str) -> Path:
    """The Python of a version's environment, made first when it is not there."""
    lock = LOCKS / f"{version}.txt"
    base = interpreter()
    key = hashlib.sha256(lock.read_bytes() + base.encode()).hexdigest()[:12]
    home = CACHE / f"{version}-{key}"
    python = home / "bin" / "python"
    if not python.exists():
        say(f"Airflow {version}: making its environment ...")
        made = CACHE / f".{version}-{os.getpid()}"
        uv("venv", "--relocatable", "--python", base, str(made))
        inside = ("--python", str(made / "bin" / "python"))
        uv("pip", "install", *inside, "--no-deps", "--compile-bytecode", "-r", str(lock))
        uv("pip", "install", *inside, "--no-deps", "--editable", str(ROOT))
        if home.exists():
            shutil.rmtree(made)  # another run was faster
        else:
            made.rename(home)
    return python


def interpreter() -> str:
    """MWAA's Python, 3.12, when the machine has it; else the one that runs this."""
    found = subprocess.run(
        [uv_program(), "python", "find", "--no-project", "--no-python-downloads", "3.12"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return found.stdout.strip() if found.returncode == 0 else sys.executable


def clean_environment() -> dict[str, str]:
    """This process's environment without what could lead a test to a real account, Airflow or proxy of pytest's."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "AIRFLOW_", "PYTEST_", "PYTHON"))
    }


def provider(version: str) -> str:
    """`amazon 9.34.0` from the lock."""
    for line in (LOCKS / f"{version}.txt").read_text().splitlines():
        if line.startswith("apache-airflow-providers-amazon"):
            return f"amazon {line.partition('==')[2].split()[0]}"
    return "amazon unknown"


def uv(*arguments: str) -> None:
    """Run uv; raises CalledProcessError, whose stdout holds all it said."""
    subprocess.run(
        [uv_program(), "--quiet", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALL_SECONDS,
        check=True,
    )


def uv_program() -> str:
    """The uv beside this Python, or the one on the path."""
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if not found:
        raise SystemExit("uv is missing; it comes with `uv sync --all-extras` or `pip install uv`")
    return found


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
