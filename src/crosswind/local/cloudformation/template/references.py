"""Who needs whom in a template, and whether everybody exists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from crosswind.local.cloudformation.faults import invalid, not_offered
from crosswind.local.cloudformation.template.document import Resource, Template
from crosswind.local.cloudformation.template.intrinsics import SUB_NAME, Resolver, function_of, get_att_parts, sub_parts

__all__ = [
    "PSEUDO_PARAMETERS",
    "Reference",
    "active_resources",
    "check_references",
    "dependency_graph",
    "references_in",
]

PSEUDO_PARAMETERS = (
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
)


@dataclass(frozen=True)
class Reference:
    """One use of a name. `kind` is `ref`, `attribute`, `condition` or `import`."""

    kind: str
    name: str
    attribute: str = ""


def references_in(raw: Any) -> Iterator[Reference]:
    """Every reference in a value, in both branches of each `Fn::If`."""
    call = function_of(raw)
    if isinstance(raw, str) and "{{resolve:" in raw:
        raise not_offered("dynamic references ({{resolve:...}})")
    if call is None:
        children = raw.values() if isinstance(raw, dict) else raw if isinstance(raw, list) else ()
        for child in children:
            yield from references_in(child)
        return
    name, argument = call
    if name == "Ref":
        if not isinstance(argument, str):
            raise invalid("Template format error: All Ref values must be strings")
        yield Reference("ref", argument)
    elif name == "Condition":
        yield Reference("condition", argument)
    elif name == "Fn::GetAtt":
        logical_id, attribute = get_att_parts(argument)
        if isinstance(attribute, str):
            yield Reference("attribute", logical_id, attribute)
        else:
            yield Reference("attribute", logical_id)
            yield from references_in(attribute)
    elif name == "Fn::Sub":
        yield from _sub_references(argument)
    elif name == "Fn::If" and isinstance(argument, list) and argument:
        yield Reference("condition", str(argument[0]))
        yield from references_in(argument[1:])
    else:
        yield from references_in(argument)


def _sub_references(argument: Any) -> Iterator[Reference]:
    text, variables = sub_parts(argument)
    for match in SUB_NAME.finditer(text):
        name = match.group(1).strip()
        if name in variables:
            continue
        if "." in name:
            logical_id, attribute = name.split(".", 1)
            yield Reference("attribute", logical_id, attribute)
        else:
            yield Reference("ref", name)
    yield from references_in(variables)


def check_references(template: Template, attributes_of: Callable[[str], frozenset[str]]) -> None:
    """Refuse names that do not exist, in any branch.

    Args:
        template: the template.
        attributes_of: the attributes that `Fn::GetAtt` gives for a resource type.

    Raises:
        ServiceError: `ValidationError` in AWS's words.
    """
    resources = {
        name: [*references_in(resource.properties), *(Reference("ref", other) for other in resource.depends_on)]
        for name, resource in template.resources.items()
    }
    outputs = {name: list(references_in([output.value, output.export])) for name, output in template.outputs.items()}
    for resource in template.resources.values():
        for other in resource.depends_on:
            if other not in template.resources:
                raise _unresolved([other], "Resources")
    _check_block(template, [item for found in resources.values() for item in found], "Resources", attributes_of)
    _check_block(template, [item for found in outputs.values() for item in found], "Outputs", attributes_of)
    _check_conditions(template)


def _unresolved(names: list[str], block: str) -> Exception:
    return invalid(
        f"Template format error: Unresolved resource dependencies [{', '.join(names)}] in the {block} block of "
        "the template"
    )


def _check_block(
    template: Template, found: list[Reference], block: str, attributes_of: Callable[[str], frozenset[str]]
) -> None:
    known = {*template.resources, *template.parameters, *PSEUDO_PARAMETERS}
    if missing := sorted({item.name for item in found if item.kind == "ref" and item.name not in known}):
        raise _unresolved(missing, block)
    for item in found:
        if item.kind == "condition" and item.name not in template.conditions:
            raise invalid(f"Template error: unresolved condition dependency {item.name} in Fn::If")
        if item.kind != "attribute":
            continue
        if item.name not in template.resources:
            raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {item.name}")
        offered = attributes_of(template.resources[item.name].type)
        if item.attribute and item.attribute not in offered:
            raise invalid(
                f"Template error: resource {item.name} does not support attribute type {item.attribute} in Fn::GetAtt"
                f" (it gives: {', '.join(sorted(offered)) or 'none'})"
            )


def _check_conditions(template: Template) -> None:
    for raw in template.conditions.values():
        for item in references_in(raw):
            if item.kind == "condition":
                if item.name not in template.conditions:
                    raise invalid(
                        f"Template format error: Unresolved condition dependency {item.name} in the Conditions "
                        "block of the template"
                    )
            elif item.name not in template.parameters and item.name not in PSEUDO_PARAMETERS:
                raise invalid(
                    f"Template format error: Unresolved dependencies [{item.name}]. Cannot reference resources in the "
                    "Conditions block of the template"
                )
    used = [resource.condition for resource in template.resources.values()]
    used += [output.condition for output in template.outputs.values()]
    for name in used:
        if name and name not in template.conditions:
            raise invalid(f"Template format error: Condition {name} is not defined.")


def active_resources(template: Template, resolver: Resolver) -> dict[str, Resource]:
    """The resources whose condition holds, in the template's order."""
    return {
        name: resource
        for name, resource in template.resources.items()
        if not resource.condition or resolver.condition(resource.condition)
    }


def dependency_graph(
    template: Template, active: Mapping[str, Resource], resolver: Resolver
) -> dict[str, frozenset[str]]:
    """For each active resource the active resources that must exist before it.

    A `DependsOn` on a resource whose condition is false is no dependency, as on AWS; a reference to one is a fault.

    Raises:
        ServiceError: `ValidationError` for a reference to a resource that is not made, or a circle.
    """
    graph: dict[str, frozenset[str]] = {}
    for name, resource in active.items():
        found = [item for item in references_in(resolver.chosen(resource.properties)) if item.kind != "condition"]
        named = {item.name for item in found if item.name in template.resources}
        if missing := sorted(named - active.keys()):
            raise _unresolved(missing, "Resources")
        graph[name] = frozenset(named | {other for other in resource.depends_on if other in active})
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        raise invalid(f"Circular dependency between resources: [{', '.join(sorted(set(error.args[1])))}]") from error
    return graph
