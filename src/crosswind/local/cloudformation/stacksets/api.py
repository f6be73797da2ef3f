"""The StackSet operations of the CloudFormation API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.local.cloudformation.faults import invalid
from crosswind.local.cloudformation.providers.contract import ClientMaker
from crosswind.local.cloudformation.stacks.blueprint import Inspector
from crosswind.local.cloudformation.stacks.operations import IdentityIssuer
from crosswind.local.cloudformation.stacks.templates import template_text
from crosswind.local.cloudformation.stacksets.model import Instance, SetOperation, StackSet
from crosswind.local.cloudformation.stacksets.operations import SetOperations
from crosswind.local.cloudformation.stacksets.requests import (
    overrides_of,
    refuse_foreign,
    set_settings,
    targets_of,
)
from crosswind.local.cloudformation.stacksets.shapes import (
    described_instance,
    described_operation,
    described_result,
    described_set,
    summarised_set,
)
from crosswind.local.cloudformation.stacksets.store import StackSetStore
from crosswind.local.edge.call import Call, Handler, ServiceError

__all__ = ["StackSetApi"]

Output = Mapping[str, Any]


class StackSetApi:
    """Handlers for self-managed StackSets.

    Args:
        store: every StackSet.
        operations: starts what changes stack instances.
        inspector: checks templates.
        identities: the caller's credentials.
        clients: AWS, through the edge.
    """

    def __init__(
        self,
        store: StackSetStore,
        operations: SetOperations,
        inspector: Inspector,
        identities: IdentityIssuer,
        clients: ClientMaker,
    ) -> None:
        self._store = store
        self._operations = operations
        self._inspector = inspector
        self._identities = identities
        self._clients = clients

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By operation."""
        return {
            "CreateStackInstances": self.create_stack_instances,
            "CreateStackSet": self.create_stack_set,
            "DeleteStackInstances": self.delete_stack_instances,
            "DeleteStackSet": self.delete_stack_set,
            "DescribeStackInstance": self.describe_stack_instance,
            "DescribeStackSet": self.describe_stack_set,
            "DescribeStackSetOperation": self.describe_stack_set_operation,
            "ListStackInstances": self.list_stack_instances,
            "ListStackSetOperationResults": self.list_stack_set_operation_results,
            "ListStackSetOperations": self.list_stack_set_operations,
            "ListStackSets": self.list_stack_sets,
            "StopStackSetOperation": self.stop_stack_set_operation,
            "UpdateStackInstances": self.update_stack_instances,
            "UpdateStackSet": self.update_stack_set,
        }

    def create_stack_set(self, call: Call) -> Output:
        """CreateStackSet; the same ClientRequestToken gives the same StackSet."""
        place = (call.account, call.region)
        settings = set_settings(call.parameters, self._text(call), self._inspector, place, None)
        name, token = str(call.parameters["StackSetName"]), str(call.parameters.get("ClientRequestToken", ""))
        with self._store.lock:
            present = self._store.live(*place, name)
            if present is not None:
                if token and present.token == token:
                    return {"StackSetId": present.id}
                raise ServiceError("NameAlreadyExistsException", f"The specified name is already in use: {name}", 409)
            made = StackSet(*place, name, settings, token)
            self._store.add(made)
        return {"StackSetId": made.id}

    def update_stack_set(self, call: Call) -> Output:
        """UpdateStackSet: new settings for the StackSet, then an update of the instances named, or of all."""
        stack_set, text = self._set(call), self._text(call)
        with stack_set.lock:
            before = stack_set.settings
            settings = set_settings(call.parameters, text, self._inspector, (call.account, call.region), stack_set)
            narrowed = call.parameters.get("Accounts") or call.parameters.get("DeploymentTargets")
            targets = targets_of(call.parameters) if narrowed else list(stack_set.instances)
            self._known(stack_set, targets)
            stack_set.settings = settings
            try:
                operation = self._begin(stack_set, "UPDATE", call)
            except ServiceError:
                stack_set.settings = before
                raise
            for target, instance in stack_set.instances.items():
                instance.status = "OUTDATED"
                if target in targets:
                    instance.detailed = "PENDING"
            self._operations.run(stack_set, operation, targets)
        return {"OperationId": operation.id}

    def create_stack_instances(self, call: Call) -> Output:
        """CreateStackInstances; an instance that exists is updated, as on AWS."""
        stack_set, targets = self._set(call), targets_of(call.parameters)
        with stack_set.lock:
            overrides = {
                target: overrides_of(call.parameters, stack_set.settings, self._overrides(stack_set, target))
                for target in targets
            }
            operation = self._begin(stack_set, "CREATE", call)
            for target in targets:
                instance = stack_set.instances.setdefault(target, Instance(*target))
                instance.overrides = overrides[target]
                instance.status, instance.detailed = "OUTDATED", "PENDING"
            self._operations.run(stack_set, operation, targets)
        return {"OperationId": operation.id}

    def update_stack_instances(self, call: Call) -> Output:
        """UpdateStackInstances."""
        stack_set, targets = self._set(call), targets_of(call.parameters)
        with stack_set.lock:
            self._known(stack_set, targets)
            overrides = {
                target: overrides_of(call.parameters, stack_set.settings, self._overrides(stack_set, target))
                for target in targets
            }
            operation = self._begin(stack_set, "UPDATE", call)
            for target in targets:
                instance = stack_set.instances[target]
                instance.overrides = overrides[target]
                instance.status, instance.detailed = "OUTDATED", "PENDING"
            self._operations.run(stack_set, operation, targets)
        return {"OperationId": operation.id}

    def delete_stack_instances(self, call: Call) -> Output:
        """DeleteStackInstances; with RetainStacks the stacks stay."""
        stack_set, targets = self._set(call), targets_of(call.parameters)
        with stack_set.lock:
            retain = bool(call.parameters["RetainStacks"])
            operation = self._begin(stack_set, "DELETE", call, retain=retain)
            self._operations.run(stack_set, operation, targets)
        return {"OperationId": operation.id}

    def delete_stack_set(self, call: Call) -> Output:
        """DeleteStackSet, which must be empty."""
        refuse_foreign(call.parameters)
        stack_set = self._store.live(call.account, call.region, str(call.parameters["StackSetName"]))
        if stack_set is None:
            return {}
        with stack_set.lock:
            running = stack_set.running
            if running is not None:
                raise ServiceError(
                    "OperationInProgressException",
                    f"Another Operation on StackSet {stack_set.arn} is in progress: {running.id}",
                    409,
                )
            if stack_set.instances:
                raise ServiceError("StackSetNotEmptyException", "StackSet is not empty", 409)
            stack_set.status = "DELETED"
        return {}

    def describe_stack_set(self, call: Call) -> Output:
        """DescribeStackSet."""
        return {"StackSet": described_set(self._set(call))}

    def list_stack_sets(self, call: Call) -> Output:
        """ListStackSets."""
        refuse_foreign(call.parameters)
        wanted = call.parameters.get("Status")
        found = self._store.all(call.account, call.region)
        return {"Summaries": [summarised_set(item) for item in found if wanted in (None, item.status)]}

    def list_stack_instances(self, call: Call) -> Output:
        """ListStackInstances, by account and Region where given."""
        stack_set = self._set(call)
        account, region = call.parameters.get("StackInstanceAccount"), call.parameters.get("StackInstanceRegion")
        with stack_set.lock:
            return {
                "Summaries": [
                    described_instance(stack_set, item, whole=False)
                    for item in stack_set.instances.values()
                    if account in (None, item.account) and region in (None, item.region)
                ]
            }

    def describe_stack_instance(self, call: Call) -> Output:
        """DescribeStackInstance."""
        stack_set = self._set(call)
        target = (str(call.parameters["StackInstanceAccount"]), str(call.parameters["StackInstanceRegion"]))
        with stack_set.lock:
            self._known(stack_set, [target])
            return {"StackInstance": described_instance(stack_set, stack_set.instances[target], whole=True)}

    def describe_stack_set_operation(self, call: Call) -> Output:
        """DescribeStackSetOperation."""
        stack_set = self._set(call)
        return {"StackSetOperation": described_operation(stack_set, self._operation(stack_set, call), whole=True)}

    def list_stack_set_operations(self, call: Call) -> Output:
        """ListStackSetOperations, newest first."""
        stack_set = self._set(call)
        operations = list(reversed(stack_set.operations.values()))
        return {"Summaries": [described_operation(stack_set, item, whole=False) for item in operations]}

    def list_stack_set_operation_results(self, call: Call) -> Output:
        """ListStackSetOperationResults."""
        stack_set = self._set(call)
        operation = self._operation(stack_set, call)
        with stack_set.lock:
            return {"Summaries": [described_result(result) for result in operation.results.values()]}

    def stop_stack_set_operation(self, call: Call) -> Output:
        """StopStackSetOperation: what runs is finished, what waits is cancelled."""
        stack_set = self._set(call)
        operation = self._operation(stack_set, call)
        with stack_set.lock:
            if operation.status != "RUNNING":
                raise ServiceError("InvalidOperationException", f"Operation {operation.id} is not running", 400)
            operation.status = "STOPPING"
        return {}

    def _begin(self, stack_set: StackSet, action: str, call: Call, *, retain: bool = False) -> SetOperation:
        return self._operations.begin(
            stack_set,
            action,
            str(call.parameters.get("OperationId", "")),
            call.parameters.get("OperationPreferences", {}),
            retain=retain,
        )

    def _overrides(self, stack_set: StackSet, target: tuple[str, str]) -> Mapping[str, str]:
        instance = stack_set.instances.get(target)
        return instance.overrides if instance else {}

    def _known(self, stack_set: StackSet, targets: list[tuple[str, str]]) -> None:
        for account, region in targets:
            if (account, region) not in stack_set.instances:
                raise ServiceError(
                    "StackInstanceNotFoundException",
                    f"Stack instance not found for StackSet {stack_set.name}, account {account}, Region {region}",
                    404,
                )

    def _operation(self, stack_set: StackSet, call: Call) -> SetOperation:
        wanted = str(call.parameters["OperationId"])
        if wanted not in stack_set.operations:
            raise ServiceError("OperationNotFoundException", f"Operation {wanted} not found", 404)
        return stack_set.operations[wanted]

    def _set(self, call: Call) -> StackSet:
        refuse_foreign(call.parameters)
        return self._store.get(call.account, call.region, str(call.parameters["StackSetName"]))

    def _text(self, call: Call) -> str | None:
        if call.parameters.get("UsePreviousTemplate") and (
            call.parameters.get("TemplateBody") or call.parameters.get("TemplateURL")
        ):
            raise invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL.")
        credentials = self._identities.forwarded(call.principal, "cloudformation")
        return template_text(call.parameters, self._clients, call.region, credentials)
