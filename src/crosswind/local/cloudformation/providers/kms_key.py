"""AWS::KMS::Key."""

from __future__ import annotations

from typing import Any

from crosswind.local.cloudformation.providers.calls import (
    changed,
    document,
    offering,
    picked,
    tag_changes,
    tag_map,
    unless_gone,
)
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties

__all__ = ["KmsKey"]

_WAIT_DAYS = 30


class KmsKey:
    """A key; deleting it schedules its deletion, as on AWS."""

    type_name = "AWS::KMS::Key"
    offers = offering(
        "Description",
        "EnableKeyRotation",
        "Enabled",
        "KeyPolicy",
        "KeySpec",
        "KeyUsage",
        "MultiRegion",
        "PendingWindowInDays",
        "Tags",
    )
    attributes = frozenset({"Arn", "KeyId"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        kms = context.client("kms")
        extra: dict[str, Any] = picked(properties, "Description", "KeySpec", "KeyUsage", "MultiRegion")
        if "KeyPolicy" in properties:
            extra["Policy"] = document(properties["KeyPolicy"])
        if properties.get("Tags"):
            extra["Tags"] = _tags(tag_map(properties["Tags"]))
        key = kms.create_key(**extra)["KeyMetadata"]
        context.made(key["KeyId"])
        _apply_switches(kms, key["KeyId"], {}, properties)
        return Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        kms = context.client("kms")
        if changed(old, new, "KeyPolicy") and "KeyPolicy" in new:
            kms.put_key_policy(KeyId=physical_id, PolicyName="default", Policy=document(new["KeyPolicy"]))
        if changed(old, new, "Description"):
            kms.update_key_description(KeyId=physical_id, Description=new.get("Description", ""))
        _apply_switches(kms, physical_id, old, new)
        set_tags, drop_tags = tag_changes(old, new)
        if set_tags:
            kms.tag_resource(KeyId=physical_id, Tags=_tags(set_tags))
        if drop_tags:
            kms.untag_resource(KeyId=physical_id, TagKeys=drop_tags)
        key = kms.describe_key(KeyId=physical_id)["KeyMetadata"]
        return Made(physical_id, {"Arn": key["Arn"], "KeyId": physical_id})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("kms").schedule_key_deletion(
                KeyId=physical_id, PendingWindowInDays=properties.get("PendingWindowInDays", _WAIT_DAYS)
            )


def _apply_switches(kms: Any, key: str, old: Properties, new: Properties) -> None:
    if old.get("EnableKeyRotation", False) != new.get("EnableKeyRotation", False):
        (kms.enable_key_rotation if new.get("EnableKeyRotation") else kms.disable_key_rotation)(KeyId=key)
    if old.get("Enabled", True) != new.get("Enabled", True):
        (kms.enable_key if new.get("Enabled", True) else kms.disable_key)(KeyId=key)


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
