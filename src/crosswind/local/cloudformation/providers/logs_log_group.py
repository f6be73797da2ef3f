"""AWS::Logs::LogGroup."""

from __future__ import annotations

from crosswind.local.cloudformation.providers.calls import changed, offering, tag_changes, tag_map, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties

__all__ = ["LogsLogGroup"]


class LogsLogGroup:
    """A log group with its retention, in days."""

    type_name = "AWS::Logs::LogGroup"
    offers = offering("KmsKeyId", "LogGroupName", "RetentionInDays", "Tags")
    attributes = frozenset({"Arn"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        logs = context.client("logs")
        name = str(properties.get("LogGroupName") or context.name(512))
        extra = {"kmsKeyId": properties["KmsKeyId"]} if "KmsKeyId" in properties else {}
        if properties.get("Tags"):
            extra["tags"] = tag_map(properties["Tags"])
        logs.create_log_group(logGroupName=name, **extra)
        context.made(name)
        if "RetentionInDays" in properties:
            logs.put_retention_policy(logGroupName=name, retentionInDays=properties["RetentionInDays"])
        return self._made(name, context)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        logs = context.client("logs")
        if changed(old, new, "RetentionInDays"):
            if "RetentionInDays" in new:
                logs.put_retention_policy(logGroupName=physical_id, retentionInDays=new["RetentionInDays"])
            else:
                logs.delete_retention_policy(logGroupName=physical_id)
        if changed(old, new, "KmsKeyId"):
            if "KmsKeyId" in new:
                logs.associate_kms_key(logGroupName=physical_id, kmsKeyId=new["KmsKeyId"])
            else:
                logs.disassociate_kms_key(logGroupName=physical_id)
        set_tags, drop_tags = tag_changes(old, new)
        arn = str(self._made(physical_id, context).attributes["Arn"]).removesuffix(":*")
        if set_tags:
            logs.tag_resource(resourceArn=arn, tags=set_tags)
        if drop_tags:
            logs.untag_resource(resourceArn=arn, tagKeys=drop_tags)
        return self._made(physical_id, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("logs").delete_log_group(logGroupName=physical_id)

    def _made(self, name: str, context: Context) -> Made:
        where = f"arn:{context.partition}:logs:{context.region}:{context.account}"
        return Made(name, {"Arn": f"{where}:log-group:{name}:*"})
