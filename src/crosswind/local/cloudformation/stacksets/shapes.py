"""A StackSet in botocore's shapes."""

from __future__ import annotations

from typing import Any

from crosswind.local.cloudformation.stacks.shapes import described_parameters
from crosswind.local.cloudformation.stacksets.model import Instance, OperationResult, SetOperation, StackSet

__all__ = ["described_instance", "described_operation", "described_result", "described_set", "summarised_set"]

Shape = dict[str, Any]


def _filled(**members: Any) -> Shape:
    return {name: value for name, value in members.items() if value not in (None, "")}


def described_set(stack_set: StackSet) -> Shape:
    """DescribeStackSet's `StackSet`."""
    with stack_set.lock:
        settings = stack_set.settings
        return _filled(
            StackSetName=stack_set.name,
            StackSetId=stack_set.id,
            Description=settings.description or settings.template.description,
            Status=stack_set.status,
            TemplateBody=settings.template.body,
            Parameters=described_parameters(settings.parameters),
            Capabilities=list(settings.capabilities),
            Tags=[{"Key": key, "Value": value} for key, value in settings.tags.items()],
            StackSetARN=stack_set.arn,
            AdministrationRoleARN=settings.administration_role,
            ExecutionRoleName=settings.execution_role,
            OrganizationalUnitIds=[],
            PermissionModel="SELF_MANAGED",
            ManagedExecution={"Active": False},
            Regions=sorted({region for _, region in stack_set.instances}),
        )


def summarised_set(stack_set: StackSet) -> Shape:
    """One member of ListStackSets' `Summaries`."""
    with stack_set.lock:
        return _filled(
            StackSetName=stack_set.name,
            StackSetId=stack_set.id,
            Description=stack_set.settings.description or stack_set.settings.template.description,
            Status=stack_set.status,
            PermissionModel="SELF_MANAGED",
            DriftStatus="NOT_CHECKED",
            ManagedExecution={"Active": False},
        )


def described_instance(stack_set: StackSet, instance: Instance, *, whole: bool) -> Shape:
    """DescribeStackInstance's `StackInstance` (`whole`), or one member of ListStackInstances' `Summaries`."""
    shape = _filled(
        StackSetId=stack_set.id,
        Region=instance.region,
        Account=instance.account,
        StackId=instance.stack_id,
        Status=instance.status,
        StatusReason=instance.reason,
        StackInstanceStatus={"DetailedStatus": instance.detailed},
        DriftStatus="NOT_CHECKED",
        LastOperationId=instance.operation_id,
    )
    if whole:
        shape["ParameterOverrides"] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in instance.overrides.items()
        ]
    return shape


def described_operation(stack_set: StackSet, operation: SetOperation, *, whole: bool) -> Shape:
    """DescribeStackSetOperation's `StackSetOperation` (`whole`), or one member of `Summaries`."""
    with stack_set.lock:
        shape = _filled(
            OperationId=operation.id,
            Action=operation.action,
            Status=operation.status,
            CreationTimestamp=operation.created,
            EndTimestamp=operation.ended,
            StatusReason=operation.reason,
            StatusDetails={"FailedStackInstancesCount": operation.failed},
            OperationPreferences=dict(operation.preferences),
        )
        if whole:
            shape |= _filled(
                StackSetId=stack_set.id,
                AdministrationRoleARN=operation.settings.administration_role,
                ExecutionRoleName=operation.settings.execution_role,
                RetainStacks=operation.retain if operation.action == "DELETE" else None,
            )
        return shape


def described_result(result: OperationResult) -> Shape:
    """One member of ListStackSetOperationResults' `Summaries`."""
    gate = {"Status": "SKIPPED", "StatusReason": "Function not found"}
    return _filled(
        Account=result.account,
        Region=result.region,
        Status=result.status,
        StatusReason=result.reason,
        AccountGateResult=gate,
    )
