"""The Service `cloudformation`."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from crosswind.local.cloudformation.faults import not_offered
from crosswind.local.cloudformation.providers.contract import ClientMaker, Provider
from crosswind.local.cloudformation.providers.registry import all_providers
from crosswind.local.cloudformation.schema.catalogue import Catalogue
from crosswind.local.cloudformation.stacks.api import StackApi
from crosswind.local.cloudformation.stacks.blueprint import Inspector
from crosswind.local.cloudformation.stacks.operations import IdentityIssuer, Operations
from crosswind.local.cloudformation.stacks.store import StackStore
from crosswind.local.cloudformation.stacksets.api import StackSetApi
from crosswind.local.cloudformation.stacksets.operations import SetOperations
from crosswind.local.cloudformation.stacksets.store import StackSetStore
from crosswind.local.edge.call import Call, Handler
from crosswind.local.protocol import service_model

__all__ = ["CloudFormation"]


class CloudFormation:
    """CloudFormation for every account and Region of the world.

    Args:
        identities: gives the callers' and the roles' credentials.
        clients: boto3 clients that go through the edge.
        providers: the resource types on offer; all of them when not given.
        catalogue: AWS's resource schemas; cfn-lint's when not given.
    """

    name = "cloudformation"

    def __init__(
        self,
        identities: IdentityIssuer,
        clients: ClientMaker,
        *,
        providers: Mapping[str, Provider] | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        inspector = Inspector(all_providers() if providers is None else providers, catalogue or Catalogue())
        self._store = StackStore()
        self._closing = threading.Event()
        operations = Operations(self._store, identities, clients, inspector, threading.RLock())
        self._stacks = StackApi(self._store, operations, inspector, identities, clients)
        self._set_store = StackSetStore()
        self._sets = StackSetApi(
            self._set_store, SetOperations(identities, clients, self._closing), inspector, identities, clients
        )

    @cached_property
    def operations(self) -> Mapping[str, Handler]:
        """Every operation of the API; those that are not ours are refused, so that none is pretended."""
        names = service_model("cloudformation").operation_names
        return {**dict.fromkeys(names, _refuse), **self._stacks.handlers, **self._sets.handlers}

    def stack_arn(self, account: str, region: str, name: str) -> str:
        """The ARN of the stack that has this name now; empty when there is none."""
        stack = self._store.live(account, region, name)
        return stack.id if stack is not None else ""

    def stack_set_arn(self, account: str, region: str, name: str) -> str:
        """The ARN of the stack set that has this name now; empty when there is none."""
        found = self._set_store.live(account, region, name)
        return found.arn if found is not None else ""

    def stop(self) -> None:
        """End what is under way: resources that are waited for fail as cancelled. For the end of the world."""
        self._closing.set()
        self._store.interrupt_all()


def _refuse(call: Call) -> Mapping[str, Any]:
    raise not_offered(f"the CloudFormation operation {call.operation}")
