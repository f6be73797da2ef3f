"""DeleteStack: take everything away, in the reverse of the order in which it was needed."""

from __future__ import annotations

import threading
from collections.abc import Collection

from crosswind.local.cloudformation.stacks.flows.scene import Scene
from crosswind.local.cloudformation.stacks.model import ResourceState
from crosswind.local.cloudformation.stacks.walk import reversed_graph, walk

__all__ = ["delete_resources", "delete_stack", "delete_states"]


def delete_stack(scene: Scene, retain: Collection[str]) -> None:
    """Run the deletion to its end.

    Args:
        scene: the stack and the rights.
        retain: logical ids to leave where they are.
    """
    stack = scene.stack
    for export in [output.export for output in stack.outputs if output.export]:
        users = scene.store.importers(stack.account, stack.region, export, stack)
        if users:
            stack.turn("DELETE_FAILED", f"Cannot delete export {export} as it is in use by {' and '.join(users)}.")
            return
    left = delete_resources(scene, retain=retain)
    stack.turn("DELETE_FAILED" if left else "DELETE_COMPLETE", left)


def delete_resources(scene: Scene, *, retain: Collection[str] = (), creating: bool = False) -> str:
    """Delete a stack's resources; what does not need a failed one is deleted all the same.

    Args:
        scene: the stack and the rights.
        retain: logical ids to leave where they are.
        creating: the stack is being created, so `RetainExceptOnCreate` does not hold.

    Returns:
        The reason when some are left, else an empty text.
    """
    keeping = {"Retain"} if creating else {"Retain", "RetainExceptOnCreate"}
    states = list(scene.stack.resources.values())
    kept = {state.logical_id for state in states if state.logical_id in retain or state.deletion_policy in keeping}
    return delete_states(scene, states, kept)


def delete_states(scene: Scene, states: list[ResourceState], kept: Collection[str] = ()) -> str:
    """Delete these resources, of which there is one for each logical id. See `delete_resources`."""
    # A plain Event of its own: a deletion is never cut short by what stopped the step before it.
    work = scene.work(threading.Event())
    by_name = {state.logical_id: state for state in states}
    graph = {name: state.needs & by_name.keys() for name, state in by_name.items()}

    def take_away(logical_id: str) -> None:
        state = by_name[logical_id]
        if logical_id in kept and state.physical_id:
            work.skip(state)
        else:
            work.delete(state)

    failures = walk(reversed_graph(graph), take_away, work.halt, go_on=True)
    if not failures:
        return ""
    return f"The following resource(s) failed to delete: [{', '.join(failure.logical_id for failure in failures)}]. "
