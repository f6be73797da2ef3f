"""A template with its values: checked whole before anything is made, evaluated piece by piece afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crosswind.local.cloudformation.faults import invalid, not_offered
from crosswind.local.cloudformation.providers.contract import Offer, Provider
from crosswind.local.cloudformation.schema.catalogue import Catalogue
from crosswind.local.cloudformation.schema.shape import check
from crosswind.local.cloudformation.stacks.model import Settings, Stack
from crosswind.local.cloudformation.stacks.store import StackStore
from crosswind.local.cloudformation.template.document import Resource, Template
from crosswind.local.cloudformation.template.intrinsics import Resolver, function_of
from crosswind.local.cloudformation.template.references import active_resources, check_references, dependency_graph
from crosswind.local.partitions import partition_of, url_suffix

__all__ = ["Blueprint", "Inspector", "StackLookup", "draw", "required_capability"]

_IAM_NAMES = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}
_IAM_OTHERS = {"AWS::IAM::Policy", "AWS::IAM::AccessKey", "AWS::IAM::UserToGroupAddition"}


class Inspector:
    """Checks templates against AWS's schemas and against what the providers offer.

    Args:
        providers: by type.
        catalogue: AWS's schemas.
    """

    def __init__(self, providers: Mapping[str, Provider], catalogue: Catalogue) -> None:
        self.providers = providers
        self.catalogue = catalogue

    def inspect(self, template: Template) -> None:
        """Refuse what cannot be made, before anything is made.

        Raises:
            ServiceError: `ValidationError` for what AWS would refuse too, `UnsupportedOperation` for types and
                properties that AWS has and the local world does not offer.
        """
        self._types(template)
        for resource in template.resources.values():
            faults = check(self.catalogue.schema(resource.type), resource.properties)
            if faults:
                raise invalid(
                    f"Properties validation failed for resource {resource.logical_id} with message:\n"
                    f"[{', '.join(faults)}]"
                )
            missing = sorted(set(_not_in(self.providers[resource.type].offers, resource.properties, "")))
            if missing:
                raise not_offered(
                    f"the properties [{', '.join(missing)}] of {resource.type} (resource {resource.logical_id})"
                )
        check_references(template, lambda kind: self.providers[kind].attributes)

    def _types(self, template: Template) -> None:
        types = {resource.type for resource in template.resources.values()}
        if unknown := sorted(types - self.providers.keys() - self.catalogue.types.keys()):
            raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
        if foreign := sorted(types - self.providers.keys()):
            raise not_offered(
                f"the resource types [{', '.join(foreign)}]; it offers: {', '.join(sorted(self.providers))}"
            )


def required_capability(template: Template) -> tuple[str, list[str]]:
    """The capability that a template needs (empty for none), and the types that need it."""
    iam = [item for item in template.resources.values() if item.type in _IAM_NAMES or item.type in _IAM_OTHERS]
    if not iam:
        return "", []
    named = any(_IAM_NAMES.get(item.type, "-") in item.properties for item in iam)
    return ("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"), sorted({item.type for item in iam})


def _not_in(offer: Offer, value: Any, path: str) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in _not_in(offer, item, path)]
    if not isinstance(value, dict):
        return []
    call = function_of(value)
    if call is not None:
        name, argument = call
        branches = argument[1:] if name == "Fn::If" and isinstance(argument, list) else []
        return [found for branch in branches for found in _not_in(offer, branch, path)]
    missing = []
    for key, item in value.items():
        here = f"{path}/{key}".lstrip("/")
        if key not in offer:
            missing.append(here)
        elif offer[key] is not None:
            missing += _not_in(offer[key], item, here)
    return missing


class StackLookup:
    """What a stack's template may look up.

    Args:
        stack: the stack; its resources are read as they are at the time.
        settings: the parameters to read.
        store: for imports.
        zones: Availability Zones by Region.
    """

    def __init__(self, stack: Stack, settings: Settings, store: StackStore, zones: Callable[[str], list[str]]) -> None:
        self._stack = stack
        self._settings = settings
        self._store = store
        self._zones = zones
        self.imports: set[str] = set()
        self._pseudo: dict[str, Any] = {
            "AWS::AccountId": stack.account,
            "AWS::NotificationARNs": [],
            "AWS::Partition": partition_of(stack.region),
            "AWS::Region": stack.region,
            "AWS::StackId": stack.id,
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": url_suffix(stack.region),
        }

    def reference(self, name: str) -> Any:
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._settings.parameters:
            return self._settings.parameters[name].value
        state = self._stack.resources.get(name)
        if state is None or not state.physical_id:
            raise invalid(f"Template format error: Unresolved resource dependencies [{name}]")
        return state.physical_id

    def attribute(self, logical_id: str, attribute: str) -> Any:
        state = self._stack.resources.get(logical_id)
        if state is None:
            raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {logical_id}")
        if attribute not in state.attributes:
            raise invalid(f"Attribute '{attribute}' of resource {logical_id} does not exist")
        return state.attributes[attribute]

    def imported(self, export: str) -> str:
        found = self._store.exports(self._stack.account, self._stack.region).get(export)
        if found is None:
            raise invalid(f"No export named {export} found.")
        self.imports.add(export)
        return found[1]

    def zones(self, region: str) -> list[str]:
        return self._zones(region or self._stack.region)


@dataclass(frozen=True)
class Blueprint:
    """What is to be made.

    Args:
        active: the resources whose condition holds.
        graph: what each of them needs.
    """

    settings: Settings
    active: Mapping[str, Resource]
    graph: Mapping[str, frozenset[str]]
    resolver: Resolver
    lookup: StackLookup


def draw(settings: Settings, lookup: StackLookup) -> Blueprint:
    """A blueprint from settings whose template was inspected.

    Raises:
        ServiceError: `ValidationError` for a reference to what is not made, or a circle.
    """
    template = settings.template
    resolver = Resolver(lookup, template.mappings, template.conditions)
    active = active_resources(template, resolver)
    if not active:
        raise invalid("Template format error: At least one Resources member must be defined.")
    graph = dependency_graph(template, active, resolver)
    return Blueprint(settings, active, graph, resolver, lookup)
