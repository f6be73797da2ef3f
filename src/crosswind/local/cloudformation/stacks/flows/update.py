"""UpdateStack: bring every resource to the new template, or bring back what was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from crosswind.local.cloudformation.providers.contract import ResourceError
from crosswind.local.cloudformation.stacks.blueprint import Blueprint
from crosswind.local.cloudformation.stacks.flows.delete import delete_states
from crosswind.local.cloudformation.stacks.flows.outputs import evaluate_outputs
from crosswind.local.cloudformation.stacks.flows.scene import Scene
from crosswind.local.cloudformation.stacks.model import ResourceState, Settings, now
from crosswind.local.cloudformation.stacks.walk import StepFailed, walk
from crosswind.local.cloudformation.stacks.work import ResourceWork
from crosswind.local.edge.call import ServiceError

__all__ = ["update_stack"]

Undo = Callable[[ResourceWork], None]


def update_stack(scene: Scene, blueprint: Blueprint, before: Settings) -> None:
    """Run the update to its end.

    Args:
        scene: the stack and the rights.
        blueprint: what is to be.
        before: the settings to go back to.
    """
    stack = scene.stack
    changes = _Changes(scene, blueprint, scene.work(stack.interrupt))
    failures = walk(blueprint.graph, changes.step, stack.interrupt)
    reason = ""
    if failures:
        reason = f"The following resource(s) failed to {_verbs(failures, changes)}."
    else:
        try:
            outputs = evaluate_outputs(stack, blueprint, scene.store)
        except ServiceError as failure:
            reason = failure.message
    if reason:
        changes.roll_back(before, reason)
        return
    with stack.lock:
        stack.outputs = outputs
        stack.imports = frozenset(blueprint.lookup.imports)
        stack.updated = now()
        stack.turn("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    removed = [state for name, state in stack.snapshot_states().items() if name not in blueprint.active]
    kept = {state.logical_id for state in removed if state.deletion_policy != "Delete"}
    kept |= {state.logical_id for state in changes.replaced if state.update_replace_policy == "Retain"}
    delete_states(scene, [*removed, *changes.replaced], kept)
    # As on AWS: what could not be cleaned up stays where it is, and the update is complete all the same.
    stack.turn("UPDATE_COMPLETE")


def _verbs(failures: list[StepFailed], changes: _Changes) -> str:
    created = [failure.logical_id for failure in failures if failure.logical_id in changes.creating]
    updated = [failure.logical_id for failure in failures if failure.logical_id not in changes.creating]
    parts = [f"create: [{', '.join(created)}]"] if created else []
    parts += [f"update: [{', '.join(updated)}]"] if updated else []
    return ". The following resource(s) failed to ".join(parts)


@dataclass
class _Changes:
    """The steps of one update and what undoes each of them."""

    scene: Scene
    blueprint: Blueprint
    work: ResourceWork

    def __post_init__(self) -> None:
        self.creating: set[str] = set()
        self.replaced: list[ResourceState] = []
        self._undo: list[Undo] = []
        self._leftover: list[ResourceState] = []
        self._lock = threading.Lock()

    def step(self, logical_id: str) -> None:
        """Bring one resource to its new properties."""
        current = self.scene.stack.resources.get(logical_id)
        if current is None:
            self._make(logical_id, None)
            return
        try:
            new = self.work.desired(self.blueprint, logical_id)
        except (ServiceError, ResourceError) as failure:
            self.scene.stack.note(current, "UPDATE_FAILED", failure.message)
            raise StepFailed(logical_id, failure.message) from failure
        fresh = self.work.state(self.blueprint, logical_id)
        old = self.scene.stack.properties_of(current)
        schema = self.work.catalogue.schema(fresh.type)
        if fresh.type != current.type or schema.needs_replacement(old, new):
            if fresh.type == current.type and schema.keeps_its_name(old, new):
                self._refuse_replacement(current)
            self._replace(current, first_delete=schema.deletes_before_creating)
        elif old != new:
            self._change(current, old, new)
        self._keep_policies(logical_id, fresh)

    def roll_back(self, before: Settings, reason: str) -> None:
        """Undo the steps, the last one first."""
        stack = self.scene.stack
        stack.turn("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        work = self.scene.work(threading.Event())
        failed: list[str] = []
        for undo in reversed(self._undo):
            try:
                undo(work)
            except StepFailed as failure:
                failed.append(failure.logical_id)
        with stack.lock:
            stack.settings = before
        if failed:
            stack.turn("UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: [{', '.join(failed)}]. ")
            return
        stack.turn("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        delete_states(self.scene, self._leftover)
        stack.turn("UPDATE_ROLLBACK_COMPLETE")

    def _make(self, logical_id: str, instead_of: ResourceState | None) -> None:
        stack = self.scene.stack

        def undo(_: ResourceWork) -> None:
            made = stack.resources.get(logical_id)
            if made is not None and made is not instead_of:
                self._leftover.append(made)
                stack.forget(made)
            if instead_of is not None:
                stack.adopt(instead_of)

        with self._lock:
            self._undo.append(undo)
            self.creating.add(logical_id)
        self.work.create(self.blueprint, logical_id)

    def _replace(self, current: ResourceState, *, first_delete: bool) -> None:
        stack = self.scene.stack
        reason = "Requested update requires the creation of a new physical resource; hence creating one."
        if not first_delete:
            stack.note(current, "UPDATE_IN_PROGRESS", reason)
            self._make(current.logical_id, current)
            with self._lock:
                self.replaced.append(current)
            return
        kept = replace(current)

        def undo(work: ResourceWork) -> None:
            made = stack.resources.get(current.logical_id)
            if made is not None:
                work.delete(made)
            work.restore(kept)

        self.work.delete(current)
        with self._lock:
            self._undo.append(undo)
            self.creating.add(current.logical_id)
        self.work.create(self.blueprint, current.logical_id)

    def _change(self, current: ResourceState, old: dict[str, object], new: dict[str, object]) -> None:
        def undo(work: ResourceWork) -> None:
            # The step may have failed half-way, with its new properties partly there.
            current.properties = new
            work.update(current, old)

        with self._lock:
            self._undo.append(undo)
        self.work.update(current, new)

    def _refuse_replacement(self, current: ResourceState) -> None:
        reason = (
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {current.physical_id} and update the stack again."
        )
        self.scene.stack.note(current, "UPDATE_FAILED", reason)
        raise StepFailed(current.logical_id, reason)

    def _keep_policies(self, logical_id: str, fresh: ResourceState) -> None:
        stack = self.scene.stack
        with stack.lock:
            state = stack.resources[logical_id]
            kept = (state.needs, state.deletion_policy, state.update_replace_policy, state.metadata)
            state.needs, state.metadata = fresh.needs, fresh.metadata
            state.deletion_policy, state.update_replace_policy = fresh.deletion_policy, fresh.update_replace_policy

        def undo(_: ResourceWork) -> None:
            with stack.lock:
                state.needs, state.deletion_policy, state.update_replace_policy, state.metadata = kept

        with self._lock:
            self._undo.append(undo)
