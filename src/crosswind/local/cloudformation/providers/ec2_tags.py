"""EC2's tags: given at creation by resource kind, changed by resource id."""

from __future__ import annotations

from typing import Any

from crosswind.local.cloudformation.providers.calls import tag_changes, tag_list
from crosswind.local.cloudformation.providers.contract import Context, Properties

__all__ = ["at_creation", "retag"]


def at_creation(kind: str, properties: Properties) -> dict[str, Any]:
    """The `TagSpecifications` argument for a resource kind, or nothing without tags."""
    tags = tag_list(properties.get("Tags"))
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def retag(resource: str, old: Properties, new: Properties, context: Context) -> None:
    """Bring a resource's tags from `old` to `new`."""
    set_tags, drop_tags = tag_changes(old, new)
    if set_tags:
        context.client("ec2").create_tags(Resources=[resource], Tags=tag_list(set_tags))
    if drop_tags:
        context.client("ec2").delete_tags(Resources=[resource], Tags=[{"Key": key} for key in drop_tags])
