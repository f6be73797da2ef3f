"""What a running step does to a self-managed StackSet and its instances.

Roles and instance states: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html. An
operation is asynchronous, one at a time; its own failure says little, so the stack behind is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from crosswind.aws import translated
from crosswind.deploy.observe import ObservedStackSet, read_stackset
from crosswind.deploy.stacks import StackEvents, Working, parameters_of, same_stack, tags
from crosswind.deploy.steps import ApplyStackSet, DeleteStackSet, Instance
from crosswind.errors import ConflictError, Place, StackError

__all__ = ["apply_stackset", "delete_stackset"]

_TRIES = 4
_ROLES_NOT_SEEN = ("role with trust relationship to Role", "is not authorized to perform: sts:AssumeRole")


def apply_stackset(
    step: ApplyStackSet, parameters: Mapping[str, str], working: Working
) -> tuple[str, Mapping[str, str]]:
    """Bring a StackSet and its instances to the template and parameters.

    Returns:
        What was done, and the outputs of its instances (of the last one, when two have the same key).

    Raises:
        StackError: an instance ended in a failed state.
    """
    operations = _Operations(step, working)
    found = operations.read()
    done = "unchanged"
    if found is None:
        operations.create(step, parameters)
        found, done = ObservedStackSet(), "created"
    broken = [where for where, it in found.instances.items() if it.status != "CURRENT"]
    if broken:
        # CreateStackInstances takes no instance that exists, and an update leaves one whose stack never
        # came up in ROLLBACK_COMPLETE; made anew, both are out of question.
        working.say(f"instances that are not CURRENT are made anew: {_where(broken)}")
        operations.delete_instances(broken)
    missing = [where for where in step.instances if where not in found.instances or where in broken]
    if done != "created" and not same_stack(step.template, parameters, found.template, found.parameters):
        operations.update(step, parameters, [where for where in step.instances if where not in missing])
        done = "updated"
    if missing:
        _create_when_roles_are_seen(operations, missing, working)
        done = "created" if done == "created" else "updated"
    last = operations.read() or found
    return done, {key: value for where in step.instances for key, value in last.instances[where].outputs.items()}


def _create_when_roles_are_seen(operations: _Operations, instances: Sequence[Instance], working: Working) -> None:
    """Create instances, again while IAM has not yet told every place of roles that were made a moment ago.

    hashicorp/terraform-provider-aws#15165 and cdklabs/cdk-stacksets#438 show the failure and its words.
    """
    for _ in range(_TRIES - 1):
        try:
            return operations.create_instances(instances)
        except StackError as error:
            if not any(words in error.message for words in _ROLES_NOT_SEEN):
                raise
            working.say(f"the StackSet's roles are not known everywhere yet: {error.message}")
        working.wait.pause_long(f"the roles of {instances}")
        operations.delete_instances(instances)
    return operations.create_instances(instances)


def delete_stackset(step: DeleteStackSet, working: Working) -> str:
    """Delete the instances with their stacks, then the StackSet; one that is not there is fine."""
    operations = _Operations(step, working)
    found = operations.read()
    if found is None:
        return "not there"
    if found.instances:
        operations.delete_instances(list(found.instances))
    operations.delete()
    return "deleted"


class _Operations:
    """The calls on one StackSet; each waits until its operation ends."""

    def __init__(self, step: ApplyStackSet | DeleteStackSet, working: Working) -> None:
        self._account, self._region, self._name = step.account, step.region, step.stackset
        self._working = working
        self._client = working.sessions.client("cloudformation", step.account, step.region)

    def read(self) -> ObservedStackSet | None:
        """The StackSet as it is."""
        return read_stackset(self._working.sessions, self._account, self._region, self._name)

    def create(self, step: ApplyStackSet, parameters: Mapping[str, str]) -> None:
        """Create the StackSet, without instances; it takes no time."""
        self._call("create", lambda: self._client.create_stack_set(**self._request(step, parameters)))

    def update(self, step: ApplyStackSet, parameters: Mapping[str, str], instances: Sequence[Instance]) -> None:
        """Update the StackSet, and with it all its instances."""
        request = self._request(step, parameters)
        self._run("update", lambda: self._client.update_stack_set(**request), instances)

    def create_instances(self, instances: Sequence[Instance]) -> None:
        """Create instances, one operation an account."""
        for account, regions in _by_account(instances).items():
            request = {"StackSetName": self._name, "Accounts": [account], "Regions": regions}
            self._run(
                "create instances of",
                partial(self._client.create_stack_instances, **request),
                [(account, region) for region in regions],
            )

    def delete_instances(self, instances: Sequence[Instance]) -> None:
        """Delete instances and their stacks, one operation an account."""
        for account, regions in _by_account(instances).items():
            request = {
                "StackSetName": self._name,
                "Accounts": [account],
                "Regions": regions,
                "RetainStacks": False,
            }
            self._run(
                "delete instances of",
                partial(self._client.delete_stack_instances, **request),
                [(account, region) for region in regions],
            )

    def delete(self) -> None:
        """Delete the StackSet, which has no instances any more."""
        self._call("delete", lambda: self._client.delete_stack_set(StackSetName=self._name))

    def _request(self, step: ApplyStackSet, parameters: Mapping[str, str]) -> dict[str, Any]:
        return {
            "StackSetName": self._name,
            "TemplateBody": step.template,
            "Parameters": parameters_of(parameters),
            "Capabilities": list(step.capabilities),
            "Tags": tags(step.topology),
            "AdministrationRoleARN": step.administration_role_arn,
            "ExecutionRoleName": step.execution_role,
            "PermissionModel": "SELF_MANAGED",
        }

    def _call(self, verb: str, call: Callable[[], Any]) -> Any:
        """Make a call, once no other operation is going on for the StackSet."""

        def probe() -> tuple[Any] | None:
            try:
                with translated(f"{verb} the StackSet {self._name} in {self._account}, {self._region}"):
                    return (call(),)
            except ConflictError as error:
                if error.aws_code != "OperationInProgressException":
                    raise
                return None

        return self._working.wait.until(probe, f"another operation on the StackSet {self._name}")[0]

    def _run(self, verb: str, call: Callable[[], Any], instances: Sequence[Instance]) -> None:
        """Start an operation and follow it to its end, with the events of the stacks behind the instances."""
        follow = _InstanceEvents(self._name, self._client, instances, self._working)
        follow.skip_past()
        operation = self._call(verb, call)["OperationId"]

        def probe() -> dict[str, Any] | None:
            with translated(f"read the operation {operation} of the StackSet {self._name}"):
                found: dict[str, Any] = self._client.describe_stack_set_operation(
                    StackSetName=self._name, OperationId=operation
                )["StackSetOperation"]
            follow.tell()
            return found if found["Status"] in {"SUCCEEDED", "FAILED", "STOPPED"} else None

        ended = self._working.wait.until(probe, f"the operation on the StackSet {self._name}")
        if ended["Status"] != "SUCCEEDED":
            raise self._failure(verb, operation, ended, follow)

    def _failure(self, verb: str, operation: str, ended: Mapping[str, Any], follow: _InstanceEvents) -> StackError:
        with translated(f"read the results of the operation {operation}"):
            results = self._client.list_stack_set_operation_results(StackSetName=self._name, OperationId=operation)[
                "Summaries"
            ]
        bad = [result for result in results if result.get("Status") != "SUCCEEDED"]
        account, region, reason = self._account, self._region, ended.get("StatusReason", "no reason given")
        if bad:
            account, region = bad[0]["Account"], bad[0]["Region"]
            reason = bad[0].get("StatusReason", reason)
        if cause := follow.first_failure((account, region)):
            logical, kind, why = cause
            reason = f"{logical} ({kind}): {why}"
        return StackError(
            f"the operation to {verb} the StackSet {self._name} ended in {ended['Status']}; its instance in account"
            f" {account}, {region} failed. First failure: {reason}",
            place=Place(path=f"{account}/{region}/{self._name}"),
            hint="mend the cause, then run the same command again: it goes on from here",
        )


class _InstanceEvents:
    """The events of the stacks behind some instances, as soon as they have one."""

    def __init__(self, name: str, client: Any, instances: Sequence[Instance], working: Working) -> None:
        self._name, self._client, self._working = name, client, working
        self._instances = tuple(instances)
        self._events: dict[Instance, StackEvents] = {}

    def skip_past(self) -> None:
        """Forget the events until now."""
        for events in self._find():
            events.skip_past()

    def tell(self) -> None:
        """Tell the events since the last time."""
        for events in self._find():
            events.tell()

    def first_failure(self, where: Instance) -> tuple[str, str, str] | None:
        """What failed first in an instance's stack: logical id, type and reason."""
        events = self._events.get(where)
        return events.first_failure if events else None

    def _find(self) -> list[StackEvents]:
        if len(self._events) < len(self._instances):
            with translated(f"list the instances of the StackSet {self._name}"):
                pages = self._client.get_paginator("list_stack_instances").paginate(StackSetName=self._name)
                summaries = [summary for page in pages for summary in page["Summaries"]]
            for summary in summaries:
                where = (summary["Account"], summary["Region"])
                if where in self._instances and where not in self._events and summary.get("StackId"):
                    self._events[where] = StackEvents(self._working, *where, summary["StackId"])
        return list(self._events.values())


def _by_account(instances: Sequence[Instance]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for account, region in sorted(instances):
        found.setdefault(account, []).append(region)
    return found


def _where(instances: Sequence[Instance]) -> str:
    return ", ".join(f"{account}, {region}" for account, region in instances)
