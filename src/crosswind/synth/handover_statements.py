"""The IAM statements of handovers: what Airflow does to publish, move and confirm them. Each statement stands once.

What a handover is, and where its objects lie: `crosswind.airflow.handover`. Actions and their condition keys:
docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crosswind.synth.arns import bucket_arn, key_arn, pattern, site_arn
from crosswind.synth.grants import ORCHESTRATOR, Grant, Verb, folders, mover
from crosswind.synth.layout import Layout, camel
from crosswind.synth.object_statements import Paths, objects
from crosswind.synth.roles import Statement, allow

__all__ = [
    "airflow",
    "carried",
    "fetch",
    "fetched",
    "handover_arn",
    "lineage_arn",
    "model_arn",
    "queue_arn",
    "tell_failures",
    "write_once",
]

# docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html: whoever copies an object copies its tags too.
_FETCH = ("s3:GetObjectVersion", "s3:GetObjectVersionTagging")
# docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions; the parts that are there already
# tell where a copy that was interrupted goes on.
_CARRY = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject", "s3:PutObjectTagging")


def airflow(layout: Layout, found: Sequence[Grant], account: str) -> list[Statement]:
    """What the cross-account role of an account does for handovers and submissions.

    Args:
        layout: of the topology.
        found: all grants.
        account: its declared name.
    """

    def here(*verbs: Verb) -> Paths:
        identity = layout.account_id(account)
        return {b: p for b, p in folders(found, ORCHESTRATOR, *verbs).items() if layout.bucket_account(b) == identity}

    return [
        *_pin(layout, here("pin")),
        *_put(layout, "Publish", here("publish"), handover_arn),
        *_put(layout, "Record", here("record"), lineage_arn),
        *_name_models(layout, here("record")),
        *_claim(layout, here("claim")),
        *_inspect(layout, here("inspect")),
        *_receive(layout, here("inspect")),
        *fetch(layout, fetched(layout, found, account)),
        *_carry(layout, carried(layout, found, account)),
    ]


def fetched(layout: Layout, found: Sequence[Grant], account: str) -> Paths:
    """What movers into an account's buckets read at the source, in any account."""
    return _of_movers(layout, found, account, "fetch")


def carried(layout: Layout, found: Sequence[Grant], account: str) -> Paths:
    """What movers write in an account's buckets."""
    return _of_movers(layout, found, account, "carry")


def fetch(layout: Layout, paths: Paths) -> list[Statement]:
    """A mover reads exactly the versions that were handed over; the same stands in another account's bucket policy."""
    return objects(layout, "Fetch", _FETCH, paths)


def handover_arn(layout: Layout, bucket: str, path: str) -> dict[str, Any]:
    """The handovers of a folder, one below each run's."""
    return key_arn(layout, bucket, f"{path}/*/handover.json")


def lineage_arn(layout: Layout, bucket: str, path: str) -> dict[str, Any]:
    """The records beside the models of a folder."""
    return key_arn(layout, bucket, f"{path}/*/output/lineage.json")


def model_arn(layout: Layout, bucket: str, path: str) -> dict[str, Any]:
    """The models of a folder, where SageMaker puts them.

    Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html.
    """
    return key_arn(layout, bucket, f"{path}/*/output/model.tar.gz")


def queue_arn(layout: Layout, bucket: str) -> dict[str, Any]:
    """The queue in which S3 tells what it failed to replicate from a bucket."""
    return site_arn(layout, layout.topology.buckets[bucket].site, "sqs", layout.names.failures_queue(bucket))


def tell_failures(layout: Layout, bucket: str) -> Statement:
    """A queue policy's statement: S3 sends, for this bucket of this account.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html.
    """
    return {
        "Sid": "TellFailures",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn(layout, bucket),
        "Condition": {
            "ArnEquals": {"aws:SourceArn": bucket_arn(layout, bucket)},
            "StringEquals": {"aws:SourceAccount": layout.bucket_account(bucket)},
        },
    }


def write_once(layout: Layout, bucket: str, paths: Sequence[str]) -> Statement:
    """A bucket policy's statement: a handover is put where none is, by whomever. Replicas are no puts.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html; uploads in parts are not let
    through, since a manifest is put in one call.
    """
    return {
        "Sid": "HandoversOnce",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": [handover_arn(layout, bucket, path) for path in paths],
        "Condition": {"Null": {"s3:if-none-match": "true"}},
    }


def _pin(layout: Layout, paths: Paths) -> list[Statement]:
    """Versions, by folder. `IfExists` as with the listing of keys: S3 tells 404 to those who may list."""
    listing = [
        allow(
            f"ListVersions{camel(bucket)}",
            ["s3:ListBucketVersions"],
            [bucket_arn(layout, bucket)],
            {"StringLikeIfExists": {"s3:prefix": [pattern(path) for path in paths[bucket]]}},
        )
        for bucket in paths
    ]
    return [*listing, *objects(layout, "Pin", ["s3:GetObjectVersion"], paths)]


def _put(
    layout: Layout, verb: str, paths: Paths, record_arn: Callable[[Layout, str, str], dict[str, Any]]
) -> list[Statement]:
    """One object below each run's folder."""
    return [
        allow(f"{verb}{camel(b)}", ["s3:PutObject"], [record_arn(layout, b, path) for path in paths[b]]) for b in paths
    ]


def _name_models(layout: Layout, paths: Paths) -> list[Statement]:
    """A record names its model by version, which HeadObject tells to those who may read the object."""
    return [
        allow(f"NameModels{camel(b)}", ["s3:GetObject"], [model_arn(layout, b, path) for path in paths[b]])
        for b in paths
    ]


def _claim(layout: Layout, paths: Paths) -> list[Statement]:
    """Claims are made and taken over by conditional puts; `If-Match` asks for the right to read as well.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html.
    """
    return objects(layout, "Claim", ["s3:GetObject", "s3:PutObject"], paths)


def _inspect(layout: Layout, paths: Paths) -> list[Statement]:
    """What tells why S3 does not replicate, where it does not tell itself."""
    ends = [r for r in layout.topology.replications.values() if r.by_s3]
    rules = [bucket_arn(layout, b) for b in paths if any(r.source == b and r.folder in paths[b] for r in ends)]
    versioning = [bucket_arn(layout, b) for b in paths if any(r.target == b and r.folder in paths[b] for r in ends)]
    return [
        *([allow("InspectRules", ["s3:GetReplicationConfiguration"], rules)] if rules else []),
        *([allow("InspectVersioning", ["s3:GetBucketVersioning"], versioning)] if versioning else []),
    ]


def _receive(layout: Layout, paths: Paths) -> list[Statement]:
    """Messages of one's own are deleted, those of others given back."""
    told = [b for b in paths if set(layout.failure_folders(b)) & set(paths[b])]
    actions = ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage"]
    queues = [queue_arn(layout, bucket) for bucket in told]
    return [allow("ReceiveFailures", [f"sqs:{action}" for action in actions], queues)] if queues else []


def _carry(layout: Layout, paths: Paths) -> list[Statement]:
    """Copies, resumable: and among them the manifest of what arrived."""
    carry = objects(layout, "Carry", _CARRY, paths)
    buckets = [bucket_arn(layout, bucket) for bucket in paths]
    return [*carry, allow("ListUploads", ["s3:ListBucketMultipartUploads"], buckets)] if buckets else []


def _of_movers(layout: Layout, found: Sequence[Grant], account: str, verb: Verb) -> Paths:
    paths: dict[str, set[str]] = {}
    for name, replication in layout.topology.replications.items():
        if layout.bucket_account(replication.destination) == layout.account_id(account):
            for bucket, folders_ in folders(found, mover(name), verb).items():
                paths.setdefault(bucket, set()).update(folders_)
    return {bucket: tuple(sorted(paths[bucket])) for bucket in sorted(paths)}
