"""What every flow works with."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from crosswind.local.cloudformation.providers.contract import ClientMaker, Provider
from crosswind.local.cloudformation.schema.catalogue import Catalogue
from crosswind.local.cloudformation.stacks.model import Stack
from crosswind.local.cloudformation.stacks.store import StackStore
from crosswind.local.cloudformation.stacks.work import ResourceWork
from crosswind.local.edge.call import Credentials

__all__ = ["Scene"]


@dataclass(frozen=True)
class Scene:
    """One operation on one stack, with the rights it has."""

    stack: Stack
    store: StackStore
    providers: Mapping[str, Provider]
    catalogue: Catalogue
    clients: ClientMaker
    credentials: Credentials

    def work(self, halt: threading.Event) -> ResourceWork:
        """The worker for one phase, which ends early when `halt` is set."""
        return ResourceWork(self.stack, self.providers, self.catalogue, self.clients, self.credentials, halt)
