"""Every stack of the world."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from crosswind.local.cloudformation.faults import invalid
from crosswind.local.cloudformation.stacks.model import Stack

__all__ = ["StackStore"]

Place = tuple[str, str]


class StackStore:
    """Stacks by account, then Region; deleted ones are kept and are found by their id alone."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stacks: dict[Place, list[Stack]] = {}

    def add(self, stack: Stack) -> None:
        """Keep a new stack."""
        with self._lock:
            self._stacks.setdefault((stack.account, stack.region), []).append(stack)

    def all(self, account: str, region: str) -> Sequence[Stack]:
        """Every stack of a place, newest first, deleted ones too."""
        with self._lock:
            return list(reversed(self._stacks.get((account, region), [])))

    def live(self, account: str, region: str, name_or_id: str) -> Stack | None:
        """A stack by its name (never a deleted one) or by its id."""
        for stack in self.all(account, region):
            if name_or_id == stack.id or (name_or_id == stack.name and stack.status != "DELETE_COMPLETE"):
                return stack
        return None

    def get(self, account: str, region: str, name_or_id: str) -> Stack:
        """As `live`.

        Raises:
            ServiceError: `ValidationError` when there is none.
        """
        stack = self.live(account, region, name_or_id)
        if stack is None:
            raise invalid(f"Stack with id {name_or_id} does not exist")
        return stack

    def exports(self, account: str, region: str) -> dict[str, tuple[str, str]]:
        """Export name -> (id of the exporting stack, value)."""
        found: dict[str, tuple[str, str]] = {}
        for stack in self.all(account, region):
            with stack.lock:
                if stack.status != "DELETE_COMPLETE":
                    found |= {out.export: (stack.id, out.value) for out in stack.outputs if out.export}
        return found

    def importers(self, account: str, region: str, export: str, but: Stack) -> list[str]:
        """Names of the other stacks that import an export."""
        return [
            stack.name
            for stack in self.all(account, region)
            if stack is not but and stack.status != "DELETE_COMPLETE" and export in stack.imports
        ]

    def interrupt_all(self) -> None:
        """End every operation under way early."""
        with self._lock:
            stacks = [stack for place in self._stacks.values() for stack in place]
        for stack in stacks:
            stack.interrupt.set()
