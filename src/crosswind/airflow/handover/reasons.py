"""S3's reasons for a failed replication as sentences that name the permission and the object. Pure.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html#replication-failure-codes.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["NOT_A_FAILURE", "SENTENCES", "sentence"]

NOT_A_FAILURE = frozenset({"SrcReplicationNotPending"})
"""Reasons of events about objects that have been replicated already."""

_AT_SOURCE = "the replication role lacks {} on s3://{{source}}/{{key}}"
_AT_DESTINATION = (
    "the replication role lacks {} on s3://{{destination}}/{{key}}, in its own policy or in the destination's"
    " bucket policy"
)

SENTENCES: Mapping[str, str] = {
    "AssumeRoleNotPermitted": "S3 cannot assume the replication role: its trust must name s3.amazonaws.com",
    "DstBucketNotFound": "the destination bucket {destination} does not exist",
    "DstBucketObjectLockConfigMissing": "the source locks objects and the destination {destination} has no Object Lock",
    "DstBucketUnversioned": "versioning is not enabled on the destination {destination}",
    "DstDelObjNotPermitted": _AT_DESTINATION.format("s3:ReplicateDelete"),
    "DstKmsKeyInvalidState": "the KMS key of the rule for {destination} is disabled or being deleted",
    "DstKmsKeyNotFound": "the KMS key that the rule names for {destination} does not exist",
    "DstMultipartCompleteNotPermitted": _AT_DESTINATION.format("s3:ReplicateObject"),
    "DstMultipartInitNotPermitted": _AT_DESTINATION.format("s3:ReplicateObject"),
    "DstMultipartPartUploadNotPermitted": _AT_DESTINATION.format("s3:ReplicateObject"),
    "DstMultipartUploadNotPermitted": _AT_DESTINATION.format("s3:ReplicateObject"),
    "DstPutAclNotPermitted": _AT_DESTINATION.format("s3:ReplicateObject"),
    "DstPutLegalHoldNotPermitted": _AT_DESTINATION.format("s3:PutObjectLegalHold"),
    "DstPutObjectNotPermitted": _AT_DESTINATION.format(
        "s3:ReplicateObject, or s3:ObjectOwnerOverrideToBucketOwner where the rule hands replicas over, or"
        " kms:GenerateDataKey and kms:Decrypt on the KMS key of the destination,"
    ),
    "DstPutRetentionNotPermitted": _AT_DESTINATION.format("s3:PutObjectRetention"),
    "DstPutTaggingNotPermitted": _AT_DESTINATION.format("s3:ReplicateTags"),
    "DstVersionNotFound": "the version is not at the destination {destination}, where its metadata should change",
    "SrcBucketNotFound": "the source bucket {source} does not exist",
    "SrcBucketReplicationConfigMissing": "the source bucket {source} has no replication configuration",
    "SrcGetAclNotPermitted": _AT_SOURCE.format("s3:GetObjectVersionAcl"),
    "SrcGetLegalHoldNotPermitted": _AT_SOURCE.format("s3:GetObjectLegalHold"),
    "SrcGetObjectNotPermitted": _AT_SOURCE.format("s3:GetObjectVersionForReplication"),
    "SrcGetRetentionNotPermitted": _AT_SOURCE.format("s3:GetObjectRetention"),
    "SrcGetTaggingNotPermitted": _AT_SOURCE.format("s3:GetObjectVersionTagging"),
    "SrcHeadObjectNotPermitted": _AT_SOURCE.format("s3:GetObjectVersionForReplication"),
    "SrcKeyNotFound": "s3://{source}/{key} was deleted before it was replicated",
    "SrcKmsKeyInvalidState": "the KMS key that encrypts s3://{source}/{key} is disabled or being deleted",
    "SrcObjectNotEligible": "the replication rule does not take s3://{source}/{key}: its storage class or its tags",
    "SrcObjectNotFound": "s3://{source}/{key} does not exist",
    "SrcVersionNotFound": "the version of s3://{source}/{key} was deleted before it was replicated",
}
"""S3's reason to words with `{source}`, `{destination}` and `{key}` in them."""


def sentence(code: str, key: str, source: str, destination: str) -> str:
    """A reason in words, with S3's own name of it in front.

    Args:
        code: S3's reason; one that is not known here stands alone.
        key: the object.
        source: the source bucket.
        destination: the destination bucket.
    """
    words = SENTENCES.get(code.strip(), "")
    return (
        f"{code}: {words.format(key=key, source=source, destination=destination)}"
        if words
        else code or "S3 gives no reason"
    )
