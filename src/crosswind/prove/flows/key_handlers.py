"""What CloudFormation does with KMS keys and their aliases; a part of `handlers`."""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.estate import Actor, Estate
from crosswind.prove.flow import Evidence, Flow
from crosswind.prove.template_values import TemplateValues

__all__ = ["alias_handlers", "key_handlers"]

_KEY_LOOKS = ("DescribeKey", "EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags")
_KEY_CHANGES = (
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "PutKeyPolicy",
    "ScheduleKeyDeletion",
    "UntagResource",
    "UpdateKeyDescription",
)


def key_handlers(
    estate: Estate, at: Actor, template: TemplateValues, logical_id: str, page: Evidence
) -> Iterator[Flow]:
    """A key's id is not known before it is made; what follows at once comes before its tags count."""
    key = estate.arn("kms", at.region, at.owner, f"key/<{template.stand_in(logical_id)}>")
    asked = {"aws:RequestTag/crosswind:topology": estate.topology.name}
    tagged = {"aws:ResourceTag/crosswind:topology": estate.topology.name}
    yield at.flow(f"makes the key {logical_id}", "kms:CreateKey", "*", page, asked)
    yield at.flow(f"tags the key {logical_id}", "kms:TagResource", key, page, asked)
    for action in _KEY_LOOKS:
        yield at.flow(f"makes the key {logical_id}", f"kms:{action}", key, page)
    for action in _KEY_CHANGES:
        yield at.flow(f"changes the key {logical_id}", f"kms:{action}", key, page, tagged)


def alias_handlers(at: Actor, template: TemplateValues, logical_id: str, page: Evidence) -> Iterator[Flow]:
    """Both the alias and its key are asked about."""
    stack = template.stack
    properties, path = template.resources[logical_id]["Properties"], f"Resources.{logical_id}"
    name, key = (template.text(properties[each], path) for each in ("AliasName", "TargetKeyId"))
    head = f"arn:{template.partition}:kms:{stack.region}:{stack.account}:"
    for action in ("CreateAlias", "DeleteAlias", "UpdateAlias"):
        for arn in (f"{head}{name}", f"{head}key/<{key.rpartition('/')[2]}>"):
            yield at.flow(f"names a key {name}", f"kms:{action}", arn, page)
    yield at.flow(f"looks for {name}", "kms:ListAliases", "*", page)
