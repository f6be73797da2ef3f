"""Why a replica failed, in S3's own codes. Pure.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html (replication failure reasons). The
page has no code of its own for a role that may not read the rules or list the source, nor for one that may not decrypt:
here these are `SrcGetObjectNotPermitted`, "unable to access the object in the source bucket for replication".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crosswind.local.edge.call import ServiceError

__all__ = ["REASONS", "reason_of"]

REASONS = frozenset(
    {
        "AssumeRoleNotPermitted", "DstBucketNotFound", "DstBucketObjectLockConfigMissing", "DstBucketUnversioned",
        "DstDelObjNotPermitted", "DstKmsKeyInvalidState", "DstKmsKeyNotFound", "DstMultipartCompleteNotPermitted",
        "DstMultipartInitNotPermitted", "DstMultipartUploadNotPermitted", "DstPutAclNotPermitted",
        "DstPutLegalHoldNotPermitted", "DstPutObjectNotPermitted", "DstPutRetentionNotPermitted",
        "DstPutTaggingNotPermitted", "DstVersionNotFound", "SrcBucketNotFound", "SrcBucketReplicationConfigMissing",
        "SrcGetAclNotPermitted", "SrcGetLegalHoldNotPermitted", "SrcGetObjectNotPermitted",
        "SrcGetRetentionNotPermitted", "SrcGetTaggingNotPermitted", "SrcHeadObjectNotPermitted", "SrcKeyNotFound",
        "SrcKmsKeyInvalidState", "SrcObjectNotEligible", "SrcObjectNotFound", "SrcReplicationNotPending",
        "SrcVersionNotFound",
    }
)  # fmt: skip
"""The reasons of live replication; those of Batch Replication alone are left out."""

_NOT_PERMITTED: Mapping[str, str] = {
    "AssumeReplicationRole": "AssumeRoleNotPermitted",
    "GetObjectVersionForReplication": "SrcGetObjectNotPermitted",
    "GetObjectVersionTagging": "SrcGetTaggingNotPermitted",
    "GetReplicationConfiguration": "SrcGetObjectNotPermitted",
    "ListBucket": "SrcGetObjectNotPermitted",
    "ObjectOwnerOverrideToBucketOwner": "DstPutObjectNotPermitted",
    "ReplicateDelete": "DstDelObjNotPermitted",
    "ReplicateObject": "DstPutObjectNotPermitted",
    "ReplicateTags": "DstPutTaggingNotPermitted",
}
_BY_CODE: Mapping[str, str] = {
    "InvalidBucketState": "DstBucketUnversioned",
    "NoSuchBucket": "DstBucketNotFound",
    "NoSuchVersion": "SrcVersionNotFound",
}
_ACTION = re.compile(r"not authorized to perform: (\S+)")


def reason_of(operation: str, error: ServiceError, *, key_exists: bool = True) -> str:
    """The reason of a failure.

    Args:
        operation: the implied action that failed, such as `ReplicateObject`.
        error: how it failed.
        key_exists: false when the rule names a KMS key for replicas that is not there.

    Returns:
        One of `REASONS`; empty for a fault that is none of S3's.
    """
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if error.code.startswith("KMS."):
        return "DstKmsKeyInvalidState" if operation == "ReplicateObject" else "SrcKmsKeyInvalidState"
    if error.code != "AccessDenied":
        return ""
    denied = _ACTION.search(error.message)
    if denied and denied[1].startswith("kms:") and operation == "ReplicateObject" and not key_exists:
        return "DstKmsKeyNotFound"
    return _NOT_PERMITTED.get(operation, "")
