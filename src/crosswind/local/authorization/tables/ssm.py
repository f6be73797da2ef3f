"""Systems Manager: a parameter's name may begin with a slash, its ARN has one slash all the same.

Source: docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
"""

from __future__ import annotations

from crosswind.local.authorization.asking import Ask, tags_in, unknown
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Row, Table

__all__ = ["TABLE"]


def _parameter(_: Ask, arn: str, __: bool) -> str:
    """The parameter's ARN, without the version or label that a name may end with (`NAME:3`)."""
    head, found, name = arn.replace(":parameter//", ":parameter/", 1).partition(":parameter/")
    return f"{head}{found}{name.partition(':')[0]}"


def _of_kind(action: str) -> Row:
    """Tags are set by kind and id of a resource."""

    def row(ask: Ask) -> list[Need]:
        kind, name = ask.text("ResourceType"), ask.text("ResourceId")
        noun = {"Parameter": "parameter", "Document": "document"}.get(kind)
        if noun is None:
            raise unknown(ask.call)
        arn = ask.arn("ssm", f"{noun}/{name.lstrip('/')}")
        return [Need(f"ssm:{action}", arn, ask.account, tags_in(ask.parameters) | ask.tagged(arn))]

    return row


TABLE = Table(
    prefix="ssm",
    names={
        "DocumentName": "DocumentName|Name",
        "ParameterNameWithoutLeadingSlash": "Name|Names|Path",
    },
    resources={
        "DescribeParameters": "*",
        "AddTagsToResource": "parameter/{ResourceId}",
        "ListTagsForResource": "parameter/{ResourceId}",
        "RemoveTagsFromResource": "parameter/{ResourceId}",
    },
    passes={},
    tagging="AddTagsToResource",
    tagged={
        "CreateMaintenanceWindow": "maintenancewindow/*+",
        "CreateOpsItem": "opsitem/*+",
        "CreateOpsMetadata": "opsmetadata/*+",
        "CreatePatchBaseline": "patchbaseline/*+",
    },
    resolve=_parameter,
    rows={name: _of_kind(name) for name in ("AddTagsToResource", "ListTagsForResource", "RemoveTagsFromResource")},
)
"""Rights of Systems Manager."""
