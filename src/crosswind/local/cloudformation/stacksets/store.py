"""Every StackSet of the world."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from crosswind.local.cloudformation.stacksets.model import StackSet
from crosswind.local.edge.call import ServiceError

__all__ = ["StackSetStore"]


class StackSetStore:
    """StackSets by the account and Region that administer them."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._sets: dict[tuple[str, str], list[StackSet]] = {}

    def add(self, stack_set: StackSet) -> None:
        """Keep a new one."""
        with self.lock:
            self._sets.setdefault((stack_set.account, stack_set.region), []).append(stack_set)

    def all(self, account: str, region: str) -> Sequence[StackSet]:
        """Every one of a place, deleted ones too."""
        with self.lock:
            return list(self._sets.get((account, region), []))

    def live(self, account: str, region: str, name_or_id: str) -> StackSet | None:
        """An active one by name, id or ARN."""
        for found in self.all(account, region):
            if found.status == "ACTIVE" and name_or_id in {found.name, found.id, found.arn}:
                return found
        return None

    def get(self, account: str, region: str, name_or_id: str) -> StackSet:
        """As `live`.

        Raises:
            ServiceError: `StackSetNotFoundException`.
        """
        found = self.live(account, region, name_or_id)
        if found is None:
            raise ServiceError("StackSetNotFoundException", f"StackSet {name_or_id} not found", 404)
        return found
