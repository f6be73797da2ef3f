"""The facts of the whole world: of moto's state, of sessions, of CloudFormation's stacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from crosswind.local.authorization.facts import BucketFacts, KeyFacts, ObjectFacts, SessionFacts
from crosswind.local.sessions import Session

__all__ = ["KeptFacts", "Stacks", "WorldFacts"]


class KeptFacts(Protocol):
    """What the state behind the edge tells; see `facts.Facts`."""

    def bucket(self, name: str) -> BucketFacts | None: ...

    def object(self, bucket: str, key: str, version_id: str | None) -> ObjectFacts | None: ...

    def upload(self, bucket: str, upload_id: str) -> ObjectFacts | None: ...

    def kms_key(self, account: str, region: str, identifier: str) -> KeyFacts | None: ...

    def ciphertext_key(self, account: str, region: str, blob: bytes) -> str: ...

    def secret_arn(self, account: str, region: str, identifier: str) -> str: ...

    def iam_arn(self, account: str, kind: str, name: str) -> str: ...

    def permissions_boundary(self, arn: str) -> str: ...

    def instance_profile_role(self, account: str, identifier: str) -> str: ...

    def association(self, account: str, region: str, identifier: str) -> tuple[str, ...]: ...

    def resource_tags(self, arn: str) -> Mapping[str, str]: ...


class Stacks(Protocol):
    """What CloudFormation tells."""

    def stack_arn(self, account: str, region: str, name: str) -> str: ...

    def stack_set_arn(self, account: str, region: str, name: str) -> str: ...


class WorldFacts:
    """Facts (`facts.Facts`) from those who have them.

    Args:
        kept: the state behind the edge.
        session_of: the session behind an access key.
        stacks: gives CloudFormation, which is built after the authorizer that guards it.
    """

    def __init__(
        self, kept: KeptFacts, session_of: Callable[[str], Session | None], stacks: Callable[[], Stacks]
    ) -> None:
        self.bucket = kept.bucket
        self.object = kept.object
        self.upload = kept.upload
        self.kms_key = kept.kms_key
        self.ciphertext_key = kept.ciphertext_key
        self.secret_arn = kept.secret_arn
        self.iam_arn = kept.iam_arn
        self.permissions_boundary = kept.permissions_boundary
        self.instance_profile_role = kept.instance_profile_role
        self.association = kept.association
        self.resource_tags = kept.resource_tags
        self._session_of = session_of
        self._stacks = stacks

    def stack_arn(self, account: str, region: str, name: str) -> str:
        """The ARN of the stack that has this name now; empty when there is none."""
        return self._stacks().stack_arn(account, region, name)

    def stack_set_arn(self, account: str, region: str, name: str) -> str:
        """The ARN of the stack set that has this name now; empty when there is none."""
        return self._stacks().stack_set_arn(account, region, name)

    def session(self, access_key: str) -> SessionFacts | None:
        """The role session behind a key that the world issued; None for other keys."""
        session = self._session_of(access_key)
        if session is None or not session.role_arn:
            return None
        return SessionFacts(session.terms.transitive_tags, session.terms.source_identity)
