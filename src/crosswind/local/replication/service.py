"""The bucket operations of replication, the watching of writes, and the world's own path for holds."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from crosswind.local.edge.call import Call, Handler, HttpRequest, HttpResponse, ServiceError
from crosswind.local.edge.routes import LocalRoute, json_response
from crosswind.local.moto_backend import MotoBackend, ObjectVersion
from crosswind.local.protocol import parse_input
from crosswind.local.replication.events import ReplicationEvents
from crosswind.local.replication.holds import HoldError, order_of
from crosswind.local.replication.rules import matching_rules, rules_of, validate
from crosswind.local.replication.seams import Acts, Issuer
from crosswind.local.replication.steps import ReplicationTask
from crosswind.local.replication.worker import ReplicationWorker

__all__ = ["Replication"]

_WRITES = {"PutObject", "CopyObject", "CompleteMultipartUpload"}
_TAGS = {"PutObjectTagging", "DeleteObjectTagging"}


class Replication:
    """The bucket operations of replication and its events (a Service `s3`), and the worker.

    Put it behind the edge with `add`, `add_hook(after_call)`, `add_guard(guard)` and `mount` of its `routes`, then
    `start`.

    Args:
        acts: the edge, by which every implied call goes.
        identities: opens the role's sessions.
        moto: where the objects are.
        delay: seconds between a write and its replication.
    """

    name = "s3"

    def __init__(self, acts: Acts, identities: Issuer, moto: MotoBackend, delay: float = 0.2) -> None:
        self._moto = moto
        self._configurations: dict[str, Mapping[str, Any]] = {}
        self._events = ReplicationEvents(acts, moto)
        self._worker = ReplicationWorker(acts, identities, moto, delay, self._events.failed)

    def start(self) -> None:
        """Begin to replicate."""
        self._worker.start()

    def stop(self) -> None:
        """End the worker; what waits stays PENDING."""
        self._worker.stop()

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing is left to replicate but what is held; false when that takes longer than `timeout` s."""
        return self._worker.wait_idle(timeout)

    @property
    def operations(self) -> Mapping[str, Handler]:
        """The operations that are ours: moto would forget filters and delete markers."""
        return {
            "PutBucketReplication": self._put,
            "GetBucketReplication": self._get,
            "DeleteBucketReplication": self._delete,
            **self._events.operations,
        }

    @property
    def routes(self) -> Mapping[str, LocalRoute]:
        """The world's own paths, by prefix, for `Edge.mount`."""
        return {"/_crosswind/replication": self._hold}

    def _hold(self, http: HttpRequest) -> HttpResponse:
        """`POST` gives an order, `GET` shows those that stand and what they hold; see `holds`."""
        if http.method == "POST":
            try:
                self._worker.order(order_of(http.body))
            except HoldError as error:
                return json_response({"message": str(error)}, 400)
        elif http.method != "GET":
            return json_response({"message": "use GET or POST"}, 405)
        standing, held = self._worker.holds.standing(), self._worker.held()
        return json_response({"schema_version": 1, "orders": standing, "held": held})

    # -- configuration -------------------------------------------------------------------------------------

    def _put(self, call: Call) -> Mapping[str, Any]:
        bucket = self._existing(call)
        configuration = dict(call.parameters.get("ReplicationConfiguration", {}))
        if self._moto.bucket_versioning(bucket) != "Enabled":
            text = "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
            raise ServiceError("InvalidRequest", text)
        validate(configuration)
        for rule in configuration["Rules"]:
            name = rule["Destination"]["Bucket"].rpartition(":")[2]
            if self._moto.bucket_owner(name) is None:
                raise ServiceError("InvalidRequest", "Destination bucket must exist.")
            if self._moto.bucket_versioning(name) != "Enabled":
                raise ServiceError("InvalidRequest", "Destination bucket must have versioning enabled.")
        configuration["Rules"] = [{"ID": secrets.token_urlsafe(36)} | dict(rule) for rule in configuration["Rules"]]
        self._configurations[bucket] = configuration
        return {}

    def _get(self, call: Call) -> Mapping[str, Any]:
        bucket = self._existing(call)
        if bucket not in self._configurations:
            raise ServiceError(
                "ReplicationConfigurationNotFoundError", "The replication configuration was not found", 404
            )
        return {"ReplicationConfiguration": self._configurations[bucket]}

    def _delete(self, call: Call) -> Mapping[str, Any]:
        self._configurations.pop(self._existing(call), None)
        return {}

    def _existing(self, call: Call) -> str:
        bucket = str(call.parameters["Bucket"])
        if self._moto.bucket_owner(bucket) is None:
            raise ServiceError(
                "NoSuchBucket", "The specified bucket does not exist", 404, fields={"BucketName": bucket}
            )
        return bucket

    def guard(self, call: Call) -> None:
        """Refuse to suspend versioning below a configuration, as S3 does (an edge's BeforeCall)."""
        if call.service != "s3" or call.operation != "PutBucketVersioning":
            return
        if call.parameters.get("Bucket") in self._configurations and b"Suspended" in call.http.body:
            raise ServiceError(
                "InvalidBucketState",
                "A replication configuration is present on this bucket, so you cannot change the versioning"
                " state. To change the versioning state, first delete the replication configuration.",
                409,
            )

    # -- watching ------------------------------------------------------------------------------------------

    def after_call(self, call: Call, response: HttpResponse) -> None:
        """See a successful call (an edge's AfterCall)."""
        if call.service != "s3":
            return
        bucket = str(call.parameters.get("Bucket", ""))
        if call.operation == "DeleteBucket":
            self._configurations.pop(bucket, None)
            self._events.forget(bucket)
        configuration = self._configurations.get(bucket)
        if configuration is None:
            return
        for version in self._written(call, response, bucket):
            self._enqueue(version, configuration, tagged=call.operation in _TAGS)

    def _written(self, call: Call, response: HttpResponse, bucket: str) -> Iterator[ObjectVersion]:
        if call.operation in _WRITES or call.operation in _TAGS:
            asked = response.headers.get("x-amz-version-id") or call.parameters.get("VersionId")
            version = self._moto.object_version(bucket, str(call.parameters["Key"]), asked)
            if version is not None and not version.marker:
                yield version
        elif call.operation == "DeleteObject" and "VersionId" not in call.parameters:
            yield from self._marker(bucket, str(call.parameters["Key"]))
        elif call.operation == "DeleteObjects":
            asked = parse_input("s3", "DeleteObjects", call.http).get("Delete", {})
            for item in asked.get("Objects", []):
                if "VersionId" not in item:
                    yield from self._marker(bucket, item["Key"])

    def _marker(self, bucket: str, key: str) -> Iterator[ObjectVersion]:
        version = self._moto.object_version(bucket, key)
        if version is not None and version.marker:
            yield version

    def _enqueue(self, version: ObjectVersion, configuration: Mapping[str, Any], *, tagged: bool) -> None:
        replica = version.status == "REPLICA"
        if replica and not tagged:
            return
        rules = matching_rules(
            rules_of(configuration),
            version.key,
            version.tags,
            marker=version.marker,
            encryption=version.encryption,
        )
        if replica:
            rules = tuple(rule for rule in rules if rule.modifications)
        if not rules:
            return
        if not version.marker and not replica:  # S3 gives no status to delete markers
            self._moto.set_replication_status(version.bucket, version.key, version.version_id, "PENDING")
        role = configuration["Role"]
        task = ReplicationTask(version.bucket, version.key, version.version_id, role, rules, tags=replica)
        self._worker.submit(task)
