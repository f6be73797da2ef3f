"""AWS::KMS::Alias."""

from __future__ import annotations

from crosswind.local.cloudformation.providers.calls import offering, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties

__all__ = ["KmsAlias"]


class KmsAlias:
    """A key's alias."""

    type_name = "AWS::KMS::Alias"
    offers = offering("AliasName", "TargetKeyId")
    attributes: frozenset[str] = frozenset()
    tags = ""

    def create(self, properties: Properties, context: Context) -> Made:
        name = str(properties["AliasName"])
        context.client("kms").create_alias(AliasName=name, TargetKeyId=properties["TargetKeyId"])
        context.made(name)
        return Made(name)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        context.client("kms").update_alias(AliasName=physical_id, TargetKeyId=new["TargetKeyId"])
        return Made(physical_id)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("kms").delete_alias(AliasName=physical_id)
