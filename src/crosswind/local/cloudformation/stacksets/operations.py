"""Operations on a StackSet: one at a time, in a thread of its own."""

from __future__ import annotations

import logging
import math
import threading
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from crosswind.local.cloudformation.providers.contract import ClientMaker
from crosswind.local.cloudformation.stacks.model import now
from crosswind.local.cloudformation.stacks.operations import IdentityIssuer
from crosswind.local.cloudformation.stacksets.deployer import Deployer, InstanceFailed
from crosswind.local.cloudformation.stacksets.model import Instance, OperationResult, SetOperation, StackSet, Target
from crosswind.local.edge.call import ServiceError

__all__ = ["SetOperations"]

_LOG = logging.getLogger(__name__)


class SetOperations:
    """Starts operations and runs them to their end.

    Args:
        identities: see Deployer.
        clients: see Deployer.
        closing: see Deployer.
    """

    def __init__(self, identities: IdentityIssuer, clients: ClientMaker, closing: threading.Event) -> None:
        self._deployer = Deployer(identities, clients, closing)

    def begin(
        self,
        stack_set: StackSet,
        action: str,
        operation_id: str,
        preferences: Mapping[str, Any],
        *,
        retain: bool = False,
    ) -> SetOperation:
        """Register an operation; the caller holds the StackSet's lock and calls `run` afterwards.

        Raises:
            ServiceError: `OperationInProgressException` or `OperationIdAlreadyExistsException`.
        """
        running = stack_set.running
        if running is not None:
            raise ServiceError(
                "OperationInProgressException",
                f"Another Operation on StackSet {stack_set.arn} is in progress: {running.id}",
                409,
            )
        if operation_id in stack_set.operations:
            raise ServiceError("OperationIdAlreadyExistsException", f"Operation {operation_id} already exists", 409)
        operation = SetOperation(
            id=operation_id or str(uuid.uuid4()),
            action=action,
            preferences=preferences,
            settings=stack_set.settings,
            retain=retain,
        )
        stack_set.operations[operation.id] = operation
        return operation

    def run(self, stack_set: StackSet, operation: SetOperation, targets: Sequence[Target]) -> None:
        """Start the operation's thread."""
        with stack_set.lock:
            for account, region in targets:
                operation.results[account, region] = OperationResult(account, region)
        threading.Thread(
            target=self._guarded, args=(stack_set, operation), name=f"stackset-{stack_set.name}", daemon=True
        ).start()

    def _guarded(self, stack_set: StackSet, operation: SetOperation) -> None:
        try:
            self._work(stack_set, operation)
        except Exception as failure:  # noqa: BLE001 - an operation must end in a final state whatever happens
            _LOG.exception("operation %s on %s failed", operation.id, stack_set.id)
            operation.reason = f"Internal failure: {failure}"
            self._end(stack_set, operation, "FAILED")

    def _work(self, stack_set: StackSet, operation: SetOperation) -> None:
        targets = list(operation.results)
        order = list(operation.preferences.get("RegionOrder", ()))
        regions = sorted(
            {region for _, region in targets},
            key=lambda item: (order.index(item) if item in order else len(order), item),
        )
        waves = [[target for target in targets if target[1] == region] for region in regions]
        if operation.preferences.get("RegionConcurrencyType") == "PARALLEL":
            waves = [targets]
        stopped = False
        for wave in waves:
            if stopped or operation.status == "STOPPING":
                break
            with ThreadPoolExecutor(_at_once(operation.preferences, len(wave))) as pool:
                list(pool.map(partial(self._one, stack_set, operation, len(wave)), wave))
            stopped = operation.failed > _tolerance(operation.preferences, len(wave))
        self._cancel_pending(stack_set, operation)
        if operation.status == "STOPPING":
            self._end(stack_set, operation, "STOPPED")
        else:
            self._end(stack_set, operation, "FAILED" if stopped else "SUCCEEDED")

    def _one(self, stack_set: StackSet, operation: SetOperation, size: int, target: Target) -> None:
        result = operation.results[target]
        with stack_set.lock:
            instance = stack_set.instances.get(target)
            if operation.failed > _tolerance(operation.preferences, size) or operation.status == "STOPPING":
                return
            result.status = "RUNNING"
            if instance is None:
                result.status = "SUCCEEDED"
                return
            instance.operation_id, instance.detailed, instance.reason = operation.id, "RUNNING", ""
        try:
            if operation.action != "DELETE":
                self._deployer.deploy(stack_set, operation.settings, instance)
            elif not operation.retain:
                self._deployer.remove(stack_set, operation.settings, instance)
        except InstanceFailed as failure:
            with stack_set.lock:
                result.status, result.reason = "FAILED", failure.reason
                instance.status = "INOPERABLE" if failure.inoperable else "OUTDATED"
                instance.detailed, instance.reason = "INOPERABLE" if failure.inoperable else "FAILED", failure.reason
            return
        with stack_set.lock:
            result.status = "SUCCEEDED"
            if operation.action == "DELETE":
                stack_set.instances.pop(target, None)
            else:
                instance.status, instance.detailed, instance.reason = "CURRENT", "SUCCEEDED", ""

    def _cancel_pending(self, stack_set: StackSet, operation: SetOperation) -> None:
        reason = "Cancelled since failure tolerance has exceeded"
        with stack_set.lock:
            for target, result in operation.results.items():
                if result.status != "PENDING":
                    continue
                result.status, result.reason = "CANCELLED", reason
                instance: Instance | None = stack_set.instances.get(target)
                if instance is not None:
                    instance.detailed, instance.reason, instance.operation_id = "CANCELLED", reason, operation.id

    def _end(self, stack_set: StackSet, operation: SetOperation, status: str) -> None:
        with stack_set.lock:
            operation.ended = now()
            operation.status = status


def _tolerance(preferences: Mapping[str, Any], size: int) -> int:
    if "FailureTolerancePercentage" in preferences:
        return math.floor(size * int(preferences["FailureTolerancePercentage"]) / 100)
    return int(preferences.get("FailureToleranceCount", 0))


def _at_once(preferences: Mapping[str, Any], size: int) -> int:
    if "MaxConcurrentPercentage" in preferences:
        return max(1, math.floor(size * int(preferences["MaxConcurrentPercentage"]) / 100))
    return max(1, min(int(preferences.get("MaxConcurrentCount", 1)), size))
