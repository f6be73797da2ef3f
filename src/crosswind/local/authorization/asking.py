"""A call as the tables read it: parameters by path, ARNs, tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosswind.local.authorization.facts import Facts
from crosswind.local.edge.call import Call, ServiceError
from crosswind.local.partitions import partition_of

__all__ = ["Ask", "Context", "account_in", "request_tags", "tags_in", "unknown"]

Context = dict[str, str | Sequence[str]]
"""Condition keys of one need."""

# How the services spell a list of tags and its items.
_TAG_MEMBERS = ("Tags", "tags", "TagList", "TagsToAdd", "tagsToAdd")
_KEY_MEMBERS = ("TagKeys", "tagKeys", "TagsToRemove", "tagKeyList")
_KEYS, _VALUES = ("Key", "key", "TagKey", "tagKey"), ("Value", "value", "TagValue", "tagValue")


def unknown(call: Call) -> ServiceError:
    """The refusal of a call of which no table knows the needs."""
    name = f"{call.service}:{call.operation}"
    text = f"The local world does not know which rights {name} needs, so it refuses it."
    return ServiceError("NotImplemented", text, 501)


def account_in(arn: str, default: str) -> str:
    """The account that an ARN names, `default` when it names none (S3, AWS's own policies)."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else default


class Ask:
    """One call, the facts, and what both together say.

    Args:
        call: the call.
        facts: the world's state.
    """

    __slots__ = ("account", "call", "caller", "facts", "parameters", "partition", "region")

    def __init__(self, call: Call, facts: Facts) -> None:
        self.call = call
        self.facts = facts
        self.parameters: Mapping[str, Any] = call.parameters
        self.account = call.account
        self.caller = call.principal.account
        self.region = call.region
        self.partition = partition_of(call.region)

    def text(self, path: str) -> str:
        """The first value at a path, empty when there is none."""
        return next(self.values(path), "")

    def values(self, path: str) -> Iterator[str]:
        """All texts at a path of members, such as `Targets.RoleArn`; lists are walked, members split at `|`."""
        for one in path.split("|"):
            found = list(_walk(self.parameters, one.split(".")))
            if found:
                yield from found
                return

    def arn(self, service: str, rest: str, *, region: bool = True) -> str:
        """An ARN of the account and Region that are asked."""
        return f"arn:{self.partition}:{service}:{self.region if region else ''}:{self.account}:{rest}"

    def tagged(self, arn: str, prefixes: Sequence[str] = ("aws",)) -> Context:
        """The `aws:ResourceTag/...` keys of a resource that is there."""
        if arn == "*":
            return {}
        tags = self.facts.resource_tags(arn)
        return {f"{prefix}:ResourceTag/{key}": value for key, value in tags.items() for prefix in prefixes}


def tags_in(parameters: Mapping[str, Any]) -> Context:
    """The `aws:RequestTag/...` and `aws:TagKeys` keys of the tags that a request sets or takes away."""
    found: dict[str, str] = {}
    for member in _TAG_MEMBERS:
        found |= _pairs(parameters.get(member))
    keys = list(found)
    for member in _KEY_MEMBERS:
        keys += [key for key in parameters.get(member) or () if isinstance(key, str)]
    return request_tags(found, keys)


def request_tags(tags: Mapping[str, str], keys: Sequence[str] | None = None) -> Context:
    """Condition keys of tags in a request."""
    context: Context = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if keys or tags:
        context["aws:TagKeys"] = list(tags if keys is None else keys)
    return context


def _pairs(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(key): str(text) for key, text in value.items() if isinstance(text, str)}
    if not isinstance(value, list):
        return {}
    return {
        str(next((tag[k] for k in _KEYS if k in tag), "")): str(next((tag[v] for v in _VALUES if v in tag), ""))
        for tag in value
        if isinstance(tag, Mapping)
    }


def _walk(value: Any, path: Sequence[str]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, path)
    elif not path:
        if isinstance(value, str):
            if value:
                yield value
        elif isinstance(value, int) and not isinstance(value, bool):
            yield str(value)
    elif isinstance(value, Mapping):
        if path[0] == "*":
            for item in value.values():
                yield from _walk(item, path[1:])
        elif path[0] in value:
            yield from _walk(value[path[0]], path[1:])
