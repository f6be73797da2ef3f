"""What a running step does to one stack: create, update, delete, wait, and find out why it failed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crosswind.aws import Sessions, translated
from crosswind.deploy.observe import ObservedStack, read_stack
from crosswind.deploy.steps import ApplyStack, DeleteStack
from crosswind.deploy.waiting import Wait
from crosswind.errors import AwsError, ConflictError, NotFoundError, Place, StackError

__all__ = ["StackEvents", "Working", "apply_stack", "delete_stack", "parameters_of", "same_stack", "tags"]

_NO_UPDATE = "No updates are to be performed"
_FOLLOWERS = ("creation cancelled", "update cancelled", "deletion cancelled")


@dataclass(frozen=True)
class Working:
    """What a running step may use.

    Args:
        sessions: makes the clients.
        wait: pauses.
        say: takes a line of progress.
    """

    sessions: Sessions
    wait: Wait
    say: Callable[[str], None] = field(default=lambda _: None)


def tags(topology: str) -> list[dict[str, str]]:
    """The tags on every stack of ours; CloudFormation puts them on what the stack holds."""
    return [{"Key": "crosswind:topology", "Value": topology}]


def parameters_of(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    """Parameters as CloudFormation's calls take them."""
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())]


def same_stack(template: str, parameters: Mapping[str, str], found_template: Any, found: Mapping[str, str]) -> bool:
    """Whether a stack or StackSet has this template and these parameters, defaults filled in."""
    wanted = json.loads(template)
    if isinstance(found_template, str):
        try:
            found_template = json.loads(found_template)
        except json.JSONDecodeError:
            return False  # somebody else's template, in YAML
    defaults = {
        name: str(declared["Default"])
        for name, declared in wanted.get("Parameters", {}).items()
        if "Default" in declared
    }
    return bool(wanted == found_template) and {**defaults, **parameters} == {**defaults, **found}


def apply_stack(step: ApplyStack, parameters: Mapping[str, str], working: Working) -> tuple[str, Mapping[str, str]]:
    """Bring one stack to its template and parameters, from whatever state it is in.

    Returns:
        What was done, and the stack's outputs.

    Raises:
        StackError: it ended in a failed state; says which resource failed first, and why.
        AwsError: a call failed.
    """
    found = _settled(step.account, step.region, step.stack, working, template=True)
    if found is not None and found.dead:
        working.say(f"{step.stack} is in {found.status}: it is deleted first")
        delete_stack(DeleteStack(id=step.id, account=step.account, region=step.region, stack=step.stack), working)
        found = None
    if found and found.settled and same_stack(step.template, parameters, found.template, found.parameters):
        return "unchanged", found.outputs
    client = working.sessions.client("cloudformation", step.account, step.region)
    request = {
        "StackName": step.stack,
        "TemplateBody": step.template,
        "Parameters": parameters_of(parameters),
        "Capabilities": list(step.capabilities),
        "Tags": tags(step.topology),
        "ClientRequestToken": f"crosswind-{uuid.uuid4().hex}",
    }
    events = StackEvents(working, step.account, step.region, found.id if found else step.stack)
    verb = "update" if found else "create"
    if found:
        events.skip_past()
    else:
        request["OnFailure"] = "ROLLBACK"

    def call() -> None:
        with translated(f"{verb} the stack {step.stack} in {step.account}, {step.region}"):
            getattr(client, f"{verb}_stack")(**request)

    try:
        working.wait.trying(call, f"{verb} {step.stack}")
    except AwsError as error:
        if found and _NO_UPDATE in error.message:
            return "unchanged", found.outputs
        raise
    ended = _follow(step.account, step.region, step.stack, events, working)
    if ended is None or not ended.succeeded:
        raise _failure(step, verb, ended, events)
    return f"{verb}d", ended.outputs


def delete_stack(step: DeleteStack, working: Working) -> str:
    """Delete one stack and wait until it is gone; one that is not there is fine.

    Raises:
        StackError: it could not be deleted; says which resource stayed, and why.
    """
    found = _settled(step.account, step.region, step.stack, working)
    if found is None:
        return "not there"
    events = StackEvents(working, step.account, step.region, found.id)
    events.skip_past()
    client = working.sessions.client("cloudformation", step.account, step.region)

    def call() -> None:
        with translated(f"delete the stack {step.stack} in {step.account}, {step.region}"):
            client.delete_stack(StackName=found.id)

    working.wait.trying(call, f"delete {step.stack}")
    ended = _follow(step.account, step.region, found.id, events, working)
    if ended is not None:
        raise _failure(step, "delete", ended, events)
    return "deleted"


class StackEvents:
    """The events of one stack since a moment, told as progress once each; remembers the first failure.

    Args:
        working: what the step may use.
        account: the stack's account.
        region: the stack's Region.
        stack: the stack's name or id.
    """

    def __init__(self, working: Working, account: str, region: str, stack: str) -> None:
        self._working = working
        self._client = working.sessions.client("cloudformation", account, region)
        self._stack = stack
        self._last = ""
        self.first_failure: tuple[str, str, str] | None = None
        """Logical id, type and reason of what failed first."""

    def skip_past(self) -> None:
        """Forget the events until now: they belong to operations before this one."""
        if found := self._new():
            self._last = found[-1]["EventId"]

    def tell(self) -> None:
        """Tell the events since the last time, oldest first."""
        for event in self._new():
            self._last = event["EventId"]
            status, reason = event.get("ResourceStatus", ""), event.get("ResourceStatusReason", "")
            logical, kind = event.get("LogicalResourceId", ""), event.get("ResourceType", "")
            if status.endswith("_FAILED") and self._is_cause(event, reason):
                self.first_failure = (logical, kind, reason)
            self._working.say(f"{status} {kind} {logical}" + (f": {reason}" if reason else ""))

    def _is_cause(self, event: Mapping[str, Any], reason: str) -> bool:
        if self.first_failure is not None or event.get("PhysicalResourceId") == event.get("StackId"):
            return False
        return not any(follower in reason.lower() for follower in _FOLLOWERS)

    def _new(self) -> list[dict[str, Any]]:
        """Events after the last one told, oldest first (the service gives the newest first)."""
        found: list[dict[str, Any]] = []
        try:
            with translated(f"read the events of {self._stack}"):
                for page in self._client.get_paginator("describe_stack_events").paginate(StackName=self._stack):
                    for event in page["StackEvents"]:
                        if event["EventId"] == self._last:
                            return found[::-1]
                        found.append(event)
        except NotFoundError:
            return []
        return found[::-1]


def _settled(account: str, region: str, name: str, working: Working, *, template: bool = False) -> ObservedStack | None:
    """The stack once no operation is going on, such as one that an interrupted run has started."""

    def probe() -> tuple[ObservedStack | None] | None:
        found = read_stack(working.sessions, account, region, name, template=template)
        if found is not None and found.status == "UPDATE_ROLLBACK_FAILED":
            _continue_rollback(account, region, name, working)
            return None
        return None if found is not None and found.busy else (found,)

    return working.wait.until(probe, f"the operation on the stack {name} in {account}, {region}")[0]


def _continue_rollback(account: str, region: str, name: str, working: Working) -> None:
    working.say(f"{name} is in UPDATE_ROLLBACK_FAILED: its rollback is continued")
    client = working.sessions.client("cloudformation", account, region)
    try:
        with translated(f"continue the rollback of {name} in {account}, {region}"):
            client.continue_update_rollback(StackName=name)
    except ConflictError:
        working.say(f"the rollback of {name} goes on already")


def _follow(account: str, region: str, name: str, events: StackEvents, working: Working) -> ObservedStack | None:
    """Wait until the operation on the stack ends, telling its events; None when the stack is gone."""

    def probe() -> tuple[ObservedStack | None] | None:
        found = read_stack(working.sessions, account, region, name)
        events.tell()
        return None if found is not None and found.busy else (found,)

    return working.wait.until(probe, f"the stack {name} in {account}, {region}")[0]


def _failure(step: ApplyStack | DeleteStack, verb: str, ended: ObservedStack | None, events: StackEvents) -> StackError:
    status, reason = "DELETE_COMPLETE", "it was deleted meanwhile"
    if ended is not None:
        status, reason = ended.status, ended.reason
    if events.first_failure:
        logical, kind, cause = events.first_failure
        reason = f"{logical} ({kind}): {cause}"
    hint = "mend the cause, then run the same command again: it goes on from here"
    if verb == "delete":
        hint = "remove what holds the resource, then run `crosswind destroy` again"
    return StackError(
        f"{verb} of the stack {step.stack} in account {step.account}, {step.region} ended in {status}."
        f" First failure: {reason}",
        place=Place(path=f"{step.account}/{step.region}/{step.stack}"),
        hint=hint,
    )
