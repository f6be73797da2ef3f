"""What moto would carry from one service to another by itself, without asking IAM: refused where it is set up.

On AWS a service that delivers to another acts with a role, or is let in by the target's policy. moto delivers without
either, and in part into other accounts and to any URL, this world's own among them. Until such a delivery is decided as
a service's other acts are, the world does not offer it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswind.local.edge.call import Call, ServiceError
from crosswind.local.protocol import parse_input

__all__ = ["refuse_deliveries"]

_Sets = Callable[[Mapping[str, Any]], bool]
"""Whether a call, by its parameters, sets up a delivery."""


def _always(_: Mapping[str, Any]) -> bool:
    return True


def _subscribes(asked: Mapping[str, Any]) -> bool:
    return asked.get("Protocol") in ("http", "https", "lambda", "sqs")


def _notifies(asked: Mapping[str, Any]) -> bool:
    """Whether anything is sent but replication events to queues, which the edge decides (`replication.events`)."""
    wanted = asked.get("NotificationConfiguration") or {}
    queues = wanted.get("QueueConfigurations") or ()
    events = [str(event) for queue in queues for event in queue.get("Events", ())]
    return bool(wanted.keys() - {"QueueConfigurations"}) or not all(map(_of_replication, events))


def _of_replication(event: str) -> bool:
    return event.startswith("s3:Replication:")


def _logs(asked: Mapping[str, Any]) -> bool:
    return "LoggingEnabled" in (asked.get("BucketLoggingStatus") or {})


_DELIVERIES: Mapping[tuple[str, str], _Sets] = {
    ("dynamodb", "ExportTableToPointInTime"): _always,
    ("events", "CreateApiDestination"): _always,
    ("events", "PutTargets"): _always,
    ("firehose", "CreateDeliveryStream"): _always,
    ("firehose", "UpdateDestination"): _always,
    ("lambda", "CreateEventSourceMapping"): _always,
    ("lambda", "InvokeAsync"): _always,
    ("lambda", "InvokeWithResponseStream"): _always,
    ("logs", "CreateExportTask"): _always,
    ("logs", "PutSubscriptionFilter"): _always,
    ("s3", "PutBucketLogging"): _logs,
    ("s3", "PutBucketNotification"): _always,
    ("s3", "PutBucketNotificationConfiguration"): _notifies,
    ("secretsmanager", "RotateSecret"): _always,
    ("sns", "Subscribe"): _subscribes,
}


def refuse_deliveries(call: Call) -> None:
    """Refuse a call that sets up a delivery (an edge's BeforeCall).

    Raises:
        ServiceError: `NotImplemented` (501).
    """
    sets_up = _DELIVERIES.get((call.service, call.operation))
    if sets_up is None:
        return
    asked = parse_input("s3", call.operation, call.http) if call.service == "s3" else call.parameters
    if sets_up(asked):
        text = f"The local world does not offer {call.service}:{call.operation}: nobody would decide what it delivers."
        raise ServiceError("NotImplemented", text, 501)
