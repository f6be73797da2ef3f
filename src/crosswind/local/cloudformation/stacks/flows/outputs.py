"""A stack's outputs, once its resources exist."""

from __future__ import annotations

from crosswind.local.cloudformation.faults import invalid
from crosswind.local.cloudformation.stacks.blueprint import Blueprint
from crosswind.local.cloudformation.stacks.model import OutputValue, Stack
from crosswind.local.cloudformation.stacks.store import StackStore

__all__ = ["evaluate_outputs"]


def evaluate_outputs(stack: Stack, blueprint: Blueprint, store: StackStore) -> tuple[OutputValue, ...]:
    """The outputs whose condition holds.

    Raises:
        ServiceError: an output that cannot be evaluated, an export that another stack has already, or one that is
            gone or changed while another stack imports it.
    """
    found: list[OutputValue] = []
    exports = store.exports(stack.account, stack.region)
    for output in blueprint.settings.template.outputs.values():
        if output.condition and not blueprint.resolver.condition(output.condition):
            continue
        value = blueprint.resolver.value(output.value)
        if not isinstance(value, (str, int, float)):
            raise invalid(
                f"Template format error: Output {output.name} is malformed. The Value field of every Outputs "
                "member must evaluate to a String."
            )
        text = str(value).lower() if isinstance(value, bool) else str(value)
        export = "" if output.export is None else str(blueprint.resolver.value(output.export))
        if export and export in exports and exports[export][0] != stack.id:
            other = exports[export][0].split("/")[1]
            raise invalid(
                f"Export with name {export} is already exported by stack {other}. Rollback requested by user."
            )
        found.append(OutputValue(output.name, text, output.description, export))
    after = {output.export: output.value for output in found if output.export}
    for before in stack.outputs:
        if before.export and after.get(before.export) != before.value:
            users = store.importers(stack.account, stack.region, before.export, stack)
            if users:
                verb = "update" if before.export in after else "delete"
                raise invalid(f"Cannot {verb} export {before.export} as it is in use by {' and '.join(users)}.")
    return tuple(found)
