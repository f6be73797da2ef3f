"""The IAM statements of handovers: what Airflow does to publish, move and confirm them. Each statement stands once.

What a handover is, and where its objects lie: `crosswind.airflow.handover`. Actions and their condition keys:
docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crosswind.synth.arns import bucket_arn, key_arn, pattern, role_arn, site_arn
from crosswind.synth.grants import ORCHESTRATOR, Grant, Verb, folders, split_ref
from crosswind.synth.layout import Layout, camel
from crosswind.synth.object_statements import Paths, objects
from crosswind.synth.roles import Statement, allow
from crosswind.topology.model import SparkJob

__all__ = [
    "airflow",
    "carried",
    "fetch",
    "fetched",
    "guard",
    "handover_arn",
    "lineage_arn",
    "model_arn",
    "queue_arn",
    "tell_failures",
]

# docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html: whoever copies an object copies its tags too.
_FETCH = ("s3:GetObjectVersion", "s3:GetObjectVersionTagging")
# docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions; the parts that are there already
# tell where a copy that was interrupted goes on. What is there already is looked at first, without a version.
_CARRY = (
    "s3:AbortMultipartUpload",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "s3:PutObjectTagging",
)


def airflow(layout: Layout, mine: Sequence[Grant]) -> list[Statement]:
    """What a cross-account role does for handovers and submissions.

    Args:
        layout: of the topology.
        mine: the role's grants.
    """

    def paths(*verbs: Verb) -> Paths:
        return folders(mine, ORCHESTRATOR, *verbs)

    return [
        *_trace(layout, paths("trace")),
        *objects(layout, "Pin", ["s3:GetObjectVersion"], paths("pin")),
        *_open(layout, paths("open"), paths("read")),
        *_put(layout, "Publish", paths("publish"), handover_arn),
        *_put(layout, "Record", paths("record"), lineage_arn),
        *_name_models(layout, paths("record")),
        *_claim(layout, paths("claim")),
        *_inspect(layout, paths("inspect")),
        *_receive(layout, paths("inspect")),
        *_fetch_beside(layout, fetched(mine), paths("pin")),
        *_carry(layout, carried(mine)),
    ]


def fetched(mine: Sequence[Grant]) -> Paths:
    """What movers read at the source, in any account, of a role's grants."""
    return _of_movers(mine, "fetch")


def carried(mine: Sequence[Grant]) -> Paths:
    """What movers write at the destination, of a role's grants."""
    return _of_movers(mine, "carry")


def fetch(layout: Layout, paths: Paths) -> list[Statement]:
    """A mover reads exactly the versions that were handed over; the same stands in another account's bucket policy."""
    return objects(layout, "Fetch", _FETCH, paths)


def _fetch_beside(layout: Layout, paths: Paths, pinned: Paths) -> list[Statement]:
    """A mover in the role that pins the same folder: reading by version is allowed already."""
    found = []
    for bucket, folders_ in paths.items():
        alone = tuple(folder for folder in folders_ if folder not in pinned.get(bucket, ()))
        both = tuple(folder for folder in folders_ if folder in pinned.get(bucket, ()))
        found += fetch(layout, {bucket: alone}) if alone else []
        found += objects(layout, "FetchTags", _FETCH[1:], {bucket: both}) if both else []
    return found


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


def guard(layout: Layout, bucket: str, paths: Sequence[str]) -> list[Statement]:
    """A bucket policy's statements: Airflow alone puts handovers, where none is; only who cleans up removes one.

    A job writes the whole folder, and could else say itself what it has handed over. Replicas are no puts; a removal of
    versions is the deployer's, and no deletion of this kind.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html; uploads in parts are not let
    through, since a manifest is put in one call.
    """
    found = [grant for grant in layout.found.on(bucket) if split_ref(grant.what)[1] in paths]
    paths = sorted({split_ref(grant.what)[1] for grant in found if grant.verb in ("write", "publish")})
    if not paths:  # nobody here writes there, so that there is nobody to refuse
        return []
    publishing = {grant.pipeline for grant in found if grant.verb == "publish"}
    site = layout.topology.buckets[bucket].site
    publishers = [a for a in layout.actors if site in a.sites and (a.pipeline is None or a.pipeline in publishing)]
    cleaners = sorted({grant.who.removeprefix("job ") for grant in found if grant.verb == "delete"})

    def deny(sid: str, action: str, folders_: Sequence[str], condition: Mapping[str, Any]) -> Statement:
        return {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": action,
            "Resource": [handover_arn(layout, bucket, path) for path in folders_],
            **({"Condition": condition} if condition else {}),
        }

    # Spark's roles alone may delete what they write.
    written = [g for g in found if g.verb == "write" and g.who.removeprefix("job ") not in cleaners]
    spark = [g for g in written if isinstance(layout.topology.jobs[g.who.removeprefix("job ")], SparkJob)]
    stays = sorted({split_ref(grant.what)[1] for grant in spark})
    keep = _but([_job_role(layout, job) for job in cleaners])
    return [
        deny("HandoversOnce", "s3:PutObject", paths, {"Null": {"s3:if-none-match": "true"}}),
        deny("HandoversByAirflow", "s3:PutObject", paths, _but([_role(layout, a.account, a.role) for a in publishers])),
        *([deny("HandoversStay", "s3:DeleteObject", stays, keep)] if stays else []),
    ]


def _but(roles: Sequence[Any]) -> dict[str, Any]:
    """The condition that somebody else acts than these roles."""
    return {"ArnNotEquals": {"aws:PrincipalArn": list(roles)}} if roles else {}


def _role(layout: Layout, account: str, role: str) -> dict[str, Any]:
    return role_arn(layout.account_id(account), role)


def _job_role(layout: Layout, job: str) -> dict[str, Any]:
    return role_arn(layout.topology.account_of(layout.topology.jobs[job].site), layout.names.job_role(job))


def _open(layout: Layout, paths: Paths, read: Paths) -> list[Statement]:
    """A handover as it is now: the latest, or the one that a person names; where the folder is not read anyway."""
    found = {bucket: [f for f in folders_ if f not in read.get(bucket, ())] for bucket, folders_ in paths.items()}
    return [
        allow(f"Open{camel(bucket)}", ["s3:GetObject"], [handover_arn(layout, bucket, f) for f in folders_])
        for bucket, folders_ in found.items()
        if folders_
    ]


def _trace(layout: Layout, paths: Paths) -> list[Statement]:
    """The versions of a folder's keys."""
    return [
        allow(
            f"ListVersions{camel(bucket)}",
            ["s3:ListBucketVersions"],
            [bucket_arn(layout, bucket)],
            {"StringLike": {"s3:prefix": [pattern(path) for path in paths[bucket]]}},
        )
        for bucket in paths
    ]


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
    actions = ["ChangeMessageVisibility", "DeleteMessage", "ReceiveMessage"]
    queues = [queue_arn(layout, bucket) for bucket in told]
    return [allow("ReceiveFailures", [f"sqs:{action}" for action in actions], queues)] if queues else []


def _carry(layout: Layout, paths: Paths) -> list[Statement]:
    """Copies, resumable: and among them the manifest of what arrived."""
    carry = objects(layout, "Carry", _CARRY, paths)
    buckets = [bucket_arn(layout, bucket) for bucket in paths]
    return [*carry, allow("ListUploads", ["s3:ListBucketMultipartUploads"], buckets)] if buckets else []


def _of_movers(mine: Sequence[Grant], verb: Verb) -> Paths:
    paths: dict[str, set[str]] = {}
    for grant in mine:
        if grant.verb == verb:
            bucket, folder = split_ref(grant.what)
            paths.setdefault(bucket, set()).add(folder)
    return {bucket: tuple(sorted(paths[bucket])) for bucket in sorted(paths)}
