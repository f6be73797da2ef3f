"""A CloudFormation template as it is built: plain dicts, checked while they are added.

A resource may refer only to what was added before it, so a dangling reference and a circle are both found at
the line of code that makes them, not by CloudFormation. Sources: the intrinsic functions and pseudo
parameters in docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html and
pseudo-parameter-reference.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["Template", "get_att", "if_set", "ref", "sub"]

_PSEUDO = frozenset(
    f"AWS::{name}" for name in ("AccountId", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)
_LOGICAL_ID = re.compile(r"^[A-Za-z0-9]{1,255}$")
_SUB_NAME = re.compile(r"\$\{([^!}][^}]*)\}")


def ref(name: str) -> dict[str, Any]:
    """`Ref`: a parameter's value, a resource's physical id, or a pseudo parameter such as `AWS::Region`."""
    return {"Ref": name}


def get_att(logical_id: str, attribute: str) -> dict[str, Any]:
    """`Fn::GetAtt`: an attribute of a resource."""
    return {"Fn::GetAtt": [logical_id, attribute]}


def sub(text: str) -> dict[str, Any]:
    """`Fn::Sub`: text with `${Name}`, `${Id.Attribute}` and `${AWS::...}` filled in."""
    return {"Fn::Sub": text}


def if_set(condition: str, value: Any) -> dict[str, Any]:
    """`Fn::If`: the value when the condition holds, else nothing at all (`AWS::NoValue`)."""
    return {"Fn::If": [condition, value, ref("AWS::NoValue")]}


class Template:
    """One template.

    Args:
        description: what the stack holds; up to 1,024 bytes.
        elsewhere: logical ids of resources in another stack, each with the parameter that carries its ARN: a
            `Fn::GetAtt` of one is written as a `Ref` to the parameter, which is declared when it is first used.
    """

    def __init__(self, description: str, elsewhere: Mapping[str, str] | None = None) -> None:
        self._description = description
        self._elsewhere = dict(elsewhere or {})
        self._parameters: dict[str, dict[str, Any]] = {}
        self._conditions: dict[str, Any] = {}
        self._resources: dict[str, dict[str, Any]] = {}
        self._outputs: dict[str, dict[str, Any]] = {}
        self._told = 0

    def parameter(
        self,
        name: str,
        description: str,
        *,
        kind: str = "String",
        default: str | None = None,
        pattern: str = "",
    ) -> dict[str, Any]:
        """Declare a parameter and return a `Ref` to it.

        Args:
            name: its logical id.
            description: for the reader of the template.
            kind: its CloudFormation type.
            default: its value when none is given; without one a value must be given.
            pattern: a regular expression that the value must match.
        """
        self._claim(name)
        self._parameters[name] = {"Type": kind, "Description": description}
        if default is not None:
            self._parameters[name]["Default"] = default
        if pattern:
            self._parameters[name]["AllowedPattern"] = pattern
        return ref(name)

    def condition_set(self, parameter: str) -> str:
        """A condition `Has<parameter>`: the parameter is not empty. Declared once, if asked for often."""
        name = f"Has{parameter}"
        if name not in self._conditions:
            self._check(name, ref(parameter))
            self._conditions[name] = {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}
        return name

    def condition_all(self, name: str, conditions: Sequence[str]) -> str:
        """A condition that holds while all of these do (2 to 10)."""
        self._check(name, [{"Condition": condition} for condition in conditions])
        self._conditions[name] = {"Fn::And": [{"Condition": condition} for condition in conditions]}
        return name

    def add(
        self,
        logical_id: str,
        kind: str,
        properties: Mapping[str, Any],
        *,
        condition: str = "",
        depends_on: Sequence[str] = (),
        deletion: str = "",
    ) -> str:
        """Add a resource and return its logical id.

        Args:
            logical_id: unique in the template.
            kind: the resource type, such as `AWS::S3::Bucket`.
            properties: its properties, with intrinsic functions.
            condition: a condition's name; the resource exists only while it holds.
            depends_on: logical ids that must exist first although nothing here refers to them.
            deletion: `Delete` or `Retain`, written as both DeletionPolicy and UpdateReplacePolicy.

        Raises:
            ValueError: on a logical id that is taken or not legal, or a reference to what is not there.
        """
        self._claim(logical_id)
        resource: dict[str, Any] = {"Type": kind, "Properties": self._carried(dict(properties))}
        if condition:
            resource["Condition"] = condition
        if depends_on:
            resource["DependsOn"] = sorted(depends_on)
        if deletion:
            resource["DeletionPolicy"] = resource["UpdateReplacePolicy"] = deletion
        self._check(logical_id, resource)
        self._resources[logical_id] = resource
        return logical_id

    def output(self, name: str, value: Any, description: str) -> None:
        """Declare an output, for another stack or for people."""
        if name in self._outputs:
            raise ValueError(f"output {name} is declared twice")
        self._check(name, value)
        self._outputs[name] = {"Value": value, "Description": description}

    def added(self) -> list[str]:
        """The logical ids of the resources added since the last time."""
        new = list(self._resources)[self._told :]
        self._told = len(self._resources)
        return new

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs, sorted."""
        return tuple(sorted(self._outputs))

    @property
    def parameters(self) -> dict[str, str | None]:
        """The parameters, sorted, each with its default; None when a value must be given."""
        return {name: self._parameters[name].get("Default") for name in sorted(self._parameters)}

    def build(self) -> dict[str, Any]:
        """The template as CloudFormation takes it."""
        template: dict[str, Any] = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": self._description,
            "Resources": self._resources,
        }
        for section, content in (
            ("Parameters", self._parameters),
            ("Conditions", self._conditions),
            ("Outputs", self._outputs),
        ):
            if content:
                template[section] = content
        return template

    def _carried(self, content: Any) -> Any:
        """Content with what stands elsewhere as parameters."""
        if not self._elsewhere:
            return content
        if isinstance(content, Mapping):
            if set(content) == {"Fn::GetAtt"} and content["Fn::GetAtt"][0] in self._elsewhere:
                name = self._elsewhere[content["Fn::GetAtt"][0]]
                if name not in self._parameters:
                    self.parameter(name, f"The {content['Fn::GetAtt'][1]} of what another stack of the site holds.")
                return ref(name)
            return {key: self._carried(value) for key, value in content.items()}
        return [self._carried(item) for item in content] if isinstance(content, list | tuple) else content

    def _claim(self, logical_id: str) -> None:
        if not _LOGICAL_ID.match(logical_id):
            raise ValueError(f"{logical_id!r} is no logical id: letters and digits only")
        if logical_id in self._parameters or logical_id in self._resources:
            raise ValueError(f"{logical_id} is declared twice")

    def _check(self, owner: str, content: Any) -> None:
        for name in _names(content):
            if name.startswith("condition "):
                known = name.removeprefix("condition ") in self._conditions
            else:
                known = name in _PSEUDO or name in self._parameters or name in self._resources
            if not known:
                raise ValueError(f"{owner} refers to {name}, which is not declared before it")


def _names(content: Any) -> Iterator[str]:
    """Every name that the content refers to; a condition's as `condition NAME`."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _names_of(key, value)
    elif isinstance(content, list | tuple):
        for item in content:
            yield from _names(item)


def _names_of(key: str, value: Any) -> Iterator[str]:
    if key == "Ref":
        yield value
    elif key == "Fn::GetAtt":
        yield value[0]
    elif key == "Fn::Sub":
        yield from (name.split(".")[0] for name in _SUB_NAME.findall(value))
    elif key == "DependsOn":
        yield from value
    elif key == "Fn::If":
        yield f"condition {value[0]}"
        yield from _names(value[1:])
    elif key == "Condition" and isinstance(value, str):
        yield f"condition {value}"
    else:
        yield from _names(value)
