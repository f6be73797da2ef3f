"""What has not arrived, and whether it will: S3's events, and the ReplicationStatus at the source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswind.airflow.handover.failures import FailedReplica, FailureQueue
from crosswind.airflow.handover.inference import Inference
from crosswind.airflow.handover.model import Handover, Version
from crosswind.airflow.handover.objects import head
from crosswind.airflow.target import Clients

__all__ = ["Outstanding"]

_STATUSES = 20
_UNTRACKED = 3


class Outstanding:
    """Asks about missing versions that S3 should replicate.

    FAILED is final: S3 does not try again, while a passing fault leaves the status PENDING
    (docs.aws.amazon.com/AmazonS3/latest/userguide/replication-status.html). Without a status S3 does not replicate
    the version at all; since that is set when an object is written, three looks without one count as failed.

    Args:
        source: of the source's account.
        destination: of the destination's account.
        handover: whose versions.
        bucket: the destination.
        queue: S3's failure events, where the topology subscribes to them.
        progress: plain data that is kept between looks: `failed` replicas and `untracked` counts by key, and
            `asked`, the last key whose status was read.
    """

    def __init__(
        self,
        source: Clients,
        destination: Clients,
        handover: Handover,
        bucket: str,
        queue: FailureQueue | None,
        progress: dict[str, Any],
    ) -> None:
        self._source = source
        self._handover = handover
        self._bucket = bucket
        self._queue = queue
        self._progress = progress
        self._inference = Inference(source, destination, handover, bucket)

    def ask(self, missing: Sequence[Version]) -> None:
        """Read the queue, and the status of up to 20 missing versions, in turn."""
        failed = self._progress["failed"]
        if self._queue is not None:
            for event in self._queue.read(self._handover, self._bucket):
                failed[event.key] = event.document()
        for version in self._next([version for version in missing if version.key not in failed]):
            failure = self._status(version)
            if failure is not None:
                failed[version.key] = failure.document()
            self._progress["asked"] = version.key

    def failed(self, missing: Sequence[Version]) -> list[FailedReplica]:
        """Those of the missing versions that S3 will not bring, and why."""
        failed = self._progress["failed"]
        return [FailedReplica(**failed[version.key]) for version in missing if version.key in failed]

    def _next(self, versions: Sequence[Version]) -> list[Version]:
        asked = self._progress["asked"]
        return sorted(versions, key=lambda version: (version.key <= asked, version.key))[:_STATUSES]

    def _status(self, version: Version) -> FailedReplica | None:
        answer = head(self._source, self._handover.bucket, version.key, version.version_id)
        if answer is None:
            return self._inference.gone(version)
        status = answer.get("ReplicationStatus", "")
        if status == "FAILED":
            return self._inference.failed(version, answer)
        counts = self._progress["untracked"]
        if status:
            counts.pop(version.key, None)
            return None
        counts[version.key] = counts.get(version.key, 0) + 1
        return self._inference.untracked(version, answer) if counts[version.key] >= _UNTRACKED else None
