"""S3 Block Public Access when a bucket policy is stored: a public one is not taken where BlockPublicPolicy is on."""

from __future__ import annotations

from typing import Protocol

from crosswind.iam import PolicyKind, parse
from crosswind.iam.public_access import is_public
from crosswind.local.authorization.denials import WHY
from crosswind.local.edge.call import Call, DeniedError

__all__ = ["BlocksPublicPolicies", "PublicPolicies"]


class BlocksPublicPolicies(Protocol):
    """Where Block Public Access is kept."""

    def blocks_public_policies(self, bucket: str, account: str) -> bool:
        """Whether BlockPublicPolicy is on for a bucket."""


class PublicPolicies:
    """Refuses public bucket policies where they are blocked.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html ("BlockPublicPolicy").

    Args:
        state: where the settings are.
    """

    def __init__(self, state: BlocksPublicPolicies) -> None:
        self._state = state

    def guard(self, call: Call) -> None:
        """Refuse a public policy (an edge's BeforeCall, after the one that refuses what is no policy).

        Raises:
            DeniedError: AccessDenied, without a reason in its message, as of S3; the reason is in its header.
        """
        if (call.service, call.operation) != ("s3", "PutBucketPolicy"):
            return
        bucket = str(call.parameters["Bucket"])
        if not self._state.blocks_public_policies(bucket, call.account):
            return
        text = call.http.body.decode("utf-8", "replace")
        if is_public(parse(text, PolicyKind.RESOURCE, name=bucket, account=call.account)):
            why = (
                f"BlockPublicPolicy is on for the bucket {bucket} of account {call.account}, and this policy is public"
            )
            raise DeniedError("AccessDenied", "Access Denied", 403, headers={WHY: why})
