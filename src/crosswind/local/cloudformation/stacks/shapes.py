"""A stack in botocore's shapes. Members without a value are left out, as AWS leaves them out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.local.cloudformation.stacks.model import Event, ResourceState, Stack
from crosswind.local.cloudformation.template.parameters import ParameterValue, declared_type, no_echo

__all__ = [
    "described_event",
    "described_parameters",
    "described_resource",
    "described_stack",
    "summarised_resource",
    "summarised_stack",
    "template_parameters",
]

Shape = dict[str, Any]
_DRIFT = "NOT_CHECKED"


def _filled(**members: Any) -> Shape:
    return {name: value for name, value in members.items() if value not in (None, "")}


def described_stack(stack: Stack) -> Shape:
    """One member of DescribeStacks' `Stacks`."""
    with stack.lock:
        settings = stack.settings
        return _filled(
            StackId=stack.id,
            StackName=stack.name,
            Description=settings.template.description,
            Parameters=described_parameters(settings.parameters),
            CreationTime=stack.created,
            LastUpdatedTime=stack.updated,
            DeletionTime=stack.deleted,
            StackStatus=stack.status,
            StackStatusReason=stack.reason if stack.reason != "User Initiated" else "",
            RollbackConfiguration={},
            DisableRollback=settings.on_failure == "DO_NOTHING",
            NotificationARNs=[],
            Capabilities=list(settings.capabilities),
            Outputs=[
                _filled(
                    OutputKey=output.name,
                    OutputValue=output.value,
                    Description=output.description,
                    ExportName=output.export,
                )
                | {"OutputValue": output.value}
                for output in stack.outputs
            ],
            RoleARN=settings.role_arn,
            Tags=[{"Key": key, "Value": value} for key, value in settings.tags.items()],
            EnableTerminationProtection=stack.protected,
            DriftInformation={"StackDriftStatus": _DRIFT},
        )


def described_parameters(parameters: Mapping[str, ParameterValue]) -> list[Shape]:
    """Parameters with their values; hidden ones as `****`."""
    return [{"ParameterKey": name, "ParameterValue": value.shown} for name, value in parameters.items()]


def summarised_stack(stack: Stack) -> Shape:
    """One member of ListStacks' `StackSummaries`."""
    with stack.lock:
        return _filled(
            StackId=stack.id,
            StackName=stack.name,
            TemplateDescription=stack.settings.template.description,
            CreationTime=stack.created,
            LastUpdatedTime=stack.updated,
            DeletionTime=stack.deleted,
            StackStatus=stack.status,
            StackStatusReason=stack.reason if stack.reason != "User Initiated" else "",
            DriftInformation={"StackDriftStatus": _DRIFT},
        )


def described_event(stack: Stack, event: Event) -> Shape:
    """One member of DescribeStackEvents' `StackEvents`."""
    return _filled(
        StackId=stack.id,
        EventId=event.event_id,
        StackName=stack.name,
        LogicalResourceId=event.logical_id,
        PhysicalResourceId=event.physical_id,
        ResourceType=event.type,
        Timestamp=event.timestamp,
        ResourceStatus=event.status,
        ResourceStatusReason=event.reason,
        ClientRequestToken=event.token,
    ) | {"PhysicalResourceId": event.physical_id}


def described_resource(stack: Stack, state: ResourceState) -> Shape:
    """One member of DescribeStackResources' `StackResources`."""
    return _filled(
        StackName=stack.name,
        StackId=stack.id,
        LogicalResourceId=state.logical_id,
        PhysicalResourceId=state.physical_id,
        ResourceType=state.type,
        Timestamp=state.changed,
        ResourceStatus=state.status,
        ResourceStatusReason=state.reason,
        DriftInformation={"StackResourceDriftStatus": _DRIFT},
    )


def summarised_resource(state: ResourceState) -> Shape:
    """One member of ListStackResources' `StackResourceSummaries`."""
    return _filled(
        LogicalResourceId=state.logical_id,
        PhysicalResourceId=state.physical_id,
        ResourceType=state.type,
        LastUpdatedTimestamp=state.changed,
        ResourceStatus=state.status,
        ResourceStatusReason=state.reason,
        DriftInformation={"StackResourceDriftStatus": _DRIFT},
    )


def template_parameters(declared: Mapping[str, Mapping[str, Any]], *, typed: bool) -> list[Shape]:
    """A template's declared parameters, for ValidateTemplate and (with types) GetTemplateSummary."""
    found = []
    for name, declaration in declared.items():
        shape = _filled(ParameterKey=name, Description=declaration.get("Description"))
        shape["NoEcho"] = no_echo(declaration)
        if "Default" in declaration:
            shape["DefaultValue"] = str(declaration["Default"])
        if typed:
            shape["ParameterType"] = declared_type(declaration)
            allowed = declaration.get("AllowedValues")
            shape["ParameterConstraints"] = {"AllowedValues": [str(item) for item in allowed]} if allowed else {}
        found.append(shape)
    return found
