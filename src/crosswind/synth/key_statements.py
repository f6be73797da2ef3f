"""The IAM statements about the KMS keys of buckets, in key policies and in roles. Each statement stands once, here.

Every bucket with a key has an S3 Bucket Key, so the encryption context that S3 sends to KMS is the bucket's ARN; the
object's it is where an upload went without the Bucket Key, as one may that names its key itself. So a key's use is
bound to its bucket, and it is S3's own rights that divide the folders.
Source: docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html ("Changes to note").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosswind.synth.arns import alias_arn, bucket_arn, key_arn
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement, allow
from crosswind.synth.template import sub

__all__ = [
    "decrypt",
    "enable_iam",
    "encrypt",
    "encrypt_outputs",
    "execution_role_use",
    "guest_use",
    "only_this_key",
    "replica_use",
    "seal",
    "through_s3",
    "write_replicas",
]

# docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html: Decrypt is for uploads in parts.
_WRITE = ("kms:Decrypt", "kms:GenerateDataKey")
# .../replication-config-for-kms-objects.html: Encrypt for the replica, Decrypt for the Bucket Key it is made with.
_REPLICATE = ("kms:Decrypt", "kms:Encrypt")


def through_s3(layout: Layout, buckets: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The condition that S3 uses a key for these buckets, which are all in one Region."""
    region = layout.topology.region_of(layout.topology.buckets[buckets[0]].site)
    arns = [arn for bucket in buckets for arn in (bucket_arn(layout, bucket), key_arn(layout, bucket, "*"))]
    return {
        "StringEquals": {"kms:ViaService": sub(f"s3.{region}.${{AWS::URLSuffix}}")},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": arns},
    }


def enable_iam(layout: Layout, bucket: str) -> Statement:
    """A key policy's statement: IAM decides, in the account of the key. Without it, nobody could administer the key.

    Source: docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html.
    """
    return {
        "Sid": "EnableIam",
        "Effect": "Allow",
        "Principal": {"AWS": sub(f"arn:${{AWS::Partition}}:iam::{layout.bucket_account(bucket)}:root")},
        "Action": "kms:*",
        "Resource": "*",
    }


def execution_role_use(layout: Layout, bucket: str, role_arn: Any) -> Statement:
    """A key policy's statement: what goes with the bucket policy's grant to the hub's execution role."""
    return _foreign("HubDecrypts", layout, bucket, layout.topology.hub_account, role_arn, ["kms:Decrypt"])


def replica_use(layout: Layout, bucket: str, source: str) -> Statement:
    """A key policy's statement: replication from another account's bucket into this one."""
    account, role = layout.bucket_account(source), layout.names.replication_role(source)
    arn = sub(f"arn:${{AWS::Partition}}:iam::{account}:role/{role}")
    return _foreign(f"ReplicasFrom{camel(source)}", layout, bucket, account, arn, list(_REPLICATE))


def guest_use(sid: str, layout: Layout, bucket: str, account: str, role_arn: Any) -> Statement:
    """A key policy's statement: a role of another account reads the bucket."""
    return _foreign(sid, layout, bucket, account, role_arn, ["kms:Decrypt"])


def _foreign(sid: str, layout: Layout, bucket: str, account: str, role_arn: Any, actions: Sequence[str]) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": sub(f"arn:${{AWS::Partition}}:iam::{account}:root")},
        "Action": list(actions),
        "Resource": "*",
        "Condition": {**through_s3(layout, [bucket]), "ArnEquals": {"aws:PrincipalArn": role_arn}},
    }


def decrypt(layout: Layout, bucket: str, key: Any) -> Statement:
    """A role's statement: it reads what is in a bucket."""
    return allow(f"Decrypt{camel(bucket)}", ["kms:Decrypt"], [key], through_s3(layout, [bucket]))


def encrypt(layout: Layout, bucket: str, key: Any) -> Statement:
    """A role's statement: it writes into a bucket, and reads what is there."""
    return allow(f"Encrypt{camel(bucket)}", _WRITE, [key], through_s3(layout, [bucket]))


def seal(layout: Layout, bucket: str, key: Any) -> Statement:
    """A role's statement: it puts whole objects into a bucket, and reads none."""
    return allow(f"Seal{camel(bucket)}", ["kms:GenerateDataKey"], [key], through_s3(layout, [bucket]))


def encrypt_outputs(what: str, keys: Mapping[str, Any]) -> Statement:
    """A SageMaker role's statement: SageMaker asks for `kms:Encrypt` where a job names the key of its output.

    Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html. It does not say by which
    service the call comes, so the key alone is named.

    Args:
        what: the outputs, for the statement's name: `Models`.
        keys: the keys of the buckets that they go into, by bucket.
    """
    return allow(f"Encrypt{what}", ["kms:Encrypt"], [keys[bucket] for bucket in sorted(keys)])


def write_replicas(layout: Layout, bucket: str, key: Any) -> Statement:
    """The replication role's statement: it writes replicas into a bucket."""
    return allow(f"EncryptReplicasIn{camel(bucket)}", _REPLICATE, [key], through_s3(layout, [bucket]))


def only_this_key(layout: Layout, bucket: str, key: Any) -> list[Statement]:
    """A bucket policy's statements: an upload may leave its encryption to the bucket, or name the bucket's key.

    A default is but a default: a header of the upload overrides it, and the object would lie outside of the key that
    was chosen for the bucket, unseen. A key is named by its ARN or by its alias's.
    """
    names = ("s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id")
    shared: Statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": key_arn(layout, bucket, "*"),
    }
    return [
        {
            "Sid": "NoOtherEncryption",
            **shared,
            "Condition": {"Null": {names[0]: "false"}, "StringNotEquals": {names[0]: "aws:kms"}},
        },
        {
            "Sid": "NoOtherKey",
            **shared,
            # Of a request that names no key, the second is true as well: S3 would take its own (`aws/s3`).
            "Condition": {
                "StringEquals": {names[0]: "aws:kms"},
                "StringNotEquals": {
                    names[1]: [key, *([alias_arn(layout, bucket)] if layout.makes_key(bucket) else [])]
                },
            },
        },
    ]
