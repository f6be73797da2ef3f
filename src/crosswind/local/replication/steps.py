"""What S3 does to replicate one version, under the rule's role: each implied call authorized and logged.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crosswind.local.edge.call import Principal, ServiceError
from crosswind.local.moto_backend import MotoBackend, ObjectVersion
from crosswind.local.replication.rules import Rule
from crosswind.local.replication.seams import Acts, Issuer

__all__ = ["RefusedError", "ReplicationTask", "Steps"]

_SESSION = 3600
_REUSED = 15.0  # seconds for which a session is used again, before the role's trust is asked anew


@dataclass(frozen=True)
class ReplicationTask:
    """One version to replicate.

    Args:
        bucket: the source.
        key: the object.
        version_id: the version, or the delete marker.
        role: the ARN of the role that does it.
        rules: one for each destination.
        tries: how often it was tried.
        delayed: whether it was held back for a time already.
        tags: whether only the tags go, of a replica back to where it came from.
    """

    bucket: str
    key: str
    version_id: str
    role: str
    rules: tuple[Rule, ...]
    tries: int = 0
    delayed: bool = False
    tags: bool = False


class RefusedError(Exception):
    """An implied action that failed.

    Args:
        operation: the action.
        error: how.
    """

    def __init__(self, operation: str, error: ServiceError) -> None:
        super().__init__(f"{operation}: {error}")
        self.operation = operation
        self.error = error


class Steps:
    """Carries a replication out.

    Args:
        acts: the edge, by which every implied call goes.
        identities: opens the role's sessions.
        moto: where the objects are.
    """

    def __init__(self, acts: Acts, identities: Issuer, moto: MotoBackend) -> None:
        self._acts = acts
        self._identities = identities
        self._moto = moto
        self._sessions: dict[str, tuple[Principal, float]] = {}

    def replicate(self, task: ReplicationTask, version: ObjectVersion) -> dict[Rule, RefusedError]:
        """Replicate to every destination, whatever becomes of the others.

        Args:
            task: which version, where to.
            version: as it is now at the source.

        Returns:
            The rules whose destination refused, and how.

        Raises:
            RefusedError: the role cannot be assumed, or may not read the source.
        """
        principal = self._principal(task)
        self._source(principal, version, "GetReplicationConfiguration")
        self._source(principal, version, "ListBucket")
        if not version.marker:
            self._source(principal, version, "GetObjectVersionForReplication")
            if version.tags or task.tags:
                self._source(principal, version, "GetObjectVersionTagging")
        refused: dict[Rule, RefusedError] = {}
        for rule in task.rules:
            try:
                (self._tags_to if task.tags else self._to)(principal, version, rule)
            except RefusedError as error:
                refused[rule] = error
        return refused

    def _principal(self, task: ReplicationTask) -> Principal:
        kept = self._sessions.get(task.role)
        if kept and kept[1] > time.monotonic() and self._identities.alive(kept[0]):
            return kept[0]
        try:
            _, principal = self._identities.issue(task.role, "s3-replication", _SESSION, via="s3")
        except ServiceError as error:
            # Logged as S3's own attempt, so that the reason can be read where one looks for it.
            owner = self._moto.bucket_owner(task.bucket) or ""
            service = Principal(owner, "s3.amazonaws.com", "s3.amazonaws.com")
            text = f"The replication role {task.role} cannot be assumed: {error.message}"
            refusal = ServiceError("AccessDenied", text, 403)
            self._act(service, "AssumeReplicationRole", task.bucket, {"Key": task.key}, _raising(refusal))
            raise AssertionError("the refusal above was raised") from error
        self._sessions[task.role] = (principal, time.monotonic() + _REUSED)
        return principal

    def _source(self, principal: Principal, version: ObjectVersion, operation: str) -> None:
        parameters = {"Key": version.key, "VersionId": version.version_id}
        if operation in {"GetReplicationConfiguration", "ListBucket"}:
            parameters = {}
        self._act(principal, operation, version.bucket, parameters, lambda: None)

    def _to(self, principal: Principal, version: ObjectVersion, rule: Rule) -> None:
        parameters = {"Key": version.key, "VersionId": version.version_id}
        if version.marker:
            self._act(
                principal,
                "ReplicateDelete",
                rule.destination,
                parameters,
                lambda: self._checked(rule, lambda: self._moto.put_marker_replica(version, rule.destination)),
            )
            return
        if version.tags:
            self._act(principal, "ReplicateTags", rule.destination, parameters, lambda: None)
        if rule.owner == "Destination":
            override = "ObjectOwnerOverrideToBucketOwner"
            self._act(principal, override, rule.destination, parameters, lambda: None)
        # A replica is encrypted as its source is: the rule's key is for what KMS encrypts already
        # (docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html).
        key = rule.kms_key if version.encryption.startswith("aws:kms") else ""
        self._act(
            principal,
            "ReplicateObject",
            rule.destination,
            {**parameters, "SourceEncryption": version.encryption, "ReplicaKmsKeyID": key},
            lambda: self._checked(
                rule,
                lambda: self._moto.put_replica(
                    version, rule.destination, storage_class=rule.storage_class, kms_key=key
                ),
            ),
        )

    def _tags_to(self, principal: Principal, version: ObjectVersion, rule: Rule) -> None:
        # Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-for-metadata-changes.html.
        self._act(
            principal,
            "ReplicateTags",
            rule.destination,
            {"Key": version.key, "VersionId": version.version_id},
            lambda: self._checked(rule, lambda: self._moto.put_tags_of(version, rule.destination)),
        )

    def _checked(self, rule: Rule, write: Callable[[], None]) -> None:
        if self._moto.bucket_owner(rule.destination) is None:
            text = f"The destination bucket {rule.destination} does not exist."
            raise ServiceError("NoSuchBucket", text, 404)
        if self._moto.bucket_versioning(rule.destination) != "Enabled":
            text = f"The destination bucket {rule.destination} does not have versioning enabled."
            raise ServiceError("InvalidBucketState", text, 409)
        write()

    def _act(
        self,
        principal: Principal,
        operation: str,
        bucket: str,
        parameters: Mapping[str, Any],
        run: Callable[[], None],
    ) -> None:
        try:
            self._acts.act(
                principal,
                service="s3",
                operation=operation,
                account=self._moto.bucket_owner(bucket) or principal.account,
                region=self._moto.bucket_region(bucket) or "",
                parameters={"Bucket": bucket, **parameters},
                via="s3",
                run=run,
            )
        except ServiceError as error:
            raise RefusedError(operation, error) from error


def _raising(error: ServiceError) -> Callable[[], None]:
    def run() -> None:
        raise error

    return run
