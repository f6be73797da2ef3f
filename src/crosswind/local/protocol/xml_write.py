"""Outputs into XML, for query, ec2 and rest-xml."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from crosswind.local.protocol.scalars import scalar_to_text
from crosswind.local.protocol.xml_read import member_key

__all__ = ["element", "write_members"]


def element(name: str, inner: str, namespace: str = "") -> str:
    """One element, its content already XML."""
    attribute = f" xmlns={quoteattr(namespace)}" if namespace else ""
    return f"<{name}{attribute}>{inner}</{name}>"


def write_members(shape: Any, value: dict[str, Any]) -> str:
    """The members of a structure that stand in the body."""
    parts = []
    for name, member in shape.members.items():
        if value.get(name) is None or "location" in member.serialization:
            continue
        if member.serialization.get("xmlAttribute"):
            continue
        parts.append(_member(member_key(member, name), member, value[name]))
    return "".join(parts)


def _member(key: str, shape: Any, value: Any) -> str:
    kind = shape.type_name
    if kind == "list":
        return _list(key, shape, value)
    if kind == "map":
        return _map(key, shape, value)
    if kind == "structure":
        return f"<{key}{_attributes(shape, value)}>{write_members(shape, value)}</{key}>"
    return element(key, escape(scalar_to_text(shape, value, "iso8601")))


def _attributes(shape: Any, value: dict[str, Any]) -> str:
    text = ""
    for name, member in shape.members.items():
        if member.serialization.get("xmlAttribute") and value.get(name) is not None:
            prefix, _, _ = member.serialization["name"].partition(":")
            space = shape.serialization.get("xmlNamespace", {}).get("uri", "")
            text += f" xmlns:{prefix}={quoteattr(space)}"
            text += f" {member.serialization['name']}={quoteattr(str(value[name]))}"
    return text


def _list(key: str, shape: Any, value: Any) -> str:
    if shape.serialization.get("flattened"):
        return "".join(_member(key, shape.member, item) for item in value)
    name = shape.member.serialization.get("name", "member")
    return element(key, "".join(_member(name, shape.member, item) for item in value))


def _map(key: str, shape: Any, value: Any) -> str:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    flattened = shape.serialization.get("flattened")
    entries = [
        element(
            key if flattened else "entry",
            _member(key_name, shape.key, name) + _member(value_name, shape.value, item),
        )
        for name, item in value.items()
    ]
    return "".join(entries) if flattened else element(key, "".join(entries))
