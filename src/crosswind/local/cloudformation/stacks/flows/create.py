"""CreateStack: make everything, or take away what was made."""

from __future__ import annotations

from crosswind.local.cloudformation.stacks.blueprint import Blueprint
from crosswind.local.cloudformation.stacks.flows.delete import delete_resources
from crosswind.local.cloudformation.stacks.flows.outputs import evaluate_outputs
from crosswind.local.cloudformation.stacks.flows.scene import Scene
from crosswind.local.cloudformation.stacks.walk import StepFailed, walk
from crosswind.local.edge.call import ServiceError

__all__ = ["create_stack"]


def create_stack(scene: Scene, blueprint: Blueprint) -> None:
    """Run the creation to its end."""
    stack = scene.stack
    work = scene.work(stack.interrupt)

    def make(logical_id: str) -> None:
        work.create(blueprint, logical_id)

    failures = walk(blueprint.graph, make, stack.interrupt)
    if stack.doomed:
        return
    if failures:
        _undo(scene, blueprint, _reason(failures))
        return
    try:
        outputs = evaluate_outputs(stack, blueprint, scene.store)
    except ServiceError as failure:
        _undo(scene, blueprint, failure.message)
        return
    with stack.lock:
        stack.outputs = outputs
        stack.imports = frozenset(blueprint.lookup.imports)
        stack.turn("CREATE_COMPLETE")


def _reason(failures: list[StepFailed]) -> str:
    names = ", ".join(failure.logical_id for failure in failures)
    return f"The following resource(s) failed to create: [{names}]."


def _undo(scene: Scene, blueprint: Blueprint, reason: str) -> None:
    stack = scene.stack
    choice = blueprint.settings.on_failure
    if choice == "DO_NOTHING":
        stack.turn("CREATE_FAILED", reason)
        return
    if choice == "DELETE":
        stack.turn("DELETE_IN_PROGRESS", f"{reason} Delete requested by user.")
        left = delete_resources(scene, creating=True)
        stack.turn("DELETE_FAILED" if left else "DELETE_COMPLETE", left)
        return
    stack.turn("ROLLBACK_IN_PROGRESS", f"{reason} Rollback requested by user.")
    left = delete_resources(scene, creating=True)
    stack.turn("ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE", left)
