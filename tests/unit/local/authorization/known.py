"""The golden file of known operations: `python -m tests.unit.local.authorization.known` writes it anew.

One line a service: how many of botocore's operations have known needs, and the names of those that are refused. The
difference is for a person to review: an operation that is newly known must be known truly.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from crosswind.local.authorization.needs import Needs
from crosswind.local.authorization.tables import MODULES
from crosswind.local.protocol import service_model
from tests.unit.local.authorization.world import FakeFacts

__all__ = ["FILE", "told"]

FILE = Path(__file__).parent / "known_operations.txt"


def told() -> str:
    """The text of the golden file."""
    needs = Needs(FakeFacts())
    lines = []
    known = all_of_them = 0
    for service in sorted(MODULES):
        operations = sorted(service_model(service).operation_names)
        refused = [name for name in operations if not needs.knows(service, name)]
        known += len(operations) - len(refused)
        all_of_them += len(operations)
        lines.append(f"{service}: {len(operations) - len(refused)} of {len(operations)}")
        lines += textwrap.wrap(" ".join(refused), 116, initial_indent="    ", subsequent_indent="    ")
    return "\n".join([f"{known} of {all_of_them} operations have known needs; refused are:", "", *lines, ""])


if __name__ == "__main__":
    FILE.write_text(told())
