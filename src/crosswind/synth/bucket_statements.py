"""The IAM statements of bucket policies, and of the role under which S3 replicates. Each statement stands once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.synth.arns import bucket_arn, object_arn, pattern
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement, allow
from crosswind.synth.template import sub

__all__ = ["execution_role_grant", "replica_grant", "replication", "tls_only"]


def replication(layout: Layout, bucket: str, destinations: Mapping[str, tuple[str, ...]]) -> list[Statement]:
    """S3's role for replicating from a bucket.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html.

    Args:
        layout: of the topology.
        bucket: the source.
        destinations: folders by the parameter that holds the destination's name.
    """
    paths = sorted({folder for folders_ in destinations.values() for folder in folders_})
    return [
        allow("ReadRules", ["s3:GetReplicationConfiguration", "s3:ListBucket"], [bucket_arn(layout, bucket)]),
        allow(
            "ReadVersions",
            ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"],
            [object_arn(layout, bucket, path) for path in paths],
        ),
        allow(
            "WriteReplicas",
            ["s3:ReplicateObject", "s3:ReplicateTags"],
            [
                sub(f"arn:${{AWS::Partition}}:s3:::${{{parameter}}}/{folder}/*")
                for parameter, folders_ in sorted(destinations.items())
                for folder in folders_
            ],
        ),
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


def replica_grant(layout: Layout, bucket: str, sources: Mapping[str, tuple[str, ...]]) -> list[Statement]:
    """A bucket policy's statements for replication from other accounts' buckets into this one.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-walkthrough-2.html.

    Args:
        layout: of the topology.
        bucket: the destination.
        sources: folders by source bucket, for sources in other accounts only.
    """
    return [
        {
            "Sid": f"ReplicasFrom{camel(source)}",
            "Effect": "Allow",
            "Principal": {"AWS": sub(f"arn:${{AWS::Partition}}:iam::{layout.bucket_account(source)}:root")},
            "Action": ["s3:ReplicateObject", "s3:ReplicateTags"],
            "Resource": [object_arn(layout, bucket, folder) for folder in paths],
            "Condition": {"ArnEquals": {"aws:PrincipalArn": sub(_role(layout, source))}},
        }
        for source, paths in sorted(sources.items())
    ]


def _role(layout: Layout, source: str) -> str:
    account, role = layout.bucket_account(source), layout.names.replication_role(source)
    return f"arn:${{AWS::Partition}}:iam::{account}:role/{role}"
