"""What the configuration suggests when S3 does not say why a replication failed. Every answer is marked as inferred.

Each look may be denied: then the sentence says what could not be seen, and the rest is told all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from crosswind.airflow.handover.failures import FailedReplica
from crosswind.airflow.handover.model import Handover, Version
from crosswind.airflow.handover.objects import kms_key_of
from crosswind.airflow.target import Clients
from crosswind.aws.translate import translated
from crosswind.errors import AccessDeniedError, NotFoundError

__all__ = ["Inference"]

_T = TypeVar("_T")


class Inference:
    """Reasons for one handover; the buckets are looked at once, and only when a reason is asked for.

    Args:
        source: of the source's account; `s3:GetReplicationConfiguration` helps.
        destination: of the destination's account; `s3:GetBucketVersioning` helps.
        handover: what should have arrived.
        bucket: the destination.
    """

    def __init__(self, source: Clients, destination: Clients, handover: Handover, bucket: str) -> None:
        self._source = source
        self._destination = destination
        self._handover = handover
        self._bucket = bucket
        self._known: dict[str, Any] = {}

    def failed(self, version: Version, answer: Mapping[str, Any]) -> FailedReplica:
        """Why S3 says FAILED of a version.

        Args:
            version: the object at the source.
            answer: HeadObject's, of that version.
        """
        return self._inferred(
            version, self._rule_says(version, kms_key_of(answer)) or self._permission(version, answer)
        )

    def untracked(self, version: Version, answer: Mapping[str, Any]) -> FailedReplica:
        """Why S3 gives no ReplicationStatus at all: it does not see the object as one to replicate."""
        reason = self._rule_says(version, kms_key_of(answer)) or (
            f"S3 keeps no replication status for s3://{self._handover.bucket}/{version.key}: no rule took it when it"
            " was written. A rule does not reach back to what was there before it"
        )
        return self._inferred(version, reason)

    def gone(self, version: Version) -> FailedReplica:
        """The version was removed at the source before it arrived."""
        return self._inferred(
            version, f"the version of s3://{self._handover.bucket}/{version.key} was removed before it was replicated"
        )

    def _inferred(self, version: Version, reason: str) -> FailedReplica:
        return FailedReplica(version.key, version.version_id, reason, inferred=True)

    def _rule_says(self, version: Version, kms_key: str) -> str:
        """What the rules or the destination rule out, whatever the role may do."""
        if self._versioning() not in ("Enabled", None):
            return f"versioning is not enabled on the destination {self._bucket}"
        rules = self._rules()
        if rules is None:
            return ""
        if not rules:
            return f"the source bucket {self._handover.bucket} has no replication configuration"
        ours = [
            rule
            for rule in rules
            if rule["Destination"]["Bucket"].rpartition(":")[2] == self._bucket
            and version.key.startswith(_prefix(rule))
        ]
        if not ours:
            return f"no rule of {self._handover.bucket} replicates {version.key} to {self._bucket}"
        if all(rule.get("Status") != "Enabled" for rule in ours):
            return f"the rule that replicates {version.key} to {self._bucket} is disabled"
        if kms_key and not any(_takes_kms(rule) for rule in ours):
            return (
                f"{version.key} is encrypted with {kms_key}, and the rule does not take objects that KMS encrypts"
                " (SourceSelectionCriteria.SseKmsEncryptedObjects)"
            )
        return ""

    def _permission(self, version: Version, answer: Mapping[str, Any]) -> str:
        source, key = self._handover.bucket, version.key
        unseen = [
            name
            for name, seen in (
                ("the replication configuration", self._rules()),
                ("the destination's versioning", self._versioning()),
            )
            if seen is None
        ]
        kms_key = kms_key_of(answer)
        kms = f"kms:Decrypt on {kms_key} and kms:Encrypt on the key of the destination, or " if kms_key else ""
        not_seen = f" ({' and '.join(unseen)} could not be read)" if unseen else ""
        return (
            f"the replication role lacks {kms}s3:GetObjectVersionForReplication on s3://{source}/{key} or"
            f" s3:ReplicateObject on s3://{self._bucket}/{key} (its own policy or the destination's bucket"
            f" policy){not_seen}"
        )

    # Not functools.cached_property: up to Python 3.11 one lock of it holds for all handovers, while AWS is asked.
    def _rules(self) -> list[Mapping[str, Any]] | None:
        """The rules of the source; none without a configuration, None when they may not be read."""

        def read() -> list[Mapping[str, Any]]:
            answer = self._source.client("s3").get_bucket_replication(Bucket=self._handover.bucket)
            return list(answer["ReplicationConfiguration"]["Rules"])

        if "rules" not in self._known:
            try:
                doing = f"read the rules of {self._handover.bucket} in {self._source.target.text}"
                self._known["rules"] = _allowed(doing, read)
            except NotFoundError:
                self._known["rules"] = []
        found: list[Mapping[str, Any]] | None = self._known["rules"]
        return found

    def _versioning(self) -> str | None:
        """The destination's versioning, empty when it was never enabled, None when it may not be read."""

        def read() -> str:
            return str(self._destination.client("s3").get_bucket_versioning(Bucket=self._bucket).get("Status", ""))

        if "versioning" not in self._known:
            doing = f"read the versioning of {self._bucket} in {self._destination.target.text}"
            self._known["versioning"] = _allowed(doing, read)
        found: str | None = self._known["versioning"]
        return found


def _allowed(doing: str, read: Callable[[], _T]) -> _T | None:
    try:
        with translated(doing):
            return read()
    except AccessDeniedError:
        return None


def _prefix(rule: Mapping[str, Any]) -> str:
    filters = rule.get("Filter")
    if filters is None:
        return str(rule.get("Prefix", ""))
    return str(filters.get("Prefix", filters.get("And", {}).get("Prefix", "")))


def _takes_kms(rule: Mapping[str, Any]) -> bool:
    criteria = rule.get("SourceSelectionCriteria", {}).get("SseKmsEncryptedObjects", {})
    return bool(criteria.get("Status") == "Enabled")
