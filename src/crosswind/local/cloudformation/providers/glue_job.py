"""AWS::Glue::Job."""

from __future__ import annotations

from typing import Any

from crosswind.local.cloudformation.providers.calls import (
    offering,
    picked,
    tag_changes,
    tag_map,
    texts,
    unless_gone,
)
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties

__all__ = ["GlueJob"]

_SAME = (
    "AllocatedCapacity",
    "Command",
    "Connections",
    "DefaultArguments",
    "Description",
    "ExecutionClass",
    "ExecutionProperty",
    "GlueVersion",
    "LogUri",
    "MaxCapacity",
    "MaxRetries",
    "NonOverridableArguments",
    "NotificationProperty",
    "NumberOfWorkers",
    "Role",
    "SecurityConfiguration",
    "Timeout",
    "WorkerType",
)


class GlueJob:
    """A job's definition; every property has the API's own name. Those that the local Glue would lose are refused."""

    type_name = "AWS::Glue::Job"
    offers = offering("Name", "Tags", *_SAME)
    attributes: frozenset[str] = frozenset()
    tags = "map"

    def create(self, properties: Properties, context: Context) -> Made:
        name = str(properties.get("Name") or context.name(255))
        extra = {"Tags": tag_map(properties["Tags"])} if properties.get("Tags") else {}
        context.client("glue").create_job(Name=name, **_definition(properties), **extra)
        context.made(name)
        return Made(name)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        glue = context.client("glue")
        if _definition(old) != _definition(new):
            # UpdateJob sets the whole definition anew: what `new` leaves out is gone.
            glue.update_job(JobName=physical_id, JobUpdate=_definition(new))
        set_tags, drop_tags = tag_changes(old, new)
        arn = f"arn:{context.partition}:glue:{context.region}:{context.account}:job/{physical_id}"
        if set_tags:
            glue.tag_resource(ResourceArn=arn, TagsToAdd=set_tags)
        if drop_tags:
            glue.untag_resource(ResourceArn=arn, TagsToRemove=drop_tags)
        return Made(physical_id)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("glue").delete_job(JobName=physical_id)


def _definition(properties: Properties) -> dict[str, Any]:
    found = picked(properties, *_SAME)
    found |= {name: texts(found[name]) for name in ("DefaultArguments", "NonOverridableArguments") if name in found}
    # CloudFormation's schema calls these numbers; the API wants whole ones.
    return found | {name: int(found[name]) for name in ("MaxRetries", "AllocatedCapacity") if name in found}
