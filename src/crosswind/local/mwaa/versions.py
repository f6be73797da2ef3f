"""The Airflow versions on offer: those whose constraints, as Amazon MWAA publishes them, are shipped here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

__all__ = ["Constraints", "constraints_of", "newest", "offered"]

MWAA_PYTHON = (3, 12)
"""The Python that MWAA runs under every Airflow 3."""

# Pins of the constraints that have no release for an older Python, by the first Python that can have them.
_NEEDS_PYTHON = {"numpy": (3, 12), "scipy": (3, 12)}

# What MWAA lets no requirements.txt override (etc/mwaa_essential_constraints.txt in AWS's image repository).
_ESSENTIAL = frozenset(
    {
        "apache-airflow",
        "apache-airflow-core",
        "apache-airflow-task-sdk",
        "billiard",
        "celery",
        "flask",
        "flask-appbuilder",
        "gevent",
        "greenlet",
        "gunicorn",
        "kombu",
        "sqlalchemy",
        "sqlalchemy-utils",
        "statsd",
        "vine",
        "watchtower",
    }
)


@dataclass(frozen=True)
class Constraints:
    """The pins of one Airflow version, for one Python.

    Args:
        version: the Airflow version.
        lines: `name==version`, in file order, without comments.
        dropped: the pins left out because this Python cannot have them.
    """

    version: str
    lines: tuple[str, ...]
    dropped: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The file for the installer."""
        return "\n".join((f"apache-airflow=={self.version}", *self.lines)) + "\n"

    @property
    def essential(self) -> str:
        """The pins that hold even where requirements bring constraints of their own."""
        kept = [line for line in self.lines if canonical(line.partition("==")[0]) in _ESSENTIAL]
        return "\n".join((f"apache-airflow=={self.version}", *kept)) + "\n"

    def pin(self, name: str) -> str:
        """The pinned version of a package; empty when there is no pin."""
        for line in self.lines:
            pinned, _, version = line.partition("==")
            if canonical(pinned) == canonical(name):
                return version
        return ""


def canonical(name: str) -> str:
    """A package name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def offered() -> tuple[str, ...]:
    """The Airflow versions on offer, oldest first."""
    folder = files(__package__) / "constraints"
    names = [entry.name.removesuffix(".txt") for entry in folder.iterdir() if entry.name.endswith(".txt")]
    return tuple(sorted(names, key=_order))


def newest() -> str:
    """The default, as on MWAA: the newest."""
    return offered()[-1]


def constraints_of(version: str, python: tuple[int, int] = MWAA_PYTHON) -> Constraints:
    """The constraints of an offered version, without those that `python` cannot have.

    Args:
        version: an offered version.
        python: major and minor of the interpreter that will be used.
    """
    text = (files(__package__) / "constraints" / f"{version}.txt").read_text(encoding="utf-8")
    kept: list[str] = []
    dropped: list[str] = []
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        needs = _NEEDS_PYTHON.get(canonical(line.partition("==")[0]), (0, 0))
        (dropped if python < needs else kept).append(line)
    return Constraints(version, tuple(kept), tuple(dropped))


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
