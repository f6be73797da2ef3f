"""A request's parameters into a stack's settings; everything that can be refused is refused here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosswind.local.cloudformation.faults import invalid, not_offered
from crosswind.local.cloudformation.stacks.blueprint import Inspector, required_capability
from crosswind.local.cloudformation.stacks.model import Settings
from crosswind.local.cloudformation.template.document import parse
from crosswind.local.cloudformation.template.parameters import resolve_parameters
from crosswind.local.edge.call import ServiceError

__all__ = ["check_capabilities", "check_tags", "new_settings", "refuse_unheard", "updated_settings"]

# What AWS has for a stack and this engine does not honour, so refuses.
_UNHEARD = (
    "DeploymentConfig",
    "DisableValidation",
    "NotificationARNs",
    "ResourceTypes",
    "RetainExceptOnCreate",
    "RollbackConfiguration",
    "StackPolicyBody",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "StackPolicyURL",
    "TimeoutInMinutes",
)
_CAPABILITIES = {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"}
_ON_FAILURE = {"ROLLBACK", "DO_NOTHING", "DELETE"}


def refuse_unheard(parameters: Mapping[str, Any], names: Sequence[str] = _UNHEARD) -> None:
    """Refuse parameters that would be ignored.

    Raises:
        ServiceError: `UnsupportedOperation`.
    """
    if found := [name for name in names if parameters.get(name)]:
        raise not_offered(f"the parameter {found[0]}")


def new_settings(parameters: Mapping[str, Any], text: str | None, inspector: Inspector) -> Settings:
    """The settings that CreateStack asks for.

    Raises:
        ServiceError: `ValidationError`, `InsufficientCapabilitiesException` or `UnsupportedOperation`.
    """
    refuse_unheard(parameters)
    if text is None:
        raise invalid("Either Template URL or Template Body must be specified.")
    template = parse(text)
    inspector.inspect(template)
    values = resolve_parameters(template, parameters.get("Parameters", ()))
    capabilities = check_capabilities(parameters, template)
    on_failure = _on_failure(parameters)
    return Settings(
        template=template,
        parameters=values,
        tags=check_tags(parameters.get("Tags", ())),
        capabilities=capabilities,
        role_arn=str(parameters.get("RoleARN", "")),
        on_failure=on_failure,
    )


def updated_settings(
    parameters: Mapping[str, Any], text: str | None, inspector: Inspector, before: Settings
) -> Settings:
    """The settings that UpdateStack asks for.

    Raises:
        ServiceError: as `new_settings`; also when there is nothing to update.
    """
    refuse_unheard(parameters)
    if parameters.get("DisableRollback"):
        raise not_offered("DisableRollback at UpdateStack")
    if parameters.get("UsePreviousTemplate"):
        if text is not None:
            raise invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL.")
        template = before.template
    elif text is None:
        raise invalid("Either Template URL or Template Body must be specified.")
    else:
        template = parse(text)
    inspector.inspect(template)
    tags = check_tags(parameters["Tags"]) if "Tags" in parameters else before.tags
    settings = Settings(
        template=template,
        parameters=resolve_parameters(template, parameters.get("Parameters", ()), before.parameters),
        tags=tags,
        capabilities=check_capabilities(parameters, template),
        role_arn=str(parameters.get("RoleARN", before.role_arn)),
        on_failure=before.on_failure,
    )
    if settings.same_work(before):
        raise invalid("No updates are to be performed.")
    return settings


def check_capabilities(parameters: Mapping[str, Any], template: Any) -> tuple[str, ...]:
    """The capabilities that were given, when they are enough.

    Raises:
        ServiceError: `InsufficientCapabilitiesException`.
    """
    given = tuple(str(item) for item in parameters.get("Capabilities", ()))
    if unknown := sorted(set(given) - _CAPABILITIES):
        raise invalid(f"Unknown capabilities: [{', '.join(unknown)}]")
    needed, _ = required_capability(template)
    enough = (
        {"CAPABILITY_NAMED_IAM"} if needed == "CAPABILITY_NAMED_IAM" else {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}
    )
    if needed and not enough & set(given):
        raise ServiceError("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]", 400)
    return given


def check_tags(tags: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Tags as a map.

    Raises:
        ServiceError: `ValidationError` for more than 50, for a key twice, or for one of AWS's own.
    """
    found: dict[str, str] = {}
    for tag in tags:
        key = str(tag.get("Key", ""))
        if key.lower().startswith("aws:"):
            raise invalid(f"aws: prefixed tag key names are not allowed for external use. [{key}]")
        if key in found:
            raise invalid(f"Duplicate tag keys are not allowed: [{key}]")
        found[key] = str(tag.get("Value", ""))
    if len(found) > 50:
        raise invalid("The number of tags is greater than the maximum allowed, 50")
    return found


def _on_failure(parameters: Mapping[str, Any]) -> str:
    chosen = parameters.get("OnFailure")
    if chosen is not None and "DisableRollback" in parameters:
        raise invalid("You may not specify both OnFailure and DisableRollback.")
    if chosen is None:
        return "DO_NOTHING" if parameters.get("DisableRollback") else "ROLLBACK"
    if chosen not in _ON_FAILURE:
        raise invalid(
            f"Value '{chosen}' at 'onFailure' failed to satisfy constraint: Member must satisfy enum value set: "
            "[ROLLBACK, DO_NOTHING, DELETE]"
        )
    return str(chosen)
