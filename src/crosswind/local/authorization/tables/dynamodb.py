"""DynamoDB: tables, their indexes, and batches that name several.

Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide/api-permissions-reference.html. The condition keys of
fine-grained access (`dynamodb:LeadingKeys`, `dynamodb:Attributes`) are not given, and PartiQL is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from crosswind.local.authorization.asking import Ask, Context, account_in
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Row, Table
from crosswind.local.edge.call import ServiceError

__all__ = ["TABLE"]

_T = TypeVar("_T")
_WRITES: Mapping[str, str] = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


def _table(ask: Ask, name: str) -> str:
    return name if name.startswith("arn:") else ask.arn("dynamodb", f"table/{name}")


def _need(ask: Ask, action: str, name: str, context: Context | None = None) -> Need:
    arn = _table(ask, name)
    return Need(f"dynamodb:{action}", arn, account_in(arn, ask.account), (context or {}) | ask.tagged(arn))


def _batch(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        names = list(ask.parameters.get("RequestItems") or ())
        return [_need(ask, action, name) for name in _some(names)]

    return row


def _transaction(ask: Ask) -> list[Need]:
    found = [
        (_WRITES.get(kind, "GetItem"), str(of.get("TableName", "")))
        for item in ask.parameters.get("TransactItems") or ()
        for kind, of in item.items()
        if isinstance(of, Mapping)
    ]
    return [_need(ask, action, name) for action, name in _some(list(dict.fromkeys(found)))]


def _some(found: list[_T]) -> list[_T]:
    if not found:
        raise ServiceError("ValidationException", "The request names no table.", 400)
    return found


def _reading(action: str) -> Row:
    """A query or scan, which is of the index where one is named."""

    def row(ask: Ask) -> list[Need]:
        name, index = ask.text("TableName"), ask.text("IndexName")
        if not name:
            raise ServiceError("ValidationException", "TableName is missing.", 400)
        context: Context = {"dynamodb:Select": ask.text("Select")} if ask.text("Select") else {}
        arn = _table(ask, name) + (f"/index/{index}" if index else "")
        return [Need(f"dynamodb:{action}", arn, account_in(arn, ask.account), context | ask.tagged(arn))]

    return row


TABLE = Table(
    prefix="dynamodb",
    names={
        "BackupName": "BackupArn",
        "GlobalTableName": "GlobalTableName",
        "TableName": "TableName|TableArn|SourceTableName",
    },
    resources={
        "ListTagsOfResource": "{ResourceArn}",
        "TagResource": "{ResourceArn}",
        "UntagResource": "{ResourceArn}",
    },
    tagging="TagResource",
    rows={
        "BatchGetItem": _batch("BatchGetItem"),
        "BatchWriteItem": _batch("BatchWriteItem"),
        "Query": _reading("Query"),
        "Scan": _reading("Scan"),
        "TransactGetItems": _transaction,
        "TransactWriteItems": _transaction,
    },
)
"""Rights of DynamoDB."""
