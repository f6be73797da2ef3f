"""A template's text into a checked, frozen document.

Limits: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from crosswind.local.cloudformation.faults import invalid, not_offered
from crosswind.local.cloudformation.template.yaml_forms import load_yaml

__all__ = ["Output", "Resource", "Template", "parse"]

_SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
}
_SECTIONS_NOT_OFFERED = {"Transform", "Rules", "Hooks"}
_ATTRIBUTES = {
    "Condition",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdateReplacePolicy",
}
_ATTRIBUTES_NOT_OFFERED = {"CreationPolicy", "UpdatePolicy"}
_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate"),
    "UpdateReplacePolicy": ("Delete", "Retain"),
}
_LIMITS = {"Resources": 500, "Parameters": 200, "Outputs": 200, "Mappings": 200}
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")


@dataclass(frozen=True)
class Resource:
    """One member of `Resources`, its properties unevaluated."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()
    condition: str = ""
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    metadata: Any = None


@dataclass(frozen=True)
class Output:
    """One member of `Outputs`, unevaluated. `export` is the value of `Export.Name`, None when not exported."""

    name: str
    value: Any
    description: str = ""
    condition: str = ""
    export: Any = None


@dataclass(frozen=True)
class Template:
    """A checked template.

    Args:
        body: the text as it came.
        parameters: raw declarations by name.
    """

    body: str = field(repr=False)
    description: str
    parameters: Mapping[str, Mapping[str, Any]]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: Mapping[str, Resource]
    outputs: Mapping[str, Output]
    metadata: Any = None

    def same_work(self, other: Template) -> bool:
        """Whether both ask for the same: descriptions and metadata of the whole do not count."""
        return (
            dict(self.resources) == dict(other.resources)
            and dict(self.outputs) == dict(other.outputs)
            and dict(self.conditions) == dict(other.conditions)
            and dict(self.mappings) == dict(other.mappings)
        )


def parse(body: str) -> Template:
    """Parse and check a template.

    Args:
        body: JSON, or YAML with or without short forms.

    Raises:
        ServiceError: `ValidationError` for a malformed template, `UnsupportedOperation` for a section or
            attribute that AWS has and the local world does not honour.
    """
    document = _load(body)
    _check_sections(document)
    resources = _section(document, "Resources")
    if not resources:
        raise invalid("Template format error: At least one Resources member must be defined.")
    description = document.get("Description", "")
    if not isinstance(description, str):
        raise invalid("Template format error: Every Description member must be a string.")
    return Template(
        body=body,
        description=description,
        parameters=_members(document, "Parameters"),
        mappings=_members(document, "Mappings"),
        conditions=_section(document, "Conditions"),
        resources={name: _resource(name, raw) for name, raw in resources.items()},
        outputs={name: _output(name, raw) for name, raw in _section(document, "Outputs").items()},
        metadata=document.get("Metadata"),
    )


def _load(body: str) -> dict[str, Any]:
    if not body.strip():
        raise invalid("Template format error: unsupported structure.")
    if body.lstrip().startswith("{"):
        try:
            document = json.loads(body)
        except json.JSONDecodeError as error:
            place = f"(line {error.lineno}, column {error.colno})"
            raise invalid(f"Template format error: JSON not well-formed. {place}") from error
    else:
        try:
            document = load_yaml(body)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
            raise invalid(f"Template format error: YAML not well-formed.{place}") from error
    if not isinstance(document, dict):
        raise invalid("Template format error: unsupported structure.")
    return document


def _check_sections(document: Mapping[str, Any]) -> None:
    if foreign := sorted(_SECTIONS_NOT_OFFERED & document.keys()):
        raise not_offered(f"the template section {foreign[0]}")
    if unknown := sorted(str(key) for key in document.keys() - _SECTIONS):
        raise invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    version = document.get("AWSTemplateFormatVersion", "2010-09-09")
    if str(version) != "2010-09-09":
        raise invalid(
            f"Template format error: Template format version {version} is not supported. Valid value: 2010-09-09."
        )
    for section, limit in _LIMITS.items():
        count = len(document.get(section) or {})
        if count > limit:
            raise invalid(
                f"Template format error: Number of {section.lower()}, {count}, is greater than maximum allowed, {limit}"
            )


def _section(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = document.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise invalid(f"Template format error: {name} must be an object.")
    for key in section:
        if not _LOGICAL_ID.fullmatch(str(key)) and name != "Mappings":
            raise invalid(f"Template format error: {name} name {key} is non alphanumeric.")
    return section


def _members(document: Mapping[str, Any], name: str) -> dict[str, Mapping[str, Any]]:
    section = _section(document, name)
    for key, member in section.items():
        if not isinstance(member, dict):
            raise invalid(f"Template format error: Every {name} member must be an object. [{key}]")
    return section


def _resource(name: str, raw: Any) -> Resource:
    if not isinstance(raw, dict):
        raise invalid("Template format error: Any Resources member must be an object.")
    if not isinstance(raw.get("Type"), str):
        raise invalid(f"Template format error: Every Resources object must contain a Type member. [{name}]")
    if foreign := sorted(_ATTRIBUTES_NOT_OFFERED & raw.keys()):
        raise not_offered(f"the resource attribute {foreign[0]} (resource {name})")
    if unknown := sorted(str(key) for key in raw.keys() - _ATTRIBUTES):
        raise invalid(f"Invalid template resource property '{unknown[0]}'")
    properties = raw.get("Properties")
    if properties is not None and not isinstance(properties, dict):
        raise invalid(f"Template format error: Properties of resource {name} must be an object.")
    depends = raw.get("DependsOn", [])
    names = [depends] if isinstance(depends, str) else depends
    if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
        raise invalid("Template format error: DependsOn must be a string or list of strings.")
    return Resource(
        logical_id=name,
        type=raw["Type"],
        properties=properties or {},
        depends_on=tuple(names),
        condition=_condition(raw, name),
        deletion_policy=_policy(raw, "DeletionPolicy", name),
        update_replace_policy=_policy(raw, "UpdateReplacePolicy", name),
        metadata=raw.get("Metadata"),
    )


def _policy(raw: Mapping[str, Any], attribute: str, name: str) -> str:
    value = raw.get(attribute, "Delete")
    if value == "Snapshot":
        raise not_offered(f"{attribute} Snapshot (resource {name})")
    if value not in _POLICIES[attribute]:
        raise invalid(f"Template format error: Unrecognized {attribute} {value} for resource {name}")
    return str(value)


def _condition(raw: Mapping[str, Any], name: str) -> str:
    condition = raw.get("Condition", "")
    if not isinstance(condition, str):
        raise invalid(f"Template format error: Every Condition member must be a string. [{name}]")
    return condition


def _output(name: str, raw: Any) -> Output:
    if not isinstance(raw, dict):
        raise invalid("Template format error: Any Outputs member must be an object.")
    if unknown := sorted(str(key) for key in raw.keys() - {"Value", "Description", "Condition", "Export"}):
        raise invalid(f"Template format error: Unrecognized Outputs member [{', '.join(unknown)}] of {name}")
    if "Value" not in raw:
        raise invalid(f"Template format error: Every Outputs member must contain a Value object. [{name}]")
    export = raw.get("Export")
    if export is not None and (not isinstance(export, dict) or set(export) != {"Name"}):
        raise invalid(f"Template format error: Output {name} is malformed. The Export field must contain Name.")
    return Output(
        name=name,
        value=raw["Value"],
        description=str(raw.get("Description", "")),
        condition=_condition(raw, name),
        export=export["Name"] if export else None,
    )
