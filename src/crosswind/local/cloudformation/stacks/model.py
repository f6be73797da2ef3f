"""What is remembered of a stack."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from crosswind.local.cloudformation.template.document import Template
from crosswind.local.cloudformation.template.parameters import ParameterValue

__all__ = ["STACK_TYPE", "Event", "OutputValue", "ResourceState", "Settings", "Stack", "now"]

STACK_TYPE = "AWS::CloudFormation::Stack"


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    event_id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    timestamp: datetime
    token: str = ""


@dataclass(frozen=True)
class OutputValue:
    """One output, evaluated."""

    name: str
    value: str
    description: str = ""
    export: str = ""


@dataclass
class ResourceState:
    """One resource of a stack.

    Args:
        properties: as last applied: evaluated, in their declared types, with the stack's tags.
        needs: logical ids that must exist as long as this does.
    """

    logical_id: str
    type: str
    physical_id: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    metadata: Any = None
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    changed: datetime = field(default_factory=now)


@dataclass(frozen=True)
class Settings:
    """What a caller chose for a stack, apart from its resources.

    Args:
        on_failure: `ROLLBACK`, `DO_NOTHING` or `DELETE`.
        role_arn: the service role, empty for the caller's own rights.
    """

    template: Template
    parameters: Mapping[str, ParameterValue]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...] = ()
    role_arn: str = ""
    on_failure: str = "ROLLBACK"

    def same_work(self, other: Settings) -> bool:
        """Whether both ask for the same resources and outputs."""
        return (
            self.template.same_work(other.template)
            and {name: value.text for name, value in self.parameters.items()}
            == {name: value.text for name, value in other.parameters.items()}
            and dict(self.tags) == dict(other.tags)
        )


class Stack:
    """One stack. Every member is read and written under `lock`; the flows alone write.

    Args:
        stack_id: the ARN.
        settings: what was asked for.
        token: the ClientRequestToken that made it.

    `interrupt` ends the operation under way early; `doomed` says that a deletion waits for that; `thread` runs it.
    """

    def __init__(self, stack_id: str, account: str, region: str, settings: Settings, token: str = "") -> None:
        self.lock = threading.RLock()
        self.id = stack_id
        self.name = stack_id.split("/")[1]
        self.account = account
        self.region = region
        self.settings = settings
        self.protected = False
        self.interrupt = threading.Event()
        self.doomed = False
        self.thread: threading.Thread | None = None
        self.status = "CREATE_IN_PROGRESS"
        self.reason = ""
        self.created = now()
        self.updated: datetime | None = None
        self.deleted: datetime | None = None
        self.resources: dict[str, ResourceState] = {}
        self.outputs: tuple[OutputValue, ...] = ()
        self.imports: frozenset[str] = frozenset()
        self.tokens: dict[str, str] = {}
        self._events: list[Event] = []
        self._token = token

    @property
    def busy(self) -> bool:
        """Whether an operation is under way."""
        return self.status.endswith("_IN_PROGRESS")

    def begin(self, token: str) -> None:
        """Note the token of the operation that starts, for its events."""
        with self.lock:
            self._token = token
            self.interrupt = threading.Event()

    def turn(self, status: str, reason: str = "") -> None:
        """Change the stack's own status, with its event."""
        with self.lock:
            self.status, self.reason = status, reason
            self._add(self.id.rsplit("/", 1)[1], self.name, self.id, STACK_TYPE, status, reason, own=True)
            if status == "DELETE_COMPLETE":
                self.deleted = now()

    def note(self, state: ResourceState, status: str, reason: str = "") -> None:
        """Change a resource's status, with its event."""
        with self.lock:
            state.status, state.reason, state.changed = status, reason, now()
            self._add("", state.logical_id, state.physical_id, state.type, status, reason, own=False)

    def events(self) -> Sequence[Event]:
        """Its history, newest first."""
        with self.lock:
            return list(reversed(self._events))

    def snapshot(self) -> dict[str, ResourceState]:
        """Copies of the resources, in the order in which they came."""
        with self.lock:
            return {name: replace(state) for name, state in self.resources.items()}

    def snapshot_states(self) -> dict[str, ResourceState]:
        """The resources themselves, in a dict of the reader's own."""
        with self.lock:
            return dict(self.resources)

    def adopt(self, state: ResourceState) -> None:
        """Put a resource in its place."""
        with self.lock:
            self.resources[state.logical_id] = state

    def forget(self, state: ResourceState) -> None:
        """Take a resource out, if it is still the one in its place."""
        with self.lock:
            if self.resources.get(state.logical_id) is state:
                del self.resources[state.logical_id]

    def properties_of(self, state: ResourceState) -> dict[str, Any]:
        """A copy of a resource's applied properties."""
        with self.lock:
            return copy.deepcopy(state.properties)

    def _add(
        self, event_id: str, logical_id: str, physical_id: str, kind: str, status: str, reason: str, *, own: bool
    ) -> None:
        stamp = now()
        if own:
            number = sum(1 for event in self._events if event.type == STACK_TYPE)
            event_id = f"{event_id[:-6]}{number:06x}"
        else:
            event_id = f"{logical_id}-{status}-{stamp.isoformat(timespec='milliseconds')}"
        self._events.append(Event(event_id, logical_id, physical_id, kind, status, reason, stamp, self._token))
