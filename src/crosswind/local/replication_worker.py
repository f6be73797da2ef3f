"""The thread that replicates: it takes tasks in order and does what S3 does, under the rule's role."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from crosswind.local.edge.call import Credentials, Principal, ServiceError
from crosswind.local.moto_backend import MotoBackend, ObjectVersion
from crosswind.local.replication_rules import Rule

__all__ = ["Acts", "Issuer", "ReplicationTask", "ReplicationWorker"]

_TRIES = 4
_SESSION = 3600
_REUSED = 15.0  # seconds for which a session is used again, before the role's trust is asked anew
_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


class Acts(Protocol):
    """The edge's entry for implied actions (`Edge.act`)."""

    def act(
        self,
        principal: Principal,
        *,
        service: str,
        operation: str,
        account: str,
        region: str,
        parameters: Mapping[str, Any],
        via: str,
        run: Callable[[], _T],
    ) -> _T:
        """Carry out an action, authorized and logged."""


class Issuer(Protocol):
    """What opens sessions of roles."""

    def issue(
        self, role_arn: str, session_name: str, duration: int = 3600, *, via: str = "", source_arn: str = ""
    ) -> tuple[Credentials, Principal]:
        """A session of a role for a service; raises ServiceError when the role does not let it."""

    def alive(self, principal: Principal) -> bool:
        """Whether a session's role is still the one that it was opened for."""


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
    """

    bucket: str
    key: str
    version_id: str
    role: str
    rules: tuple[Rule, ...]
    tries: int = 0


class ReplicationWorker:
    """Works off a queue in a thread of its own.

    Args:
        acts: the edge, by which every implied call goes.
        identities: opens the role's sessions.
        moto: where the objects are.
        delay: seconds between a write and its replication.
    """

    def __init__(self, acts: Acts, identities: Issuer, moto: MotoBackend, delay: float) -> None:
        self._acts = acts
        self._identities = identities
        self._moto = moto
        self._delay = delay
        self._queue: list[tuple[float, int, ReplicationTask]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._busy = False
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._sessions: dict[str, tuple[Principal, float]] = {}

    def submit(self, task: ReplicationTask) -> None:
        """Replicate soon."""
        self._push(task, self._delay)

    def _push(self, task: ReplicationTask, delay: float) -> None:
        with self._changed:
            heapq.heappush(self._queue, (time.monotonic() + delay, next(self._order), task))
            self._changed.notify_all()

    def start(self) -> None:
        """Begin to replicate."""
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="s3-replication", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the worker; what waits stays PENDING."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing is left to replicate; false when that takes longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._busy, timeout)

    def _work(self) -> None:
        while True:
            task = self._next()
            if task is None:
                return
            try:
                self._attempt(task)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _next(self) -> ReplicationTask | None:
        with self._changed:
            while not self._stopping:
                wait = self._queue[0][0] - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    self._busy = True
                    return heapq.heappop(self._queue)[2]
                self._changed.wait(wait)
        return None

    def _attempt(self, task: ReplicationTask) -> None:
        version = self._moto.object_version(task.bucket, task.key, task.version_id)
        if version is None:
            return  # deleted meanwhile: S3 has nothing to replicate either
        try:
            self._replicate(task, version)
        except ServiceError as error:
            if error.status >= 500 and task.tries + 1 < _TRIES:
                self._again(task)
                return
            _LOG.warning("replication of %s/%s failed: %s", task.bucket, task.key, error)
            self._status(version, "FAILED")
        except Exception:  # noqa: BLE001 - a fault of ours may be passing, and the worker must live
            _LOG.exception("replication of %s/%s failed inside the local world", task.bucket, task.key)
            if task.tries + 1 < _TRIES:
                self._again(task)
            else:
                self._status(version, "FAILED")
        else:
            self._status(version, "COMPLETED")

    def _again(self, task: ReplicationTask) -> None:
        self._push(replace(task, tries=task.tries + 1), self._delay * 2**task.tries + 0.05)

    def _status(self, version: ObjectVersion, status: str) -> None:
        if not version.marker:  # S3 gives no status to delete markers
            self._moto.set_replication_status(version.bucket, version.key, version.version_id, status)

    def _replicate(self, task: ReplicationTask, version: ObjectVersion) -> None:
        principal = self._principal(task)
        self._source(principal, version, "GetReplicationConfiguration")
        self._source(principal, version, "ListBucket")
        if not version.marker:
            self._source(principal, version, "GetObjectVersionForReplication")
            if version.tags:
                self._source(principal, version, "GetObjectVersionTagging")
        for rule in task.rules:
            self._to(principal, version, rule)

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
            raise refusal from error
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


def _raising(error: ServiceError) -> Callable[[], None]:
    def run() -> None:
        raise error

    return run
