"""AWS::Lambda::Permission."""

from __future__ import annotations

from crosswind.local.cloudformation.providers.calls import offering, picked, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError

__all__ = ["LambdaPermission"]

_SAME = (
    "Action",
    "EventSourceToken",
    "FunctionName",
    "FunctionUrlAuthType",
    "Principal",
    "PrincipalOrgID",
    "SourceAccount",
    "SourceArn",
)


class LambdaPermission:
    """One statement of a function's policy. Every property is create-only."""

    type_name = "AWS::Lambda::Permission"
    offers = offering(*_SAME)
    attributes = frozenset({"Id"})
    tags = ""

    def create(self, properties: Properties, context: Context) -> Made:
        statement = context.name(100)
        context.client("lambda").add_permission(StatementId=statement, **picked(properties, *_SAME))
        context.made(statement)
        return Made(statement, {"Id": statement})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        raise ResourceError("A permission cannot be changed, only replaced", "NotUpdatable")

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("lambda").remove_permission(FunctionName=properties["FunctionName"], StatementId=physical_id)
