"""What a call's needs depend on beside the call: facts about the world's state."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

__all__ = ["BucketFacts", "Facts", "KeyFacts", "ObjectFacts", "SessionFacts"]


class BucketFacts(NamedTuple):
    """A bucket.

    Args:
        account: its owner.
        region: where it is.
        encryption: the default: `aws:kms`, `aws:kms:dsse`, `AES256`, or empty (which is AES256).
        kms_key: the key of the default encryption as it was configured (ARN, id or alias); empty for the AWS
            managed key `aws/s3`.
        bucket_key: whether a Bucket Key stands between S3 and KMS.
    """

    account: str
    region: str
    encryption: str = ""
    kms_key: str = ""
    bucket_key: bool = False


class ObjectFacts(NamedTuple):
    """An object version, a delete marker or an upload in parts.

    Args:
        encryption: `aws:kms`, `aws:kms:dsse`, `AES256` or empty.
        kms_key: ARN, id or alias of the key; empty for the AWS managed key `aws/s3`.
        bucket_key: whether it was encrypted through a Bucket Key.
        tags: its tags.
        marker: true for a delete marker.
        key: the object that an upload in parts will be; empty for what is no upload.
    """

    encryption: str = ""
    kms_key: str = ""
    bucket_key: bool = False
    tags: Mapping[str, str] = MappingProxyType({})
    marker: bool = False
    key: str = ""


class KeyFacts(NamedTuple):
    """A KMS key: its ARN, its aliases (`alias/...`) and whether AWS manages it."""

    arn: str
    aliases: tuple[str, ...] = ()
    aws_managed: bool = False


class SessionFacts(NamedTuple):
    """What a role session hands on to the next role.

    Args:
        transitive_tags: the session tags that were marked as transitive.
        source_identity: empty when none was set.
    """

    transitive_tags: Mapping[str, str] = MappingProxyType({})
    source_identity: str = ""


class Facts(Protocol):
    """Quick look-ups in the world's state: each should take a few microseconds, and none makes anything."""

    def bucket(self, name: str) -> BucketFacts | None:
        """A bucket; None when there is none."""

    def object(self, bucket: str, key: str, version_id: str | None) -> ObjectFacts | None:
        """A version of an object (None: the latest); None when there is none."""

    def upload(self, bucket: str, upload_id: str) -> ObjectFacts | None:
        """An upload in parts that is under way."""

    def kms_key(self, account: str, region: str, identifier: str) -> KeyFacts | None:
        """A key by ARN, id, `alias/NAME` or the alias's ARN. An ARN names its own account and Region."""

    def ciphertext_key(self, account: str, region: str, blob: bytes) -> str:
        """The ARN of the key that made a ciphertext; empty when it is none of KMS's."""

    def secret_arn(self, account: str, region: str, identifier: str) -> str:
        """The whole ARN of a secret by name, ARN, or ARN without its random suffix; empty when there is none."""

    def iam_arn(self, account: str, kind: str, name: str) -> str:
        """The ARN, path included, of an IAM entity by name; empty when there is none.

        Args:
            account: its account.
            kind: `role`, `user`, `group`, `instance-profile`.
            name: without path.
        """

    def permissions_boundary(self, arn: str) -> str:
        """The ARN of the permissions boundary of a role or user; empty when there is none."""

    def instance_profile_role(self, account: str, identifier: str) -> str:
        """The ARN of the role in an instance profile, by the profile's name or ARN; empty when there is none."""

    def association(self, account: str, region: str, identifier: str) -> tuple[str, ...]:
        """The ARNs of what an association of EC2 (`rtbassoc-`, `eipassoc-`) holds together; empty for none.

        Args:
            account: the VPC's.
            region: the VPC's.
            identifier: of the association.
        """

    def stack_arn(self, account: str, region: str, name: str) -> str:
        """The ARN of the stack that has this name now; empty when there is none."""

    def stack_set_arn(self, account: str, region: str, name: str) -> str:
        """The ARN of the stack set that has this name now; empty when there is none."""

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        """The tags of any resource but S3's, by ARN: `aws:ResourceTag/...`; empty when there are none."""

    def session(self, access_key: str) -> SessionFacts | None:
        """The role session behind a key that the world issued; None for other keys."""
