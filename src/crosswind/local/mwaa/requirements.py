"""requirements.txt as MWAA reads it, made to work in a folder of this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["AIRFLOW_ROOT", "Requirements", "local_packages", "read_requirements"]

AIRFLOW_ROOT = "/usr/local/airflow"
"""AIRFLOW_HOME on MWAA: dags, plugins and requirements lie below it."""


@dataclass(frozen=True)
class Requirements:
    """A requirements.txt, ready for the installer.

    Args:
        text: the file, with MWAA's paths replaced.
        own_constraints: whether it brings constraints of its own, so that MWAA's do not apply.
        empty: whether it asks for nothing.
    """

    text: str
    own_constraints: bool
    empty: bool


def read_requirements(content: bytes, plugins: Path, dags: Path) -> Requirements:
    """Read a requirements.txt.

    Args:
        content: the object as it lies in the bucket.
        plugins: where plugins.zip was unpacked; stands for `/usr/local/airflow/plugins`.
        dags: where the DAGs lie; stands for `/usr/local/airflow/dags`.

    Raises:
        ValueError: the file is not text, or names another folder below `/usr/local/airflow`.
    """
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"requirements.txt is not UTF-8 text: {error}") from error
    for name, folder in (("plugins", plugins), ("dags", dags)):
        text = re.sub(rf"{AIRFLOW_ROOT}/{name}(?=[/\s\"'#]|$)", str(folder), text, flags=re.MULTILINE)
    # Lines of which nothing is left once comments are gone must not fail the environment.
    active = [line.partition(" #")[0].strip() for line in text.splitlines() if not line.lstrip().startswith("#")]
    left = next((line for line in active if AIRFLOW_ROOT in line), None)
    if left:
        raise ValueError(
            f"requirements.txt names a folder that only MWAA's containers have: {left}; "
            f"{AIRFLOW_ROOT}/plugins and {AIRFLOW_ROOT}/dags are mapped"
        )
    # MWAA looks for the option in comments too: `# --constraint ` switches its constraints off.
    own = any(re.search(r"-c |--constraint ", line) for line in text.splitlines())
    return Requirements(text, own, not any(_asks(line) for line in active))


def local_packages(folder: Path) -> tuple[str, ...]:
    """The names of the packages whose wheels or archives lie in a folder.

    The installer remembers a wheel by its file name; these must be read anew, since a new plugins.zip may
    carry other content under the same version.
    """
    names = set()
    for path in folder.rglob("*"):
        if path.suffix == ".whl":
            names.add(path.name.split("-")[0].replace("_", "-").lower())
        elif path.name.endswith((".tar.gz", ".zip")) and "-" in path.name:
            names.add(path.name.rpartition("-")[0].replace("_", "-").lower())
    return tuple(sorted(names))


def _asks(line: str) -> bool:
    """Whether a line asks for a package (options alone do not)."""
    return bool(line) and (not line.startswith("-") or line.startswith(("-r", "--requirement", "-e", "--editable")))
