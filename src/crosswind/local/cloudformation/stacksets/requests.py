"""StackSet requests into settings and targets; everything that can be refused is refused here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crosswind.local.cloudformation.faults import invalid, not_offered
from crosswind.local.cloudformation.stacks.blueprint import Inspector
from crosswind.local.cloudformation.stacks.requests import check_capabilities, check_tags, refuse_unheard
from crosswind.local.cloudformation.stacksets.model import SetSettings, StackSet, Target
from crosswind.local.cloudformation.template.document import parse
from crosswind.local.cloudformation.template.parameters import resolve_parameters
from crosswind.local.partitions import partition_of

__all__ = ["overrides_of", "refuse_foreign", "set_settings", "targets_of"]

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def refuse_foreign(parameters: Mapping[str, Any]) -> None:
    """Refuse what needs AWS Organizations, or what would be ignored.

    Raises:
        ServiceError: `UnsupportedOperation`.
    """
    if parameters.get("PermissionModel", "SELF_MANAGED") != "SELF_MANAGED":
        raise not_offered("service-managed StackSets")
    if parameters.get("CallAs", "SELF") != "SELF":
        raise not_offered("CallAs DELEGATED_ADMIN")
    if (parameters.get("ManagedExecution") or {}).get("Active"):
        raise not_offered("managed execution of StackSets")
    refuse_unheard(parameters, ("AutoDeployment", "StackId", "Filters"))


def set_settings(
    parameters: Mapping[str, Any], text: str | None, inspector: Inspector, place: Target, before: StackSet | None
) -> SetSettings:
    """The settings that CreateStackSet or UpdateStackSet asks for.

    Args:
        parameters: the request.
        text: the template that it gives, if any.
        inspector: checks the template.
        place: the administering account and Region.
        before: the StackSet that is updated.

    Raises:
        ServiceError: `ValidationError`, `InsufficientCapabilitiesException` or `UnsupportedOperation`.
    """
    refuse_foreign(parameters)
    name = str(parameters["StackSetName"])
    old = before.settings if before else None
    if before is None and not _NAME.fullmatch(name):
        raise invalid(
            f"1 validation error detected: Value '{name}' at 'stackSetName' failed to satisfy constraint: Member "
            "must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    if parameters.get("UsePreviousTemplate") and old is not None:
        template = old.template
    elif text is None:
        raise invalid("Either Template URL or Template Body must be specified.")
    else:
        template = parse(text)
    inspector.inspect(template)
    role = f"arn:{partition_of(place[1])}:iam::{place[0]}:role/AWSCloudFormationStackSetAdministrationRole"
    return SetSettings(
        template=template,
        parameters=resolve_parameters(template, parameters.get("Parameters", ()), old.parameters if old else None),
        capabilities=check_capabilities(parameters, template),
        tags=check_tags(parameters["Tags"]) if "Tags" in parameters else (old.tags if old else {}),
        administration_role=str(parameters.get("AdministrationRoleARN") or (old.administration_role if old else role)),
        execution_role=str(
            parameters.get("ExecutionRoleName")
            or (old.execution_role if old else "AWSCloudFormationStackSetExecutionRole")
        ),
        description=str(parameters.get("Description", old.description if old else "")),
    )


def targets_of(parameters: Mapping[str, Any]) -> list[Target]:
    """The targets that a request names: its accounts in each of its Regions.

    Raises:
        ServiceError: `ValidationError` for an account or Region that is none.
    """
    chosen = parameters.get("DeploymentTargets") or {}
    if any(chosen.get(name) for name in ("OrganizationalUnitIds", "AccountsUrl", "AccountFilterType")):
        raise not_offered("DeploymentTargets other than Accounts")
    accounts = [str(item) for item in parameters.get("Accounts") or chosen.get("Accounts") or ()]
    regions = [str(item) for item in parameters.get("Regions", ())]
    if not accounts:
        raise invalid("Either Accounts or OrganizationalUnitIds must be specified")
    if wrong := [item for item in accounts if not _ACCOUNT.fullmatch(item)]:
        raise invalid(f"Account {wrong[0]} is not a valid account id: it has 12 digits")
    if wrong := [item for item in regions if not _REGION.fullmatch(item)]:
        raise invalid(f"Region {wrong[0]} is not supported")
    return [(account, region) for region in dict.fromkeys(regions) for account in dict.fromkeys(accounts)]


def overrides_of(parameters: Mapping[str, Any], settings: SetSettings, before: Mapping[str, str]) -> dict[str, str]:
    """`ParameterOverrides` as a map; those before them stand only where UsePreviousValue says so.

    Raises:
        ServiceError: `ValidationError` for a parameter that the template does not have.
    """
    if "ParameterOverrides" not in parameters:
        return dict(before)
    found: dict[str, str] = {}
    for entry in parameters["ParameterOverrides"]:
        key = str(entry.get("ParameterKey", ""))
        if key not in settings.parameters:
            raise invalid(f"Parameters: [{key}] do not exist in the template")
        if not entry.get("UsePreviousValue"):
            found[key] = str(entry.get("ParameterValue", ""))
        elif key in before:
            found[key] = before[key]
    return found
