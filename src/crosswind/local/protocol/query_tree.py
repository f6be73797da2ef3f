"""The query and ec2 protocols: flat names (`Tags.member.1.Key`) into botocore's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.local.protocol.scalars import scalar_from_text

__all__ = ["parse_form"]

_Tree = dict[str, Any]
_LEAF = ""


def parse_form(shape: Any, form: Mapping[str, str], *, ec2: bool) -> dict[str, Any]:
    """The input of an operation.

    Args:
        shape: the input shape.
        form: the flat parameters, `Action` and `Version` among them.
        ec2: true for the ec2 dialect (capitalised names, lists without `member`).
    """
    tree: _Tree = {}
    for name, value in form.items():
        node = tree
        for part in name.split("."):
            node = node.setdefault(part, {})
        node[_LEAF] = value
    parsed: dict[str, Any] = _structure(shape, tree, ec2)
    return parsed


def _value(shape: Any, node: _Tree, ec2: bool) -> Any:
    if shape.type_name == "structure":
        return _structure(shape, node, ec2)
    if shape.type_name == "list":
        return _list(shape, node, ec2)
    if shape.type_name == "map":
        return _map(shape, node, ec2)
    return scalar_from_text(shape, node.get(_LEAF, ""))


def _structure(shape: Any, node: _Tree, ec2: bool) -> dict[str, Any]:
    found = {}
    for name, member in shape.members.items():
        child = node.get(_key(name, member, ec2))
        if child is not None:
            found[name] = _value(member, child, ec2)
    return found


def _key(name: str, member: Any, ec2: bool) -> str:
    serialization = member.serialization
    if ec2:
        plain = serialization.get("name", name)
        return str(serialization.get("queryName") or plain[0].upper() + plain[1:])
    flattened = member.type_name == "list" and serialization.get("flattened")
    if flattened and "name" in member.member.serialization:
        return str(member.member.serialization["name"])
    return str(serialization.get("name", name))


def _list(shape: Any, node: _Tree, ec2: bool) -> list[Any]:
    if not (ec2 or shape.serialization.get("flattened")):
        node = node.get(shape.member.serialization.get("name", "member"), {})
    return [_value(shape.member, item, ec2) for item in _numbered(node)]


def _map(shape: Any, node: _Tree, ec2: bool) -> dict[str, Any]:
    if not shape.serialization.get("flattened"):
        node = node.get("entry", {})
    key = shape.key.serialization.get("name", "key")
    value = shape.value.serialization.get("name", "value")
    return {item.get(key, {}).get(_LEAF, ""): _value(shape.value, item.get(value, {}), ec2) for item in _numbered(node)}


def _numbered(node: _Tree) -> list[_Tree]:
    return [node[number] for number in sorted((k for k in node if k.isdigit()), key=int)]
