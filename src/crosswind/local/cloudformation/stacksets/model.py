"""What is remembered of a StackSet."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crosswind.local.cloudformation.stacks.model import now
from crosswind.local.cloudformation.template.document import Template
from crosswind.local.cloudformation.template.parameters import ParameterValue
from crosswind.local.partitions import partition_of

__all__ = ["Instance", "OperationResult", "SetOperation", "SetSettings", "StackSet", "Target"]

Target = tuple[str, str]
"""Account, then Region."""


@dataclass(frozen=True)
class SetSettings:
    """What was asked for."""

    template: Template
    parameters: Mapping[str, ParameterValue]
    capabilities: tuple[str, ...]
    tags: Mapping[str, str]
    administration_role: str
    execution_role: str
    description: str = ""


@dataclass
class Instance:
    """One stack instance.

    Args:
        status: `CURRENT`, `OUTDATED` or `INOPERABLE`.
        detailed: `PENDING`, `RUNNING`, `SUCCEEDED`, `FAILED`, `CANCELLED` or `INOPERABLE`.
        overrides: parameter values of its own.
    """

    account: str
    region: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    stack_id: str = ""
    status: str = "OUTDATED"
    detailed: str = "PENDING"
    reason: str = ""
    operation_id: str = ""


@dataclass
class OperationResult:
    """What an operation did to one stack instance."""

    account: str
    region: str
    status: str = "PENDING"
    reason: str = ""


@dataclass
class SetOperation:
    """One operation on a StackSet. `action` is `CREATE`, `UPDATE` or `DELETE`."""

    id: str
    action: str
    preferences: Mapping[str, Any]
    settings: SetSettings
    retain: bool = False
    status: str = "RUNNING"
    reason: str = ""
    created: datetime = field(default_factory=now)
    ended: datetime | None = None
    results: dict[Target, OperationResult] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """How many stack instances failed."""
        return sum(1 for result in self.results.values() if result.status == "FAILED")


class StackSet:
    """One StackSet; every member is read and written under `lock`."""

    def __init__(self, account: str, region: str, name: str, settings: SetSettings, token: str) -> None:
        self.lock = threading.RLock()
        self.account = account
        self.region = region
        self.name = name
        self.id = f"{name}:{uuid.uuid4()}"
        self.arn = f"arn:{partition_of(region)}:cloudformation:{region}:{account}:stackset/{self.id}"
        self.settings = settings
        self.token = token
        self.status = "ACTIVE"
        self.instances: dict[Target, Instance] = {}
        self.operations: dict[str, SetOperation] = {}

    @property
    def running(self) -> SetOperation | None:
        """The operation under way."""
        return next((item for item in self.operations.values() if item.status in {"RUNNING", "STOPPING"}), None)
