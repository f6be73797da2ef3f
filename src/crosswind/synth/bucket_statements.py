"""The IAM statements of bucket policies, and of the role under which S3 replicates. Each statement stands once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crosswind.synth.arns import bucket_arn, object_arn, pattern
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement, allow
from crosswind.synth.template import sub
from crosswind.topology.model import Replication

__all__ = ["execution_role_grant", "replica_grant", "replication", "tls_only"]


# docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html, and for what the options of
# a replication ask for: .../delete-marker-replication.html and .../replication-change-owner.html.
_REPLICATE = ("s3:ReplicateObject", "s3:ReplicateTags")


def _replicas(
    sid: str, replications: Sequence[Replication], arn: Callable[[Replication], Any]
) -> list[tuple[str, list[str], list[Any]]]:
    """Names, actions and resources of the statements by which replicas are written: one for each option in use."""
    markers = [each for each in replications if each.delete_markers]
    handed = [each for each in replications if each.owner is not None]
    return [
        (name, list(actions), [arn(each) for each in some])
        for name, actions, some in (
            (sid, _REPLICATE, replications),
            (f"{sid}Markers", ("s3:ReplicateDelete",), markers),
            (f"{sid}Owner", ("s3:ObjectOwnerOverrideToBucketOwner",), handed),
        )
        if some
    ]


def replication(
    layout: Layout, bucket: str, replications: Sequence[Replication], name: Callable[[Layout, str], str]
) -> list[Statement]:
    """S3's role for replicating from a bucket.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html.

    Args:
        layout: of the topology.
        bucket: the source.
        replications: those of S3 from there.
        name: gives a destination's name, as a `Fn::Sub` takes it.
    """

    def replica(each: Replication) -> Any:
        return sub(f"arn:${{AWS::Partition}}:s3:::{name(layout, each.destination)}/{each.folder}/*")

    ordered = sorted(replications, key=lambda each: (name(layout, each.destination), each.folder))
    paths = sorted({each.folder for each in replications})
    return [
        allow("ReadRules", ["s3:GetReplicationConfiguration", "s3:ListBucket"], [bucket_arn(layout, bucket)]),
        allow(
            "ReadVersions",
            ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"],
            [object_arn(layout, bucket, path) for path in paths],
        ),
        *(allow(*each) for each in _replicas("WriteReplicas", ordered, replica)),
    ]


def tls_only(bucket_name: str) -> Statement:
    """A bucket policy's statement: nothing without TLS."""
    arn = f"arn:${{AWS::Partition}}:s3:::{bucket_name}"
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [sub(arn), sub(f"{arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def execution_role_grant(layout: Layout, bucket: str, role_arn: Any) -> list[Statement]:
    """A bucket policy's statements: the post's grant to the execution role, kept for `roles: single`.

    One side alone: the execution role has no rights on a site's data of its own, so nothing follows from it until
    somebody gives it some.
    """
    topology = layout.topology
    root = sub(f"arn:${{AWS::Partition}}:iam::{topology.hub_account}:root")
    paths = topology.buckets[bucket].folders
    shared: Statement = {"Effect": "Allow", "Principal": {"AWS": root}}
    only: Statement = {"ArnEquals": {"aws:PrincipalArn": role_arn}}
    return [
        {
            "Sid": "HubLists",
            "Action": "s3:ListBucket",
            "Resource": bucket_arn(layout, bucket),
            **shared,
            "Condition": {**only, "StringLike": {"s3:prefix": [pattern(path) for path in sorted(paths)]}},
        },
        {
            "Sid": "HubReads",
            "Action": "s3:GetObject",
            "Resource": [object_arn(layout, bucket, path) for path in sorted(paths)],
            **shared,
            "Condition": only,
        },
    ]


def replica_grant(layout: Layout, bucket: str, sources: Mapping[str, Sequence[Replication]]) -> list[Statement]:
    """A bucket policy's statements for replication from other accounts' buckets into this one.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-walkthrough-2.html.

    Args:
        layout: of the topology.
        bucket: the destination.
        sources: the replications by source bucket, for sources in other accounts only.
    """

    def replica(each: Replication) -> Any:
        return object_arn(layout, bucket, each.folder)

    return [
        {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"AWS": sub(f"arn:${{AWS::Partition}}:iam::{layout.bucket_account(source)}:root")},
            "Action": actions,
            "Resource": resources,
            "Condition": {"ArnEquals": {"aws:PrincipalArn": sub(_role(layout, source))}},
        }
        for source, replications in sorted(sources.items())
        for sid, actions, resources in _replicas(f"ReplicasFrom{camel(source)}", replications, replica)
    ]


def _role(layout: Layout, source: str) -> str:
    account, role = layout.bucket_account(source), layout.names.replication_role(source)
    return f"arn:${{AWS::Partition}}:iam::{account}:role/{role}"
