"""rest-xml bodies into botocore's shapes."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from crosswind.local.protocol.scalars import malformed, scalar_from_text

__all__ = ["parse_xml"]


def parse_xml(shape: Any, body: bytes) -> dict[str, Any]:
    """A structure, from a document whose root is the structure; `{}` for an empty body."""
    if not body.strip():
        return {}
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - expat bounds entity expansion; the peer is on this machine
    except ElementTree.ParseError:
        raise malformed("The XML you provided was not well-formed.") from None
    return _structure(shape, root)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _structure(shape: Any, node: ElementTree.Element) -> dict[str, Any]:
    children: dict[str, list[ElementTree.Element]] = {}
    for child in node:
        children.setdefault(_local(child.tag), []).append(child)
    attributes = {_local(name): value for name, value in node.attrib.items()}
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        if "location" in member.serialization:
            continue
        key = member_key(member, name)
        if member.serialization.get("xmlAttribute"):
            plain = key.rpartition(":")[2]
            if plain in attributes:
                found[name] = attributes[plain]
        elif key in children:
            found[name] = _value(member, children[key])
    return found


def member_key(member: Any, name: str) -> str:
    """The element's name of a member; a flattened list goes by its items' name."""
    if member.type_name == "list" and member.serialization.get("flattened"):
        item = member.member.serialization.get("name")
        if item is not None:
            return str(item)
    return str(member.serialization.get("name", name))


def _value(shape: Any, nodes: list[ElementTree.Element]) -> Any:
    kind = shape.type_name
    flattened = shape.serialization.get("flattened")
    if kind == "list":
        items = nodes if flattened else list(nodes[0])
        return [_value(shape.member, [item]) for item in items]
    if kind == "map":
        return _map(shape, nodes if flattened else list(nodes[0]))
    if kind == "structure":
        return _structure(shape, nodes[0])
    return scalar_from_text(shape, nodes[0].text or "")


def _map(shape: Any, entries: list[ElementTree.Element]) -> dict[str, Any]:
    key = shape.key.serialization.get("name", "key")
    value = shape.value.serialization.get("name", "value")
    found = {}
    for entry in entries:
        parts = {_local(part.tag): part for part in entry}
        if key in parts and value in parts:
            found[parts[key].text or ""] = _value(shape.value, [parts[value]])
    return found
