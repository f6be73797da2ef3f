"""Run tests/conformance with Apache Spark, in an environment of its own below .crosswind/cache.

Usage: python tests/conformance/spark.py [PYTEST ARGUMENT ...]

PySpark cannot share an environment with the Spark Connect client of the local world: both are `pyspark`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).resolve().parent / "requirements.txt"
CACHE = ROOT / ".crosswind" / "cache" / "conformance"
# AWS Glue 5.0's Python, and the newest for which Spark 3.5 is made.
PYTHON = "3.11"
INSTALL_SECONDS = 900


def main(arguments: list[str]) -> int:
    """Make the environment when there is none, and run the tests; pytest's exit code."""
    if not java():
        sys.stdout.write(f"no conformance run: {missing()}\n")
        return 0
    if not home().exists():
        sys.stdout.write("making an environment with PySpark (320 MB to download) ...\n")
        sys.stdout.flush()
        make()
    command = [sys.executable, "-m", "pytest", "tests/conformance", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def java() -> bool:
    """Whether there is a Java to run Spark."""
    return bool(shutil.which("java") or os.environ.get("JAVA_HOME"))


def missing() -> str:
    """Why there is no Spark here; empty when there is one."""
    if not java():
        return "Apache Spark needs Java 8, 11 or 17, and there is no `java` on the path"
    if not python().exists():
        return "there is no PySpark here: run `python tests/conformance/spark.py`"
    return ""


def python() -> Path:
    """The Python that has PySpark."""
    return home() / "bin" / "python"


def home() -> Path:
    """The environment's folder; another one when the requirements change."""
    return CACHE / hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]


def make() -> None:
    """Build the environment beside its place and move it there, so that a broken-off build is never used."""
    made = CACHE / f".{os.getpid()}"
    uv("venv", "--relocatable", "--no-python-downloads", "--python", PYTHON, str(made))
    uv("pip", "install", "--python", str(made / "bin" / "python"), "--no-deps", "-r", str(REQUIREMENTS))
    if home().exists():
        shutil.rmtree(made)  # another run was faster
    else:
        made.rename(home())


def uv(*arguments: str) -> None:
    """Run uv, quietly unless it fails."""
    program = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    subprocess.run([program, "--quiet", *arguments], cwd=ROOT, timeout=INSTALL_SECONDS, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
